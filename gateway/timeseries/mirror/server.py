"""One InfluxDB over HTTP: written to by `influxdb-client`, asked in InfluxQL, of whichever version it is."""

import gzip
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from influxdb_client.service.write_service import WriteService
from urllib3.exceptions import HTTPError

from gateway.timeseries.mirror.refusals import Refused, Unreachable, refusal
from gateway.timeseries.mirror.settings import InfluxSettings
from wire.influx import Policy, bucket

GZIP_LEVEL = 1
"""`WriteApi` compresses at level 9: 11 MB/s, a third of a core at 100,000 values a second; 1 does 95 MB/s."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "[::1]", "localhost"})


_FIRST_WITH_V2 = 8


@dataclass(frozen=True, slots=True)
class Version:
    """What a server says it is: `major` 1, 2 or 3, and its own words."""

    major: int
    text: str

    @property
    def is_bare(self) -> bool:
        """Whether it is too old for `/api/v2/write`: 1.7 and before, such as the 1.6.7 of Debian."""
        minor = self.text.lstrip("v").split(".")[1:2]
        return self.major == 1 and bool(minor) and minor[0].isdigit() and int(minor[0]) < _FIRST_WITH_V2


class Influx:
    """A server as the mirror knows it. Every method raises Refused, none takes long."""

    def __init__(self, settings: InfluxSettings) -> None:
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # the mirror says once that nobody answers
        self.settings = settings
        token = settings.token.get_secret_value() if settings.token else ""
        self._client = InfluxDBClient(
            settings.address, token, org=settings.org, timeout=int(settings.timeout_s * 1_000), retries=False
        )
        self._writing = WriteService(self._client.api_client)  # type: ignore[no-untyped-call]
        self._packed = settings.url.host not in LOOPBACK
        self._bare: bool | None = None

    def close(self) -> None:
        """Let go of the connections."""
        self._client.api_client.rest_client.pool_manager.clear()
        self._client.close()  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def version(self) -> Version:
        """Ask which server it is: 1.x and 2.x say it in headers, 3 there and in the body."""
        status, headers, body = self.request("GET", "/ping")
        if status not in {200, 204}:
            raise refusal(status, body, headers.get("retry-after"))
        text = headers.get("x-influxdb-version") or _of_body(body) or ""
        number = text.lstrip("v").split(".")[0]
        if not number.isdigit() or not 1 <= int(number) <= 3:  # noqa: PLR2004 - the generations there are
            raise Refused(
                "no_influxdb", f"{self.settings.address} does not say that it is InfluxDB 1, 2 or 3"
            )
        return Version(int(number), text)

    def write(self, policy: Policy, lines: bytes) -> None:
        """Write lines with times in nanoseconds; returns once the server has taken every one of them."""
        body, encoding = (gzip.compress(lines, GZIP_LEVEL), "gzip") if self._packed else (lines, "identity")
        if self._bare is None:
            self._bare = self.version().is_bare
        if self._bare:
            self._write_bare(policy, body, encoding)
            return
        try:
            self._writing.post_write(  # type: ignore[no-untyped-call]
                self.settings.org,
                bucket(self.settings.bucket, policy),
                body,
                precision=WritePrecision.NS,
                content_encoding=encoding,
                content_type="text/plain; charset=utf-8",
            )
        except ApiException as error:
            if error.status == 0:
                raise Unreachable("unreachable", str(error.reason)) from error
            after = error.headers.get("Retry-After") if error.headers else None
            raise refusal(int(error.status), _bytes(error.body), after) from error
        except (HTTPError, OSError) as error:
            raise Unreachable("unreachable", _fault(error)) from error

    def _write_bare(self, policy: Policy, body: bytes, encoding: str) -> None:
        asked = {"db": self.settings.bucket, "rp": policy.name, "precision": "n"}
        status, headers, said = self.request("POST", f"/write?{urlencode(asked)}", body, encoding)
        if status != 204:  # noqa: PLR2004 - the only success of /write
            raise refusal(status, said, headers.get("retry-after"))

    def query(self, statements: str, policy: Policy | None = None) -> list[list[dict[str, Any]]]:
        """Ask in InfluxQL; the rows of each statement, by column, times in nanoseconds.

        Without a policy the question is about the server, not about a database.
        """
        asked = {"q": statements, "epoch": "ns"}
        if policy is not None:
            asked |= {"db": self.settings.bucket, "rp": policy.name}
        status, headers, body = self.request("POST", f"/query?{urlencode(asked)}")
        if status != 200:  # noqa: PLR2004 - the only success of /query
            raise refusal(status, body, headers.get("retry-after"))
        return [_rows(result) for result in json.loads(body).get("results", [])]

    def request(
        self,
        method: str,
        target: str,
        body: Mapping[str, object] | bytes | None = None,
        encoding: str = "",
    ) -> tuple[int, dict[str, str], bytes]:
        """Make one request beside the writes of the client; status, headers in lower case, body."""
        token = self.settings.token
        kind = "text/plain; charset=utf-8" if isinstance(body, bytes) else "application/json"
        said = {"Content-Type": kind}
        said |= {"Content-Encoding": encoding} if encoding else {}
        if token is not None:
            said["Authorization"] = f"Token {token.get_secret_value()}"
        try:
            answer = self._client.api_client.rest_client.pool_manager.request(
                method,
                f"{self.settings.address}{target}",
                headers=said,
                body=body if body is None or isinstance(body, bytes) else json.dumps(body),
                timeout=self.settings.timeout_s,
                redirect=False,
            )
        except (HTTPError, OSError) as error:
            raise Unreachable("unreachable", _fault(error)) from error
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data


def quoted(name: str) -> str:
    """Return a name as InfluxQL takes it."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "error" in result:
        raise refusal(400, json.dumps({"error": result["error"]}).encode(), None)
    series: Sequence[Mapping[str, Any]] = result.get("series", [])
    return [dict(zip(one["columns"], row, strict=True)) for one in series for row in one.get("values", [])]


def _of_body(body: bytes) -> str | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    return str(said["version"]) if isinstance(said, dict) and "version" in said else None


def _bytes(body: object) -> bytes:
    return body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""


def _fault(error: Exception) -> str:
    """Name the fault: a hostname that is not there, a refused connection, a time-out."""
    reason = getattr(error, "reason", None)
    return f"{type(error).__name__}: {reason or error}"[:300]
