"""From what a request says to the correction that is wished for; Problem names the field at fault."""

from http import HTTPStatus

from gateway.api.correction_shapes import CorrectionBody
from gateway.api.problems import Problem
from gateway.api.values import parse_time
from gateway.domain.corrections import Wanted, Wish
from wire.judging import judge_reading
from wire.measures import MEASURES
from wire.verdicts import RejectedReading


def wish_of(body: CorrectionBody, now: int, by: str) -> Wish:
    """Return what is wished for at ``now`` (ms)."""
    return Wish(_wanted(body, now), _value(body), by, body.reason)


def naming(body: CorrectionBody) -> str:
    """Return the field that says which reading is meant."""
    return "seq" if body.stream is not None else "ts" if body.ts is not None else "start"


def wrong(field: str, detail: str) -> Problem:
    """Say what is wrong with a field of the body."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", field, detail)


def _wanted(body: CorrectionBody, now: int) -> Wanted:
    """Return which readings are meant; Problem names what is missing, too much, or in the future."""
    if body.field not in MEASURES[body.domain]:
        there = ", ".join(MEASURES[body.domain])
        raise wrong("field", f"no {body.field!r} in {body.domain}; there are {there}")
    since, until = _span(body, now)
    several = body.start is not None
    if (body.stream is None) != (body.seq is None) or (body.stream and body.index is None):
        raise wrong("seq", "stream, seq and index name a reading together")
    if since is None and body.stream is None:
        raise wrong("ts", "name the reading: device and ts, or stream, seq and index")
    if since is not None and body.device is None:
        raise wrong("device", "say whose reading it is")
    if several and (body.ts, body.stream, body.index) != (None, None, None):
        raise wrong("start", "a stretch is named by device, start and end alone")
    return Wanted(
        body.station_id,
        body.domain,
        body.field,
        body.device,
        since,
        until,
        body.stream,
        body.seq,
        body.index,
        several,
    )


def _span(body: CorrectionBody, now: int) -> tuple[int | None, int | None]:
    if body.ts is not None:
        ts = parse_time(body.ts)
        if ts > now:
            raise wrong("ts", "this time is still to come")
        return ts, ts + 1
    if body.start is None and body.end is None:
        return None, None
    if body.start is None or body.end is None:
        raise wrong("end" if body.end is None else "start", "a stretch has start and end: start <= ts < end")
    start, end = parse_time(body.start), parse_time(body.end)
    if not start < end <= now:
        raise wrong("end", "it must be after start, and not still to come")
    return start, end


def _value(body: CorrectionBody) -> object:
    """Return the value as the store keeps it, None to remove it; Problem when it is none of this field."""
    measure = MEASURES[body.domain][body.field]
    if body.remove:
        if body.value is not None:
            raise wrong("value", "give a value, or remove: true; not both")
        return None
    if body.start is not None:
        raise wrong("remove", "of a stretch values can only be removed: remove: true")
    if body.value is None:
        raise wrong("value", "give a value, or remove: true")
    judged = judge_reading(body.domain, 0, {"device": "x", "ts": 0, body.field: body.value})
    if isinstance(judged, RejectedReading):
        raise wrong("value", judged.detail.partition(": ")[2])
    if measure.is_suspect(judged[body.field]):
        raise wrong("value", f"from {measure.low} to {measure.high} {measure.unit}, and no code for no value")
    return judged[body.field]
