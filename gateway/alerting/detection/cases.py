"""Playing the unit tests of rules (`catalogue.cases`): what a station says, and what must follow."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa
from ulid import ULID

from catalogue.cases import Case, Expected, Input
from catalogue.catalogue import Catalogue
from catalogue.conditions import AlertOpen
from catalogue.fields import split
from catalogue.model import Rule
from catalogue.walking import walk
from gateway.alerting.detection.engine import Engine, Facts
from gateway.batch.batch import FRAME_SCHEMA, Batch
from gateway.batch.numbering import Series, SeriesIndex, Source, Sources
from gateway.domain.alerts import Transition
from gateway.domain.registry import Registry, StationSpec
from gateway.state.births import Happening, JournalRow
from wire.columns import field_types
from wire.measures import MEASURES

STATION = "case"
STREAM = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"
_ON_THE_WAY_MS = 1_000
_LONG_AGO = "01J00000000000000000000001"


class _Reading(NamedTuple):
    """One reading on its way; ``fields`` hold ``event`` where it is one."""

    received: int
    ts: int
    domain: str
    device: str
    fields: Mapping[str, object]


@dataclass
class Writer:
    """Makes batches of one frame a reading, numbered without a hole."""

    sources: Sources = field(default_factory=lambda: Sources([Source("case", STATION, STREAM)]))
    series: SeriesIndex = field(default_factory=SeriesIndex)
    _frame: int = 0

    def batch(self, reading: _Reading) -> Batch:
        """Return the batch of one reading."""
        number = self._frame
        self._frame += 1
        told = {
            "frame": number,
            "source": 0,
            "seq": number + 1,
            "lane": "telemetry",
            "class": "sample",
            "sent": reading.received,
            "received": reading.received,
            "correction": 0,
            "clock": None,
            "oldest": 1,
            "late": False,
            "digest": None,
        }
        frames = pa.table([pa.array([told[one.name]], one.type) for one in FRAME_SCHEMA], schema=FRAME_SCHEMA)
        tables = {reading.domain: self._table(reading, number)}
        if "event" in reading.fields:
            return Batch(frames, {}, tables)
        return Batch(frames, tables, {})

    def _table(self, reading: _Reading, frame: int) -> pa.Table:
        types = {**field_types(reading.domain), "event": pa.string(), "quality": pa.string()}
        station = self.series.stations([STATION])
        series = self.series.number(reading.domain, station, pa.array([reading.device]))
        columns: dict[str, pa.Array] = {
            "frame": pa.array([frame]),
            "idx": pa.array([0], pa.int16()),
            "series": pa.array(series),
            "ts": pa.array([reading.ts]),
        }
        columns |= {
            name: pa.array([_typed(value, types[name])], types[name])
            for name, value in reading.fields.items()
        }
        suspect = [name for name, value in reading.fields.items() if _is_suspect(reading.domain, name, value)]
        if suspect:
            columns["suspect"] = pa.array([suspect], pa.list_(pa.string()))
        return pa.table(columns)


def failures(cases: Iterable[Case], catalogue: Catalogue) -> Iterator[str]:
    """Yield what is wrong with each case that does not come out, a line each."""
    for case in cases:
        told = [one for one in play(case, catalogue) if one.key.rule == case.rule]
        wrong = _difference(case, told)
        if wrong:
            yield f"{case.rule}: {case.name}: {wrong}"


def play(case: Case, catalogue: Catalogue) -> list[Transition]:
    """Return every transition that a case leads to, of its rule and of those it asks about."""
    writer, happenings = Writer(), list(_happenings(case))
    engine = _engine(case, catalogue, writer.series.known, writer.sources)
    born = JournalRow(case.start_ms - case.followed, Happening.BIRTH, STATION, _birth(case, _LONG_AGO))
    told = engine.advance(born.at, [born])
    for reading in _readings(case):
        due = [one for one in happenings if one.at <= reading.received]
        happenings = happenings[len(due) :]
        told += engine.take(writer.batch(reading), due)
    for one in happenings:
        told += engine.advance(one.at, [one])
    last = max([engine.clock, *(case.start_ms + at for entry in case.input for at, _ in entry.readings())])
    return told + engine.advance(last + case.after)


def _engine(case: Case, catalogue: Catalogue, series: Sequence[Series], sources: Sources) -> Engine:
    spec = StationSpec.model_validate(
        {"station_id": STATION, "region": "case", **case.station.model_dump(exclude_none=True)}
    )
    facts = Facts(series, sources, Registry([spec]), catalogue.parameter)
    return Engine(_with_asked(catalogue.rules[case.rule], catalogue), facts)


def _with_asked(rule: Rule, catalogue: Catalogue) -> list[Rule]:
    asked = [name for _, part in walk(rule) if isinstance(part, AlertOpen) for name in part.alert]
    others = [catalogue.rules[name] for name in asked if name in catalogue.rules]
    return [rule, *(one for other in others for one in _with_asked(other, catalogue))]


def _readings(case: Case) -> list[_Reading]:
    readings = [
        _Reading(
            received=case.start_ms + at + _ON_THE_WAY_MS + entry.late,
            ts=case.start_ms + at,
            domain=str(entry.domain),
            device=entry.device,
            fields=_fields(entry, said),
        )
        for entry in case.input
        if entry.happens is None
        for at, said in entry.readings()
    ]
    readings.sort(key=lambda one: (one.received, one.ts))
    return readings


def _fields(entry: Input, said: Mapping[str, object]) -> dict[str, object]:
    fields = dict(said)
    if entry.event is not None:
        fields["event"] = split(entry.event).field
    if entry.quality is not None:
        fields["quality"] = entry.quality
    return fields


def _happenings(case: Case) -> Iterator[JournalRow]:
    """Yield what befalls the link; boots are numbered, the one that ran before the case is the first."""
    boots = [_LONG_AGO]
    entries = [(at, entry) for entry in case.input if entry.happens for at, _ in entry.readings()]
    for at, entry in sorted(entries, key=lambda one: one[0]):
        now = case.start_ms + at
        if entry.happens in {"lost", "stopped"}:
            yield JournalRow(now, Happening.WILL, STATION, {"state": entry.happens, "session": 1})
            continue
        if entry.happens == "boot":
            boots.append(str(ULID.from_timestamp(now / 1000)))
        boot = boots[-2] if entry.happens == "old_boot" and len(boots) > 1 else boots[-1]
        yield JournalRow(now, Happening.BIRTH, STATION, _birth(case, boot))


def _birth(case: Case, boot: str) -> dict[str, Any]:
    return {"boot_id": boot, "session": 1, "devices": [], "station": case.rule}


def _difference(case: Case, told: Sequence[Transition]) -> str | None:
    """Say how the transitions differ from those expected, None when they do not."""
    if len(told) == len(case.expect) and all(
        _meets(one, expected, case.start_ms) for one, expected in zip(told, case.expect, strict=True)
    ):
        return None
    seen = [
        f"{one.change} {one.severity} {one.key.device!r} after {(one.at - case.start_ms) / 1000:g} s"
        for one in told
    ]
    wanted = [
        f"{one.change} {one.severity or ''} after {one.at / 1000:g} to {one.latest / 1000:g} s"
        for one in case.expect
    ]
    return f"came: {'; '.join(seen) or 'nothing'}, not: {'; '.join(wanted) or 'nothing'}"


def _meets(one: Transition, expected: Expected, start: int) -> bool:
    return (
        str(one.change) == expected.change
        and expected.at <= one.at - start <= expected.latest
        and expected.severity in {None, one.severity}
        and expected.device in {None, one.key.device}
        and expected.retrospective == one.retrospective
        and expected.incomplete == one.incomplete
    )


def _typed(value: object, kind: pa.DataType) -> object:
    if isinstance(value, float) and pa.types.is_integer(kind):
        return round(value)
    return float(value) if isinstance(value, int) and pa.types.is_floating(kind) else value


def _is_suspect(domain: str, name: str, value: object) -> bool:
    measure = MEASURES[domain].get(name)
    return measure is not None and measure.is_suspect(value)
