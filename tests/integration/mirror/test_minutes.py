"""What holds this minute: what regions come to is what their stations say, in the server as well."""

from collections import Counter
from collections.abc import Mapping

from gateway.domain.fleet import Fleet
from gateway.domain.registry import Registry
from gateway.observability import Metrics
from gateway.queries.fleet_list import FleetList
from gateway.queries.minute import Minute
from tests.integration.mirror.house import House
from tests.support.influx import Influx
from tests.support.waiting import until
from tests.unit.gateway_ingest.ticks import NOW
from wire.influx import NS_A_MS

MINUTE_MS = 60_000
ALERTS: Mapping[str, Mapping[str, int]] = {"b-1": {"P1": 2}, "b-0": {"P2": 1}, "a-0": {"P3": 1}}


def told_of(house: House, fleet: Fleet) -> Minute:
    """A gateway's minute, with alerts open at three stations."""
    fleet_list = FleetList(fleet, Registry())
    fleet_list.count_alerts(ALERTS)
    nothing = dict.fromkeys(("received", "late", "missing", "gone", "quarantined"), 0)
    return Minute(fleet, fleet_list, Registry(), Metrics(), lambda _station: nothing, house.store.cursor)


def three_regions() -> Fleet:
    """Return nine stations, three a region, the first of each silent for long."""
    fleet = Fleet()
    fleet.broker_connected(NOW - 60 * MINUTE_MS)
    for region in "abc":
        for number in range(3):
            heard = NOW - (10 * MINUTE_MS if number == 0 else 0)
            fleet.heard(f"{region}-{number}", region, heard, fresh=True)
    return fleet


async def test_it_mirrors_regions_as_what_their_stations_say(house: House, server: Influx) -> None:
    house.arrange()
    minute = told_of(house, three_regions())
    with house.mirroring() as mirroring:
        mirroring.minutes.offer(NOW, await minute.lines(NOW))
        await until(lambda: len(server.query("SELECT * FROM worst")) == 9, seconds=20)
    stations, regions = server.query("SELECT * FROM stations"), server.query("SELECT * FROM regions")
    assert Counter(row["region"] for row in stations) == {row["region"]: row["stations"] for row in regions}
    for region in regions:
        there = [row for row in stations if row["region"] == region["region"]]
        for state in ("online", "late", "offline", "unknown"):
            assert region[state] == sum(row["state"] == state for row in there)
        for severity in ("open_p1", "open_p2", "open_p3", "open_p4"):
            assert region[severity] == sum(row[severity] for row in there)
    assert [row["offline"] for row in regions] == [1, 1, 1]


async def test_it_lists_first_who_needs_somebody_and_forgets_where_one_stood(
    house: House, server: Influx
) -> None:
    house.arrange()
    minute = told_of(house, three_regions())
    with house.mirroring() as mirroring:
        mirroring.minutes.offer(NOW, await minute.lines(NOW))
        minute.fleet_list.count_alerts({"b-2": {"P1": 1}})
        mirroring.minutes.offer(NOW + MINUTE_MS, await minute.lines(NOW + MINUTE_MS))
        await until(lambda: len(server.query("SELECT * FROM worst")) == 18, seconds=20)
    of_b = "SELECT station FROM worst WHERE region = 'b' GROUP BY place"
    told = server.query(of_b)
    newest = server.query(f"{of_b} ORDER BY time DESC LIMIT 1")
    before = {row["place"]: row["station"] for row in told if row["time"] == NOW * NS_A_MS}
    assert before == {"0000": "b-1", "0001": "b-0", "0002": "b-2"}
    assert {row["place"]: row["station"] for row in newest} == {"0000": "b-2", "0001": "b-0", "0002": "b-1"}
