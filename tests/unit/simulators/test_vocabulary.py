from __future__ import annotations

import pytest

from simulators.archetypes import ARCHETYPES
from simulators.instruments import State, instruments_of
from tests.unit.simulators.stories import day
from wire.codec import suspect_fields
from wire.frames import DeviceInfo
from wire.judging import judge_reading, known_part
from wire.measures import MEASURES, Kind


@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_the_gateway_would_take_every_reading_and_suspect_none(archetype: str) -> None:
    readings = day(archetype).readings
    events = [report for report in readings if "event" in report[1]]
    for index, (domain, reading) in enumerate([*events, *readings[::7]]):
        taken = judge_reading(domain, index, reading) == reading and not known_part(domain, reading)[1]
        assert taken, reading
        assert not suspect_fields(domain, reading), reading


@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_its_devices_can_stand_in_a_birth(archetype: str) -> None:
    for device in day(archetype).station.devices:
        assert DeviceInfo(**device._asdict()).facility == device.facility


@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_it_reports_every_field_often_enough(archetype: str) -> None:
    for instrument in instruments_of(ARCHETYPES[archetype]):
        for name in instrument.fields:
            measure = MEASURES[instrument.domain][name]
            assert instrument.interval_s <= measure.heartbeat_s, (instrument.device, name)
            assert (measure.kind is Kind.STATE) == isinstance(instrument, State), (instrument.device, name)
