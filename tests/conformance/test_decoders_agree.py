"""The columnar decoder accepts nothing that the exact one refuses, and reads the same values."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.codec import Decoded, Reading, compress, decode, decompress
from wire.columns import ColumnDecoder, Columns
from wire.documents.goldens import STATION, frame, reading, sample_value
from wire.measures import DOMAINS, EVENT_FIELDS, MEASURES

EXAMPLES = Path(__file__).parents[2] / "wire" / "examples"
GOOD = {path.name: decompress(path.read_bytes()) for path in sorted((EXAMPLES / "good").iterdir())}
BAD = {
    path.stem: case["payload"].encode()
    for path in sorted((EXAMPLES / "bad").iterdir())
    if "payload" in (case := json.loads(path.read_text("utf-8")))
}
GONE = b"[[795,797]]"


def without_gone(payload: bytes) -> bytes:
    """Return the frame with no gaps to tell of: those that have some are never decoded as columns."""
    return payload.replace(GONE, b"[]")


def readings_of(columns: Columns, row: int) -> dict[tuple[str, int], Reading]:
    found = {}
    for domain, rows in columns.rows.items():
        for place, (parent, index) in enumerate(zip(rows.parent, rows.index, strict=True)):
            if parent == row:
                values = {name: column[place].as_py() for name, column in rows.columns.items()}
                found[domain, int(index)] = {
                    name: value for name, value in values.items() if value is not None
                }
    return found


def assert_agreement(payloads: list[bytes]) -> set[int]:
    """Check every frame the columns took against the exact decoder; return their positions."""
    batch = ColumnDecoder().decode(payloads, [STATION] * len(payloads))
    taken = set()
    unknown = 0
    for columns in batch.columns:
        for row, position in enumerate(columns.position.tolist()):
            exact = decode(payloads[position], STATION)
            assert isinstance(exact, Decoded)
            assert exact.rejected == ()
            assert (exact.gone, exact.clock_unset) == ((), False)
            assert (columns.stream[row], columns.seq[row]) == (exact.stream, exact.seq)
            assert (columns.oldest[row], columns.sent[row]) == (exact.oldest, exact.sent)
            assert columns.frame_class[row] == exact.frame_class
            exact_readings = {(domain, index): values for domain, index, values in exact.readings}
            assert repr_of(readings_of(columns, row)) == repr_of(exact_readings)
            unknown += len(exact.unknown_fields)
            taken.add(position)
    assert unknown == sum(sum(columns.unknown_fields.values()) for columns in batch.columns)
    assert taken.isdisjoint(batch.doubted)
    assert taken | set(batch.doubted) == set(range(len(payloads)))
    return taken


def repr_of(readings: dict[tuple[str, int], Reading]) -> list[str]:
    """Write readings so that 1 and 1.0, and 0.0 and -0.0, differ."""
    return sorted(repr((place, sorted(values.items()))) for place, values in readings.items())


def test_they_agree_on_every_golden_frame_at_once() -> None:
    payloads = [without_gone(payload) for payload in (*GOOD.values(), *BAD.values())]
    taken = assert_agreement(payloads)
    assert max(taken) < len(GOOD), "no bad frame is taken"


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_they_agree_on_every_golden_frame_alone_and_beside_a_good_one(name: str) -> None:
    payload = without_gone({**GOOD, **BAD}[name])
    assert_agreement([payload])
    assert_agreement([without_gone(GOOD["two-domains.json"]), payload])


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_columns_take_the_bulk_of_every_domain(domain: str) -> None:
    plain = {
        name: sample_value(row) for name, row in MEASURES[domain].items() if row.type not in {"words", "text"}
    }
    assert assert_agreement([without_gone(frame({domain: [reading(**plain)]}))]) == {0}


def test_the_columns_leave_compressed_bytes_alone() -> None:
    assert assert_agreement([compress(GOOD["two-domains.json"])]) == set()


NUMBERS = ["0", "-0", "-0.0", "1", "1.0", "1e2", "1E400", "-1", "9223372036854775807", "9223372036854775808"]
SCALARS = [
    *NUMBERS,
    "NaN",
    "Infinity",
    "true",
    "false",
    "null",
    '"x"',
    '"open"',
    '"1"',
    '"stale"',
    "253402300800000",
]
NESTED = ["[]", "{}", '["OB"]', "[null]", "[[1,2]]", '{"a":1,"a":2}']
DEVICES = ['"main"', '"main\\n"', '"\\u006dain"', '"Main"', '""', '"a.b-c"']
RARELY = st.integers(0, 40).map(lambda n: n == 23)
VALUES = st.sampled_from([*SCALARS, *NESTED, *DEVICES])
INTEGERS = st.integers(-(2**63), 2**63 - 1).map(str)
FLOATS = st.floats(allow_nan=False, allow_infinity=False).map(str)
ODD_HEADS = [
    *[f'"device":{device},"ts":1' for device in DEVICES],
    *[f'"device":"main","ts":{ts}' for ts in NUMBERS],
    '"device":"main"',
    '"ts":1',
]


@st.composite
def readings(draw: st.DrawFn, domain: str) -> str:
    """Draw one reading as text, mostly right."""
    parts = [draw(st.sampled_from(ODD_HEADS)) if draw(RARELY) else '"device":"main","ts":1763790000000']
    for row in draw(
        st.lists(st.sampled_from(list(MEASURES[domain].values())), min_size=1, max_size=4, unique=True)
    ):
        value = json.dumps(sample_value(row))
        if row.type in {"int", "float"} and draw(st.booleans()):
            value = draw(INTEGERS if row.type == "int" else st.one_of(FLOATS, INTEGERS))
        parts.append(f'"{row.name}":{value}')
    if draw(RARELY):
        others = [*MEASURES[domain], *(field.name for field in EVENT_FIELDS[domain])]
        name = draw(st.sampled_from(["event", "quality", "epoch", "humor", "a.b", "", "ts", *others]))
        parts.append(f'"{name}":{draw(VALUES)}')
    return "{" + ",".join(parts) + "}"


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Draw one frame as bytes, mostly right, sometimes damaged."""
    groups = []
    for domain in draw(st.lists(st.sampled_from(DOMAINS), min_size=1, max_size=2, unique=True)):
        group = draw(st.lists(readings(domain), min_size=1, max_size=3))
        groups.append(f'"{domain}":[{",".join(group)}]')
    payload = without_gone(frame({})).replace(b'"readings":{}', f'"readings":{{{",".join(groups)}}}'.encode())
    if draw(RARELY):
        key = draw(
            st.sampled_from(
                ['"v":1', '"sent":1763790000123', '"seq":812', '"oldest":790', '"class":"sample"']
            )
        )
        payload = payload.replace(key.encode(), f"{key.split(':')[0]}:{draw(VALUES)}".encode(), 1)
    if draw(RARELY):
        place = draw(st.integers(0, len(payload)))
        payload = payload[:place] + draw(st.binary(max_size=2)) + payload[place + draw(st.integers(0, 2)) :]
    return payload


@settings(max_examples=150, deadline=None)
@given(st.lists(frames(), min_size=1, max_size=12))
def test_they_agree_on_whatever_hypothesis_thinks_of(payloads: list[bytes]) -> None:
    assert_agreement(payloads)
