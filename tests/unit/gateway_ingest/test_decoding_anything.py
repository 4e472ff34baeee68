"""Whatever arrives: no decoder raises, every message ends once, and both ways store the same rows."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ingest.decoding import TickDecoder
from tests.unit.gateway_ingest.ticks import NOW, STATION, STREAM, Desk, arrived, payload, rows
from wire.clocks import StampedTime, check_time
from wire.codec import Decoded, compress, decode, suspect_fields
from wire.documents.goldens import sample_value
from wire.measures import DOMAINS, EVENTS, MEASURES

ENVELOPE = ["v", "station_id", "stream", "seq", "oldest", "gone", "class", "sent", "clock", "readings"]
NAMES = st.sampled_from(
    [*ENVELOPE, *DOMAINS, "device", "ts", "event", "quality", "epoch", "voltage_v", "co2_ppm", "\ud800", ""]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from([STATION, STREAM, "sample", "unset", "granted", "main", "\udfff", NOW, 1]),
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=6)),
    max_leaves=20,
)
PLAIN = payload(1)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a good frame with a piece of it replaced."""
    start = draw(st.integers(0, len(PLAIN)))
    return PLAIN[:start] + draw(st.binary(max_size=4)) + PLAIN[start + draw(st.integers(0, 8)) :]


@st.composite
def replaced(draw: st.DrawFn) -> bytes:
    """Draw a good frame with a key of the envelope, or a field of its reading, of any kind."""
    message: dict[str, Any] = json.loads(PLAIN)
    for _ in range(draw(st.integers(1, 2))):
        part = draw(st.sampled_from([message, message["readings"]["power"][0]]))
        part[draw(NAMES)] = draw(JSON)
        message.setdefault("readings", {})
        if not _has_reading(message):
            break
    return json.dumps(message).encode()


def _has_reading(message: dict[str, Any]) -> bool:
    readings = message["readings"]
    group = readings.get("power") if isinstance(readings, dict) else None
    return isinstance(group, list) and bool(group) and isinstance(group[0], dict)


ANYTHING = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    damaged(),
    replaced(),
    damaged().map(compress),
    st.binary(max_size=60).map(lambda tail: b"\x28\xb5\x2f\xfd" + tail),
    st.just(PLAIN),
)


@settings(max_examples=150)
@given(st.lists(ANYTHING, min_size=1, max_size=12))
def test_every_message_ends_in_exactly_one_place(payloads: list[bytes]) -> None:
    tick = TickDecoder().decode([arrived(one) for one in payloads])
    ends = [header.position for header in tick.headers] + [position for position, _ in tick.rejected]
    assert sorted(ends) == list(range(len(payloads)))


@settings(max_examples=100)
@given(st.lists(ANYTHING, min_size=1, max_size=8))
def test_it_can_admit_and_batch_and_hold_whatever_was_decoded(payloads: list[bytes]) -> None:
    _, admitted, batch = Desk().admit(payloads)
    assert batch.frames.num_rows == len(admitted.new)
    assert all(held.payload and held.detail.encode() for held in admitted.quarantined if held.stream)


def test_it_can_hold_a_frame_nested_to_any_depth() -> None:
    for depth in range(800, 1_000):
        nest = b"[" * depth + b"]" * depth
        _, admitted, _ = Desk().admit([b'{"v":' + nest + b"}", b'{"v":2,"x":' + nest + b"}"])
        assert len(admitted.quarantined) == 2


# -- the gateway's way against the exact decoder alone

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
}
NEAR = st.integers(-700_000, 700_000)


@st.composite
def readings(draw: st.DrawFn, domain: str) -> dict[str, object]:
    """Draw a reading that is nearly always right."""
    event = draw(st.integers(0, 9)) == 0 and len(EVENTS[domain]) > 0
    said: dict[str, object] = {"device": draw(st.sampled_from(["main", "main.l1", "lounge"]))}
    said["ts"] = draw(st.one_of(st.just(NOW - 1), NEAR.map(lambda off: NOW + off), st.just(1_000)))
    if event:
        kind = draw(st.sampled_from(sorted(EVENTS[domain])))
        said["event"] = kind
        said |= {field.name: sample_value(field) for field in EVENTS[domain][kind].fields}
    rows_ = draw(st.lists(st.sampled_from(sorted(MEASURES[domain])), min_size=1, max_size=3, unique=True))
    for name in rows_:
        row = MEASURES[domain][name]
        said[name] = sample_value(row)
        if row.type in VALUES and draw(st.booleans()):
            said[name] = draw(VALUES[row.type])
        if draw(st.booleans()) and row.sentinels:
            said[name] = row.sentinels[draw(st.integers(0, len(row.sentinels) - 1))]
    if draw(st.integers(0, 4)) == 0:
        said["quality"] = draw(st.sampled_from(["suspect", "stale", "substituted", "good"]))
    if draw(st.integers(0, 4)) == 0:
        said["epoch"] = draw(st.integers(0, 9))
    return said


@st.composite
def frames(draw: st.DrawFn, seq: int) -> bytes:
    """Draw a frame of one or two domains, under a right or a wrong clock."""
    domains = draw(st.lists(st.sampled_from(DOMAINS), min_size=1, max_size=2, unique=True))
    groups = {domain: draw(st.lists(readings(domain), min_size=1, max_size=3)) for domain in domains}
    sent = NOW + draw(st.one_of(st.just(0), st.sampled_from([-60_000, 60_001, -60_001, -(10**11)])))
    clock = draw(st.integers(0, 5)) == 0
    return payload(seq, groups, sent=sent, clock_unset=clock)


TICKS = st.integers(1, 8).flatmap(lambda count: st.tuples(*(frames(seq) for seq in range(1, count + 1))))


def expected(frame_bytes: bytes) -> list[dict[str, object]]:
    """Return the rows of a frame by the exact decoder, the clock's rules and the table of measures."""
    verdict = decode(frame_bytes, STATION)
    assert isinstance(verdict, Decoded)
    found = []
    for domain, index, said in verdict.readings:
        time = check_time(int(str(said["ts"])), verdict.sent, NOW, verdict.clock_unset)
        if isinstance(time, StampedTime):
            suspects = list(suspect_fields(domain, said))
            row = {**said, "seq": verdict.seq, "domain": domain, "idx": index, "ts": time.ts}
            row |= {"own_ts": time.own_ts} if time.substituted else {}
            row |= {"quality": "substituted"} if time.substituted else {}
            row |= {"suspect": sorted(suspects)} if suspects else {}
            found.append(row)
    return found


def stored(desk: Desk, frames_: tuple[bytes, ...]) -> list[dict[str, object]]:
    """Return the rows of the gateway's own way, in the same words."""
    batch = desk.batch(*frames_)
    seqs = dict(zip(batch.frames["frame"].to_pylist(), batch.frames["seq"].to_pylist(), strict=True))
    found = []
    for domain in DOMAINS:
        for row in rows(batch, domain):
            series, seq = desk.series.known[row.pop("series")], seqs[row.pop("frame")]
            assert (series.station_id, series.domain) == (STATION, domain)
            if "suspect" in row:
                row["suspect"] = sorted(row["suspect"])
            found.append({**row, "seq": seq, "domain": domain, "device": series.device})
    return found


def written(rows_: list[dict[str, object]]) -> list[str]:
    """Write rows so that 1 and 1.0, and 0.0 and -0.0, differ."""
    return sorted(repr(sorted(row.items())) for row in rows_)


@settings(max_examples=120)
@given(TICKS)
def test_both_decoders_together_store_what_the_exact_one_alone_would(frames_: tuple[bytes, ...]) -> None:
    desk = Desk()
    assert written(stored(desk, frames_)) == written([row for one in frames_ for row in expected(one)])
    again = tuple(one.replace(b'"seq":', b'"seq":9') for one in frames_)
    assert written(stored(desk, again)) == written([row for one in again for row in expected(one)]), (
        "and with what the columns have learned by now"
    )
