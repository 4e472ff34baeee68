"""What goes wrong while one watches, and that it does so at stations that are there for it."""

import io

from rich.console import Console

from simulators.archetypes import ARCHETYPES
from simulators.faults import parse_fault
from simulators.towns import LOUXING
from yizhan.demo.story import Narrator
from yizhan.demo.town import HISTORY_MS, REAL_AGENTS
from yizhan.demo.troubles import TROUBLES, Troubles

START_MS = 1_763_790_000_000
LIVE_MS = START_MS + HISTORY_MS + 70_000


def test_everything_happens_within_two_minutes_of_live_time_at_stations_of_real_agents() -> None:
    with_agents = {site.station_id: site for site in LOUXING[:REAL_AGENTS]}
    assert len({one.station_id for one in TROUBLES}) == len(TROUBLES) == 3
    for one in TROUBLES:
        fault = parse_fault(one.written(START_MS, LIVE_MS), START_MS)
        assert LIVE_MS < fault.start_ms < LIVE_MS + 120_000
        assert one.station_id in with_agents
    kinds = {one.fault: ARCHETYPES[with_agents[one.station_id].archetype] for one in TROUBLES}
    assert kinds["F02"].has_leak_cable
    assert kinds["F08"].has_ups


def test_the_station_whose_link_is_cut_has_no_other_trouble() -> None:
    assert LOUXING[REAL_AGENTS - 1].station_id not in {one.station_id for one in TROUBLES}


def test_it_tells_of_each_once_when_it_begins() -> None:
    said = io.StringIO()
    troubles = Troubles(START_MS, Narrator(Console(file=said)))
    written = [troubles.at(site, LIVE_MS) for site in LOUXING[:REAL_AGENTS]]
    assert [one is not None for one in written] == [True, True, False, True, False]
    troubles.step(LIVE_MS)
    assert said.getvalue() == ""
    for now_ms in (LIVE_MS + 21_000, LIVE_MS + 21_200):
        troubles.step(now_ms)
    assert said.getvalue().count("强行开门") == 1
    troubles.step(LIVE_MS + 120_000)
    assert said.getvalue().count("⚠") == 3
