"""The data source: as panels refer to it, as Grafana is told of it, and our own target for its language."""

from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.models import common

SOURCE_UID = "yizhan-influxdb"
SOURCE_TYPE = "influxdb"
SOURCE_NAME = "驿站 InfluxDB"
ALL = "$__all"
"""How Grafana writes that everything is chosen."""
Version = Literal["1", "2", "3"]
TOKEN_VARIABLE, PASSWORD_VARIABLE = "INFLUXDB_TOKEN", "INFLUXDB_PASSWORD"


@dataclass(frozen=True, slots=True)
class Source:
    """The mirror as Grafana reaches it. All versions answer InfluxQL at `/query`; they differ in who may ask.

    1.x takes a user and a password, or nobody; 2.x and 3 a token, sent as a header.
    """

    url: str
    database: str = "yizhan"
    version: Version = "2"
    user: str | None = None

    def described(self) -> dict[str, object]:
        """Return it without its secret, as Grafana's API has it."""
        by_token = {"httpHeaderName1": "Authorization"} if self.version != "1" else {}
        return {
            "uid": SOURCE_UID,
            "name": SOURCE_NAME,
            "type": SOURCE_TYPE,
            "access": "proxy",
            "url": self.url,
            "user": self.user or "",
            "jsonData": {"dbName": self.database, "httpMode": "POST", **by_token},
        }

    def secrets(self, secret: str | None) -> dict[str, str]:
        """Return what Grafana keeps encrypted, for a token or password; empty without one."""
        if secret is None:
            return {}
        return {"password": secret} if self.version == "1" else {"httpHeaderValue1": f"Token {secret}"}

    def provisioned(self) -> dict[str, object]:
        """Return it for a file; its secret is taken from Grafana's environment."""
        variable = PASSWORD_VARIABLE if self.version == "1" else TOKEN_VARIABLE
        needed = self.version != "1" or self.user is not None
        secret = f"${variable}" if needed else None
        return {**self.described(), "editable": False, "secureJsonData": self.secrets(secret)}


def source() -> common.DataSourceRef:
    """Return the mirror, as a panel or variable refers to it."""
    return common.DataSourceRef(type_val=SOURCE_TYPE, uid=SOURCE_UID)


def influxql(statement: str, ref_id: str, alias: str, *, table: bool) -> UnknownDataquery:
    """Return a target that asks one statement as it is written: the SDK has none for InfluxQL."""
    form = {"resultFormat": "table"} if table else {"resultFormat": "time_series", "alias": alias}
    return UnknownDataquery(
        {
            "refId": ref_id,
            "datasource": {"type": SOURCE_TYPE, "uid": SOURCE_UID},
            "query": statement,
            "rawQuery": True,
            **form,
        }
    )


def shared_answer(panel_id: int) -> UnknownDataquery:
    """Return a target that takes the answer another panel of the dashboard got."""
    return UnknownDataquery(
        {
            "refId": "A",
            "datasource": {"type": "datasource", "uid": "-- Dashboard --"},
            "panelId": panel_id,
        }
    )
