"""Where the mirror is, and how hard it may be written to."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, model_validator

from gateway.domain.secrets import Secret
from wire.influx import POLICIES, Policy

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"
Days = Annotated[int, Field(ge=1, le=36_500)]


class InfluxSettings(BaseModel):
    """One InfluxDB: 1.8, 2.x or 3."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: HttpUrl = Field(description="Address of the server, such as `http://127.0.0.1:8086`.")
    org: str = Field("", description="Organization; only InfluxDB 2 asks for it.")
    bucket: str = Field(
        "yizhan",
        pattern=_NAME,
        description="Database; each class of data is the bucket `<bucket>/<class>` beside the others.",
    )
    token: Secret | None = Field(
        None,
        description="Token, or `user:password` for 1.8; or the path of a file that holds it.",
    )
    timeout_s: float = Field(10.0, gt=0, le=120, description="Seconds that one request may take.")
    points_per_s: int = Field(
        100_000, ge=100, description="So many values a second are written at most, also when catching up."
    )
    keep_days: dict[str, Days] = Field(
        default_factory=dict,
        description="Days to keep a class of data, over the built-in `raw` 400, `access` 30, `rollups` 1830, "
        "`alerts` 732; `migrate` tells the server.",
    )

    @model_validator(mode="after")
    def _classes_are_known(self) -> Self:
        unknown = sorted(self.keep_days.keys() - {policy.name for policy in POLICIES})
        if unknown:
            known = ", ".join(policy.name for policy in POLICIES)
            raise ValueError(f"keep_days: there is no class {unknown[0]!r}; there are {known}")
        return self

    @property
    def address(self) -> str:
        """The address without a slash at its end."""
        return str(self.url).rstrip("/")

    def days(self, policy: Policy) -> int:
        """Return for how many days a class of data is kept."""
        return self.keep_days.get(policy.name, policy.keep_days)


class MirrorSettings(BaseModel):
    """Copies of the store for other programs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    influxdb: InfluxSettings | None = Field(None, description="The InfluxDB that Grafana reads.")
