"""What Grafana puts into a query before InfluxDB sees it."""

import pytest

from dashboards.asking import Chosen, asked, interval_s, seconds_of
from dashboards.boards import fleet
from dashboards.influxql import ZONE, call, field
from gateway.domain.registry import DEFAULT_TZ
from wire.influx import STATIONS

HOUR = Chosen(0, 3_600_000, {"station": ("louxing-01",), "device": ("main.l1", "a/b"), "region": None})


def test_it_puts_one_value_in_as_it_is_and_several_as_alternatives() -> None:
    assert asked("=~ /^${station:regex}$/", HOUR) == "=~ /^louxing-01$/"
    assert asked("=~ /^${device:regex}$/", HOUR) == r"=~ /^(main\.l1|a\/b)$/"


def test_it_puts_everything_in_as_the_variable_writes_it() -> None:
    assert asked("=~ /^${region:regex}$/", HOUR) == "=~ /^.*$/"


def test_it_bounds_the_time_on_both_sides() -> None:
    assert asked("WHERE $timeFilter", HOUR) == "WHERE time >= 0ms and time <= 3600000ms"


def test_it_widens_the_steps_with_the_time_and_never_below_the_least() -> None:
    day = Chosen(0, 86_400_000)
    assert interval_s(day) == 120
    assert interval_s(day, 900) == 900
    assert asked("time($__interval)", day) == "time(120s)"


def test_a_panel_with_a_time_of_its_own_counts_back_from_the_end() -> None:
    worst = next(panel for panel in fleet.BOARD.panels if panel.name == "worst")
    assert HOUR.of(worst).since_ms == 3_000_000


def test_it_refuses_a_stretch_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="such as 30d"):
        seconds_of("a while")


def test_its_days_are_those_the_mirror_sums_up() -> None:
    assert ZONE == DEFAULT_TZ


def test_a_name_the_mirror_does_not_have_cannot_be_asked_for() -> None:
    with pytest.raises(KeyError, match="stations has no visitors"):
        field(STATIONS, "visitors")
    assert call(STATIONS, "percentile:90", "capacity") == 'percentile("capacity", 90)'
