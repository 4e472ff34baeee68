"""Frames that are right, each for a reason of its own; both ends are tested with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wire.codec import encode_frame
from wire.compression import MAGIC
from wire.measures import DOMAINS, EVENTS, MEASURES, EventKind, FrameClass
from wire.measures.model import EventField, Measure

STATION = "louxing-07"
STREAM = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"
SENT = 1_763_790_000_123
TS = 1_763_790_000_000
GATEWAY = "01K0Q0A1B2C3D4E5F6G7H8J9KM"

Groups = Mapping[str, Sequence[Mapping[str, object]]]


@dataclass(frozen=True)
class GoodFrame:
    """A payload, how many readings come out of it, and what is said of its fields."""

    name: str
    payload: bytes
    readings: int = 1
    unknown_fields: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()


def frame(readings: Groups, frame_class: FrameClass = FrameClass.SAMPLE, *, seq: int = 812) -> bytes:
    """Write a frame of the golden station."""
    return encode_frame(
        station_id=STATION,
        stream=STREAM,
        seq=seq,
        oldest=790,
        gone=[(795, 797)],
        frame_class=frame_class,
        sent=SENT,
        readings=readings,
    )


def reading(**fields: object) -> dict[str, object]:
    """Write one reading of the golden moment."""
    return {"device": "main", "ts": TS, **fields}


def with_text(fields: str, domain: str = "power") -> bytes:
    """Write a frame with one reading, whose fields are given as JSON text."""
    plain = frame({domain: [reading(here=0)]})
    return plain.replace(b'"here":0', fields.encode())


def stored_zstandard(plain: bytes) -> bytes:
    """Wrap bytes as Zstandard without compressing them: the same bytes from any library (RFC 8878)."""
    size = len(plain) - 256
    last_raw_block = len(plain) << 3 | 1
    return MAGIC + b"\x60" + size.to_bytes(2, "little") + last_raw_block.to_bytes(3, "little") + plain


def good_frames() -> Iterator[GoodFrame]:
    """Yield every good frame, those of the tables first."""
    for domain in DOMAINS:
        yield _every_measure(domain)
        yield from _every_event(domain)
    yield from _envelopes()
    yield from _numbers()
    yield from _unknown()


def sample_value(row: Measure | EventField) -> object:
    """Return a value that the row allows."""
    if row.values:
        return list(row.values[:2]) if row.type == "words" else row.values[0]
    if row.type == "text":
        return _TEXTS[row.name]
    low = 0 if row.low is None else row.low
    high = low + 100 if row.high is None else row.high
    middle = low + (high - low) / 4
    return {"bool": False, "int": int(middle), "float": round(middle, 2)}[row.type]


_TEXTS = {
    "subject_ref": "k3v7tq2m5x4c6bzn",
    "boot_id": "01K0PZ6Q9V3W8S4D2N7X5C1BFB",
    "version": "0.1.0",
    "agent_version": "0.1.0",
    "config_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}


def _every_measure(domain: str) -> GoodFrame:
    values = {row.name: sample_value(row) for row in MEASURES[domain].values()}
    return GoodFrame(f"{domain}-every-measure", frame({domain: [reading(**values)]}))


def _every_event(domain: str) -> Iterator[GoodFrame]:
    for frame_class in FrameClass:
        kinds = [kind for kind in EVENTS[domain].values() if kind.frame_class is frame_class]
        if kinds:
            payload = frame({domain: [_full_event(kind) for kind in kinds]}, frame_class)
            yield GoodFrame(f"{domain}-every-{frame_class}-event", payload, len(kinds))


def _full_event(kind: EventKind) -> dict[str, object]:
    values = {field.name: sample_value(field) for field in kind.fields}
    return reading(event=kind.name, event_id=4_294_967_295, **values)


def _envelopes() -> Iterator[GoodFrame]:
    volts = {"power": [reading(voltage_v=229.8)]}
    plain = frame(volts)
    best_effort = encode_frame(station_id=STATION, frame_class=FrameClass.SAMPLE, sent=SENT, readings=volts)
    yield GoodFrame("best-effort", best_effort)
    yield GoodFrame("clock-unset", plain.replace(b'"readings"', b'"clock":"unset","readings"'))
    yield GoodFrame("no-readings", frame({}), 0)
    yield GoodFrame("empty-domain", frame({"power": [], "water": []}), 0)
    yield GoodFrame("nothing-gone", plain.replace(b"[[795,797]]", b"[]"))
    many = ",".join(f"[{lo},{lo}]" for lo in range(1, 129, 2)).encode()
    yield GoodFrame("64-ranges-gone", plain.replace(b"[795,797]", many))
    yield GoodFrame("highest-seq", frame(volts, seq=2**63 - 1))
    yield GoodFrame("spaced-out", plain.replace(b",", b" ,\r\n\t"))
    yield GoodFrame("escaped-keys", plain.replace(b'"voltage_v"', rb'"voltage\u005fv"'))
    two = {"power": [reading(voltage_v=229.8), reading(voltage_v=229.9)]}
    yield GoodFrame("same-millisecond", frame(two), 2)
    yield GoodFrame("quality-and-epoch", frame({"water": [_replaced_meter()]}))
    mixed: Groups = {"power": volts["power"], "environment": [reading(device="lounge", co2_ppm=612)]}
    yield GoodFrame("two-domains", frame(mixed), 2)
    yield GoodFrame("event-with-measure", with_text('"event":"door_opened","door_state":"open"', "access"))


def _replaced_meter() -> dict[str, object]:
    return reading(quality="stale", epoch=1, water_volume_m3_total=0.004)


def _numbers() -> Iterator[GoodFrame]:
    for name, text in {
        "integer-for-float": '"voltage_v":230',
        "exponent": '"voltage_v":2.298E+2',
        "negative-zero": '"voltage_v":-0.0',
        "tiny": '"voltage_v":1e-400',
        "17-digits": '"voltage_v":229.80000000000001',
        "all-64-bits": '"voltage_v":9223372036854775807',
    }.items():
        suspect = ("power.voltage_v",) if name == "all-64-bits" else ()
        yield GoodFrame(name, with_text(text), suspect=suspect)
    yield GoodFrame(
        "out-of-range", with_text('"co2_ppm":20000', "environment"), suspect=("environment.co2_ppm",)
    )
    yield GoodFrame(
        "sentinel", with_text('"nh3_ppm":655.35', "environment"), suspect=("environment.nh3_ppm",)
    )
    counter = f'"people_in_total":{2**63 - 1}'
    yield GoodFrame("largest-counter", with_text(counter, "occupancy"))


def _unknown() -> Iterator[GoodFrame]:
    volts = '"voltage_v":229.8'
    in_reading = {
        "unknown-field": '"humor":"dry"',
        "unknown-field-null": '"humor":null',
        "unknown-field-nested": '"humor":{"a":[1,{"a":1,"a":2}]}',
        "unknown-field-chinese": '"humor":"驿站"',
        "event-field-without-event": '"cause":"arc"',
    }
    for name, text in in_reading.items():
        field = "power.cause" if "cause" in text else "power.humor"
        yield GoodFrame(name, with_text(f"{volts},{text}"), unknown_fields=(field,))
    plain = with_text(volts)
    domain = plain.replace(b'"power":', b'"weather":[{"rain_mm":3}],"power":')
    yield GoodFrame("unknown-domain", domain, unknown_fields=("readings.weather",))
    key = plain.replace(b'"class"', b'"mood":"fine","class"')
    yield GoodFrame("unknown-key", key, unknown_fields=("mood",))
