"""Visits beside the readings: as reports tell them, and told again when something new is known."""

from datetime import date

from gateway.domain.local_time import DAY_MS, HOUR_MS
from gateway.queries.reports.mirror_sources import sources_of
from gateway.queries.reports.mirrored import PastVisits
from gateway.queries.reports.period import begin_of
from gateway.timeseries import changes
from gateway.timeseries.mirror.portion import Portion
from gateway.timeseries.mirror.positions import BEGINNING, DONE
from tests.integration.mirror.house import Further, House
from tests.integration.mirror.test_other_sources import START, roll, rows, say
from tests.support.influx import Influx
from tests.support.waiting import until_sync
from tests.unit.gateway_reports.lived import LEDGER, station

HERE = station()


def reckoned(house: House) -> Further:
    """Return what reckons the visits of one station."""
    stations = {HERE.station_id: HERE}
    return sources_of(LEDGER, lambda: stations, house.state.publications, lambda: house.now)


def count_people(house: House, begin: int, total: int) -> None:
    """Let one person more a minute come in for an hour, and go at once."""
    for minute in range(60):
        entries = total + minute
        said = {"device": "front-door", "people_in_total": entries, "people_out_total": entries}
        say(house, begin + minute * 60_000, occupancy=said)


def reach(house: House, hours: int) -> None:
    """Let it be so many hours after the start, and all that came be rolled up."""
    house.now = START + hours * HOUR_MS
    roll(house, house.now)


def visits(server: Influx, begin: int) -> float:
    return float(str(rows(server, "rollups.visits_1h").get(begin, {}).get("visits", -1)))


def test_it_mirrors_visits_and_tells_their_month_again_when_more_is_known(
    house: House, server: Influx
) -> None:
    house.arrange()
    count_people(house, START, 1_000)
    reach(house, 2)
    with house.mirroring(reckoned(house)):
        until_sync(lambda: visits(server, START) > 40, 30, "visits of the first hour")
        hour = rows(server, "rollups.visits_1h")[START]
        assert float(str(hour["low"])) <= visits(server, START) <= float(str(hour["high"]))
        assert (hour["method"], hour["station"], hour["region"]) == ("counter", "louxing-07", "louxing")
        count_people(house, START + HOUR_MS, 1_060)
        reach(house, 3)
        until_sync(lambda: visits(server, START + HOUR_MS) > 40, 30, "visits of the second hour")
    [month] = rows(server, "rollups.visits_1mo").values()
    told = rows(server, "rollups.visits_1h").values()
    assert float(str(month["visits"])) == sum(float(str(one.get("visits", 0))) for one in told)


def live_three_months(house: House) -> int:
    """Let people come ten and five weeks ago and today, have the log forget; return when they first came."""
    long_ago = START - 70 * DAY_MS
    for n, begin in enumerate((long_ago, START - 35 * DAY_MS, START)):
        count_people(house, begin, 1_000 + 60 * n)
    reach(house, 2)
    forget(house)
    return long_ago


def forget(house: House) -> None:
    with house.store.cursor() as cursor:
        changes.forget(cursor, house.now + changes.KEEP_MS + DAY_MS)


def until_all_told(house: House) -> None:
    until_sync(lambda: house.place(PastVisits.name) == DONE, 30, "every month told")


def test_it_tells_a_mirror_that_begins_of_every_month_the_store_holds(house: House, server: Influx) -> None:
    house.arrange()
    long_ago = live_three_months(house)
    with house.mirroring(reckoned(house)):
        until_all_told(house)
    assert visits(server, long_ago) > 40
    assert visits(server, START) > 40
    months = rows(server, "rollups.visits_1mo")
    assert sorted(months) == [begin_of(date(2026, month, 1), HERE.tz) for month in range(9, 12)]


def test_it_goes_on_with_the_month_it_had_come_to(house: House, server: Influx) -> None:
    house.arrange()
    long_ago = live_three_months(house)
    place = BEGINNING
    told: list[Portion] = []
    source = PastVisits(LEDGER, lambda: {HERE.station_id: HERE}, lambda: house.now)
    while len(told) < 2:
        portion = source.read(house.store.cursor, place)
        assert portion is not None
        place = portion.upto
        told += [portion] if portion.lines else []
    house.places().advance(PastVisits.name, place)
    with house.store.cursor() as cursor:
        house.places().advance("visits", changes.newest(cursor))
    with house.mirroring(reckoned(house)):
        until_all_told(house)
    assert visits(server, START) > 40
    assert visits(server, long_ago) == -1


def test_it_tells_all_months_again_when_the_log_has_forgotten_what_it_had_not_read(
    house: House, server: Influx
) -> None:
    house.arrange()
    count_people(house, START, 1_000)
    reach(house, 2)
    with house.mirroring(reckoned(house)):
        until_all_told(house)
    late = START - 35 * DAY_MS
    count_people(house, late, 900)
    roll(house, house.now)
    forget(house)
    count_people(house, START + HOUR_MS, 1_060)
    reach(house, 3)
    with house.mirroring(reckoned(house)):
        until_sync(lambda: visits(server, late) > 40, 30, "visits that only the store knows of")
