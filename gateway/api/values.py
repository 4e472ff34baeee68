"""Times, cursors and lists as they cross the API."""

import base64
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, TypeVar

import msgspec
import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import Response

from gateway.api.problems import Problem

T = TypeVar("T")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_TIMES = frozenset({"at", "until"})
"""What times are called in the details of an alert's journal and in a station's answer to a command."""


def rfc3339(ms: int | None) -> str | None:
    """Write a time in UTC with milliseconds."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def written(noted: Mapping[str, object]) -> dict[str, object]:
    """Write what was noted as it came, its times (ms there) like every other time."""
    return {
        name: rfc3339(value) if name in _TIMES and isinstance(value, int) else value
        for name, value in noted.items()
    }


def parse_time(text: str) -> int:
    """Read an RFC 3339 time with its offset, as ms; ValueError says how to write one."""
    try:
        # A plus sign that nobody escaped arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not EPOCH <= moment <= LATEST:
        raise ValueError("write a time like 2026-11-22T06:00:00Z or 2026-11-22T14:00:00+08:00")
    return round((moment - EPOCH).total_seconds() * 1_000)


def _check_time(text: str) -> str:
    parse_time(text)
    return text


Time = Annotated[
    str, Field(json_schema_extra={"format": "date-time"}, max_length=40), AfterValidator(_check_time)
]


class Strict(BaseModel):
    """Parameters of which none is unknown: a misspelt filter must not look like an empty answer."""

    model_config = ConfigDict(extra="forbid")


class Page(Strict):
    """How much of a list, and from where."""

    limit: int = Field(100, ge=1, le=1_000)
    cursor: str | None = Field(None, max_length=512, description="`next` of the page before.")


def write_cursor(position: object) -> str:
    """Return an opaque cursor for the place where a page ended."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def read_cursor(cursor: str, kind: type[T]) -> T:
    """Return the place a cursor stands for; Problem 422 when it is none of this list's."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=kind)
    except (ValueError, msgspec.MsgspecError):
        detail = "this is no cursor of this list; begin without one"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "query", "cursor", detail) from None


def json_response(body: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Answer JSON that is neither cached nor validated again (the types were ours all along)."""
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store"}, media_type="application/json")


def list_response(items: Iterable[Mapping[str, object]], following: object) -> Response:
    """Answer one page of a list; ``following`` is where the next begins, None after the last."""
    after = None if following is None else write_cursor(following)
    return json_response({"items": list(items), "next": after})
