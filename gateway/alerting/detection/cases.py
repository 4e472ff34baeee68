"""Playing the unit tests of rules (`catalogue.cases`): what a station says, and what must follow."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import cast

from ulid import ULID

from catalogue.cases import Case, Expected, Input
from catalogue.catalogue import Catalogue
from catalogue.conditions import AlertOpen
from catalogue.fields import split
from catalogue.model import Rule
from catalogue.virtual import VIRTUAL_MEASURES
from catalogue.walking import walk
from gateway.alerting.detection.case_frames import Reading, Writer, station_name
from gateway.alerting.detection.engine import Engine, Facts
from gateway.alerting.detection.places import OWN_STATION
from gateway.batch.numbering import Series, Sources
from gateway.domain.alerts import Transition
from gateway.domain.observation import Observation
from gateway.domain.registry import Registry, StationSpec
from gateway.state.births import Happening, JournalRow

_ON_THE_WAY_MS = 1_000
_LONG_AGO = "01J00000000000000000000001"
_PORTION = 500
"""Frames judged at a time: it makes no difference to what is said, only to how long it takes."""


def failures(cases: Iterable[Case], catalogue: Catalogue) -> Iterator[str]:
    """Yield what is wrong with each case that does not come out, a line each."""
    for case in cases:
        told = [one for one in play(case, catalogue) if one.key.rule == case.rule]
        wrong = _difference(case, told)
        if wrong:
            yield f"{case.rule}: {case.name}: {wrong}"


def play(case: Case, catalogue: Catalogue) -> list[Transition]:
    """Return every transition that a case leads to, of its rule and of those it asks about."""
    writer, happenings = Writer(case.stations), list(_happenings(case))
    engine = _engine(case, catalogue, writer.series, writer.sources)
    born_at = case.start_ms - case.followed
    born = [_born(case, born_at, number, _LONG_AGO) for number in range(case.stations)]
    told = engine.advance(born_at, born)
    for measured, several in groupby(_readings(case), lambda one: one.domain in VIRTUAL_MEASURES):
        for readings in _portions(several, 1 if measured else _PORTION):
            now = readings[-1].received
            due = [one for one in happenings if one.at <= now]
            happenings = happenings[len(due) :]
            if measured:
                told += engine.advance(now, due)
                told += engine.observe([_observed(one) for one in readings], now)
            else:
                told += engine.take(writer.batch(readings), due)
    for one in happenings:
        told += engine.advance(one.at, [one])
    last = max([engine.clock, *(case.start_ms + at for entry in case.input for at, _ in entry.readings())])
    return told + engine.advance(last + case.after)


def _portions(readings: Iterable[Reading], size: int) -> Iterator[list[Reading]]:
    left = iter(readings)
    while portion := list(islice(left, size)):
        yield portion


def _engine(case: Case, catalogue: Catalogue, series: Sequence[Series], sources: Sources) -> Engine:
    said = case.station.model_dump(exclude_none=True)
    specs = [
        StationSpec.model_validate({"station_id": station_name(number), "region": "case", **said})
        for number in range(case.stations)
    ]
    facts = Facts(series, sources, Registry(specs), catalogue.parameter)
    return Engine(_with_asked(catalogue.rules[case.rule], catalogue), facts)


def _with_asked(rule: Rule, catalogue: Catalogue) -> list[Rule]:
    asked = [name for _, part in walk(rule) if isinstance(part, AlertOpen) for name in part.alert]
    others = [catalogue.rules[name] for name in asked if name in catalogue.rules]
    return [rule, *(one for other in others for one in _with_asked(other, catalogue))]


def _readings(case: Case) -> list[Reading]:
    readings = [
        _reading(entry, case.start_ms + at, number, said)
        for entry in case.input
        if entry.happens is None
        for at, said in entry.readings()
        for number in range(entry.stations)
    ]
    readings.sort(key=lambda one: (one.received, one.ts))
    return readings


def _reading(entry: Input, ts: int, station: int, said: Mapping[str, object]) -> Reading:
    domain = str(entry.domain)
    received = ts + (0 if domain in VIRTUAL_MEASURES else _ON_THE_WAY_MS + entry.late)
    fields = _fields(entry, said)
    return Reading(received, ts, station, domain, entry.device, fields, received + entry.ahead, entry.clock)


def _observed(reading: Reading) -> Observation:
    """Return what the gateway measured, of itself or of a station."""
    fields = cast("Mapping[str, float | bool]", reading.fields)
    if reading.domain == "platform":
        return Observation(OWN_STATION, reading.domain, reading.device, fields)
    return Observation(station_name(reading.station), reading.domain, "", fields)


def _fields(entry: Input, said: Mapping[str, object]) -> dict[str, object]:
    fields = dict(said)
    if entry.event is not None:
        fields["event"] = split(entry.event).field
    if entry.quality is not None:
        fields["quality"] = entry.quality
    return fields


def _happenings(case: Case) -> Iterator[JournalRow]:
    """Yield what befalls links; boots are numbered, the one that ran before the case is the first."""
    boots = [_LONG_AGO]
    entries = [(at, entry) for entry in case.input if entry.happens for at, _ in entry.readings()]
    for at, entry in sorted(entries, key=lambda one: one[0]):
        now = case.start_ms + at
        if entry.happens == "boot":
            boots.append(str(ULID.from_timestamp(now / 1000)))
        boot = boots[-2] if entry.happens == "old_boot" and len(boots) > 1 else boots[-1]
        for number in range(entry.stations):
            if entry.happens in {"lost", "stopped"}:
                yield JournalRow(
                    now, Happening.WILL, station_name(number), {"state": entry.happens, "session": 1}
                )
            else:
                yield _born(case, now, number, boot)


def _born(case: Case, now: int, number: int, boot: str) -> JournalRow:
    said = {"boot_id": boot, "session": 1, "devices": [], "station": case.rule}
    return JournalRow(now, Happening.BIRTH, station_name(number), said)


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
