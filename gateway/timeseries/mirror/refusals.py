"""What an InfluxDB that does not take a write means by it, for 1.8, 2.x and 3 alike.

Refused            with a word, a detail, and what to do next
  Unreachable      down, hanging, out of room, too busy: the same again, later
  Misdirected      wrong token, address or database: the same again, much later; a person has to do something
  TooBig           the same in smaller pieces
  BadPoints        some of these points will never be taken
"""

import json
import re
from dataclasses import dataclass
from http import HTTPStatus

_MOST_WAIT_S = 3_600.0
_MOST_DETAIL = 300
_SERVER_FAULTS = 500


@dataclass
class Refused(Exception):  # noqa: N818 - the field's word
    """A write that was not taken; `reason` is a word for metrics, `detail` the server's own sentence."""

    reason: str
    detail: str
    wait_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class Unreachable(Refused):
    """The server cannot take it now; `wait_s` is what it asked for, 0 for nothing."""


class Misdirected(Refused):
    """The server will not take it before a person has changed something; the detail says what."""


class TooBig(Refused):
    """It may take it in smaller pieces."""


class BadPoints(Refused):
    """It will never take some of these points."""


def refusal(status: int, body: bytes, retry_after: str | None) -> Refused:
    """Return what an answer other than success means."""
    said = _sentence(body) or f"HTTP {status}"
    if _NO_ROOM.search(said):
        # 1.7 tells a full disk as "partial write: … no space left on device" with a 400: no point is to blame
        return Unreachable("no_room", said, _seconds(retry_after))
    if _NO_BUCKET.search(said):
        # 1.x answers 500 to a policy and 404 to a database that is not there
        return Misdirected("no_bucket", f"{said}; create it with `yizhan gateway migrate`")
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return BadPoints(_reason(said), said)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooBig("too_big", said)
    if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unreachable("busy" if retry_after else "server_error", said, _seconds(retry_after))
    return _misdirected(status, said)


def _misdirected(status: int, said: str) -> Misdirected:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        todo = "give mirror.influxdb.token the right to write to the buckets and to read from them"
        return Misdirected("forbidden", f"HTTP {status}: {said}; {todo}")
    todo = "check mirror.influxdb.url, org and bucket, then run `yizhan gateway migrate`; 1.8 is the oldest"
    word = "no_bucket" if status == HTTPStatus.NOT_FOUND else "wrong_address"
    return Misdirected(word, f"HTTP {status}: {said}; {todo} that can be written to")


_LATER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT}
_NO_BUCKET = re.compile("retention policy not found|database not found|bucket .*not found", re.IGNORECASE)
_NO_ROOM = re.compile("no space left|read-only file system|input/output error|disk quota", re.IGNORECASE)
_REASONS = (
    (
        "type_conflict",
        re.compile("type conflict|invalid column type|invalid field value", re.IGNORECASE),
    ),
    ("outside_retention", re.compile("retention|too old|older than", re.IGNORECASE)),
    ("too_many_series", re.compile("max-series|max-values|limit exceeded", re.IGNORECASE)),
    ("unreadable", re.compile("pars|invalid line", re.IGNORECASE)),
)


def _reason(said: str) -> str:
    """Name why points are refused, from what each version writes into its sentence."""
    return next((reason for reason, pattern in _REASONS if pattern.search(said)), "rejected")


def _sentence(body: bytes) -> str:
    """Return the server's sentence: 1.x calls it `error`, 2.x `message`, 3 adds the lines it means."""
    text = body.decode("utf-8", "replace").strip()
    try:
        said = json.loads(text)
    except ValueError:
        return text[:_MOST_DETAIL]
    if not isinstance(said, dict):
        return text[:_MOST_DETAIL]
    lines = said.get("data")
    of_line = lines[0].get("error_message") if isinstance(lines, list) and lines else None
    sentence = "; ".join(str(part) for part in (said.get("error") or said.get("message"), of_line) if part)
    return sentence[:_MOST_DETAIL]


def _seconds(retry_after: str | None) -> float:
    said = (retry_after or "").strip()
    return min(float(said), _MOST_WAIT_S) if said.isascii() and said.isdigit() else 0.0
