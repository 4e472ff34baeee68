from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.alerting.response.idle_silences import end_idle_silences
from gateway.domain.silences import IDLE_MS, Match, Silence
from tests.integration.api_support import NOW, House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        for rule in ("WA-02", "WA-07"):
            match = Match(station_id="louxing-07", rule=rule)
            house.state.silences.add(Silence(rule, match, "paint", "li", NOW, NOW + 4 * IDLE_MS))
        yield house


def test_it_ends_only_the_silence_that_had_nothing_to_hide_for_a_week(house: House) -> None:
    opened = house.opens("WA-07", "P3")
    house.now += IDLE_MS
    assert end_idle_silences(house.state, house.now - 1) == []
    assert end_idle_silences(house.state, house.now) == ["WA-02"]
    assert [silence.id for silence in house.state.silences.unended(house.now)] == ["WA-07"]
    assert [deed.action for deed in house.state.audit.newest()] == ["silence.end_idle"]
    house.clears("WA-07", "P3", NOW)
    assert not house.state.alerts.get(opened).is_open  # type: ignore[union-attr]
    assert end_idle_silences(house.state, house.now) == ["WA-07"]
