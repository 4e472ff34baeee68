from __future__ import annotations

import pytest

from simulators.archetypes import ARCHETYPES
from simulators.instruments import State, instruments_of
from tests.unit.simulators.stories import day
from wire.measures import EVENT_FIELDS, EVENTS, MEASURES, Kind, Measure

_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float,),
    "bool": (bool,),
    "enum": (str,),
    "words": (list,),
    "text": (str,),
}


def _is_good(measure: Measure, value: object) -> bool:
    if type(value) not in _TYPES[measure.type] or measure.is_suspect(value):
        return False
    words = value if isinstance(value, list) else [value]
    return not measure.values or set(words) <= set(measure.values)


@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_it_speaks_only_words_of_the_wire(archetype: str) -> None:
    for domain, reading in day(archetype).readings:
        fields = {name: value for name, value in reading.items() if name not in {"device", "ts", "event"}}
        event = reading.get("event")
        if event is not None:
            assert event in EVENTS[domain], reading
            known = {each.name: each for each in EVENT_FIELDS[domain]}
            assert fields.keys() <= known.keys(), reading
            assert all(not known[n].values or v in known[n].values for n, v in fields.items()), reading
            continue
        assert fields, reading
        assert all(_is_good(MEASURES[domain][name], value) for name, value in fields.items()), reading


@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_it_reports_every_field_often_enough(archetype: str) -> None:
    for instrument in instruments_of(ARCHETYPES[archetype]):
        for name in instrument.fields:
            measure = MEASURES[instrument.domain][name]
            assert instrument.interval_s <= measure.heartbeat_s, (instrument.device, name)
            assert (measure.kind is Kind.STATE) == isinstance(instrument, State), (instrument.device, name)
