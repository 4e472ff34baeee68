"""Visits beside the readings: as reports tell them, and told again when something new is known."""

from gateway.domain.local_time import HOUR_MS
from gateway.queries.reports.mirrored import Visits
from tests.integration.mirror.house import House
from tests.integration.mirror.test_other_sources import START, roll, rows, say
from tests.support.influx import Influx
from tests.support.waiting import until_sync
from tests.unit.gateway_reports.lived import LEDGER, station

HERE = station()


def count_people(house: House, begin: int, total: int) -> None:
    """Let one person more a minute come in for an hour, and go at once."""
    for minute in range(60):
        entries = total + minute
        said = {"device": "front-door", "people_in_total": entries, "people_out_total": entries}
        say(house, begin + minute * 60_000, occupancy=said)


def visits(server: Influx, begin: int) -> float:
    return float(str(rows(server, "rollups.visits_1h").get(begin, {}).get("visits", -1)))


def test_it_mirrors_visits_and_tells_their_month_again_when_more_is_known(
    house: House, server: Influx
) -> None:
    house.arrange()
    count_people(house, START, 1_000)
    house.now = START + 2 * HOUR_MS
    roll(house, house.now)
    with house.mirroring(Visits(LEDGER, lambda: {HERE.station_id: HERE}, lambda: house.now)):
        until_sync(lambda: visits(server, START) > 40, 30, "visits of the first hour")
        hour = rows(server, "rollups.visits_1h")[START]
        assert float(str(hour["low"])) <= visits(server, START) <= float(str(hour["high"]))
        assert (hour["method"], hour["station"], hour["region"]) == ("counter", "louxing-07", "louxing")
        count_people(house, START + HOUR_MS, 1_060)
        house.now = START + 3 * HOUR_MS
        roll(house, house.now)
        until_sync(lambda: visits(server, START + HOUR_MS) > 40, 30, "visits of the second hour")
    [month] = rows(server, "rollups.visits_1mo").values()
    told = rows(server, "rollups.visits_1h").values()
    assert float(str(month["visits"])) == sum(float(str(one.get("visits", 0))) for one in told)
