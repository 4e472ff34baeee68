"""Published reports: figures as they were frozen, new versions over old ones, small cells hidden."""

from collections.abc import Sequence

from gateway.domain.local_time import DAY_MS
from gateway.queries.reports.mirror_sources import sources_of
from gateway.queries.reports.mirrored_figures import Published
from gateway.queries.reports.period import Period
from gateway.queries.reports.table import Row
from gateway.state.publications import Publication
from tests.integration.mirror.house import Further, House
from tests.integration.mirror.test_other_sources import rows
from tests.support.influx import Influx
from tests.support.waiting import until_sync
from tests.unit.gateway_reports.lived import LEDGER, NOVEMBER, station

HERE, ELSEWHERE = station(), station("louxing-08", tz="Europe/Berlin")


def published(house: House) -> Further:
    """Return what mirrors the reports about two stations."""
    stations = {one.station_id: one for one in (HERE, ELSEWHERE)}
    return sources_of(LEDGER, lambda: stations, house.state.publications, lambda: house.now)


def publish(house: House, kind: str, told: Sequence[Row], period: str = "2026-11", version: int = 1) -> None:
    one = Publication(kind, period, "louxing", version, house.now, "li", list(told), [])
    assert house.state.publications.add(one)


def used(station_id: str, kwh: float, cost: float | None = 9.5) -> Row:
    return {
        "region": "louxing",
        "station_id": station_id,
        "name_zh": "驿站",
        "name_en": "Station",
        "energy_kwh": kwh,
        "cost": cost,
        "visits": 310,
        "completeness": 0.98,
        "note": "",
    }


def came(level: str, start: str, visits: int, station_id: str | None = HERE.station_id) -> Row:
    return {
        "region": "louxing",
        "station_id": station_id,
        "level": level,
        "start": start,
        "visits": visits,
        "low": visits - 1,
        "high": visits + 1,
        "method": "counter",
        "note": "",
    }


AT_FIRST = [used(HERE.station_id, 410), used(ELSEWHERE.station_id, 55.5)]


def until_told(house: House) -> None:
    end = house.state.publications.newest()
    until_sync(lambda: house.place(Published.name) == end, 30, "every version told")


def test_it_mirrors_a_published_month_at_its_beginning_in_the_clock_of_each_station(
    house: House, server: Influx
) -> None:
    house.arrange()
    publish(house, "resources", AT_FIRST)
    with house.mirroring(published(house)):
        until_told(house)
    told = rows(server, "rollups.reports")
    berlin, _ = Period.parse("2026-11").span(ELSEWHERE.tz)
    assert sorted(told) == [NOVEMBER, berlin]
    said = told[NOVEMBER]
    assert (said["kind"], said["period"], said["station"]) == ("resources", "month", HERE.station_id)
    assert (said["energy_kwh"], said["cost"], said["version"]) == (410.0, 9.5, 1)
    assert told[berlin]["energy_kwh"] == 55.5


def test_it_writes_a_new_version_over_the_one_before_and_says_what_was_withdrawn(
    house: House, server: Influx
) -> None:
    house.arrange()
    publish(house, "resources", AT_FIRST)
    with house.mirroring(published(house)):
        until_told(house)
        publish(house, "resources", [used(HERE.station_id, 402.5, None)], version=2)
        until_told(house)
    told = rows(server, "rollups.reports")
    assert len(told) == 2
    here = told.pop(NOVEMBER)
    assert (here["energy_kwh"], here["cost"], here["withdrawn"], here["version"]) == (402.5, 0, "cost", 2)
    [gone] = told.values()
    assert (gone["energy_kwh"], gone["visits"], gone["version"]) == (0, 0, 2)
    assert set(str(gone["withdrawn"]).split()) == {"completeness", "cost", "energy_kwh", "note", "visits"}
    publish(house, "resources", [used(HERE.station_id, 402.5, 9.0)], version=3)
    with house.mirroring(published(house)):
        until_told(house)
    again = rows(server, "rollups.reports")[NOVEMBER]
    assert (again["cost"], again["withdrawn"]) == (9.0, "")


def test_it_can_be_asked_for_the_figures_that_still_hold(house: House, server: Influx) -> None:
    house.arrange()
    publish(house, "resources", AT_FIRST)
    publish(
        house, "resources", [used(HERE.station_id, 402.5, None), used(ELSEWHERE.station_id, 55.5)], version=2
    )
    publish(house, "resources", [used(HERE.station_id, 99)], "2026-10")
    with house.mirroring(published(house)):
        until_told(house)
    asked = """SELECT "cost" FROM "rollups"."reports" WHERE "kind" = 'resources' AND "withdrawn" !~ """
    assert [row["time"] // 1_000_000 for row in server.query(asked + r"/\bcost\b/")] == [
        Period.parse("2026-10").span(HERE.tz)[0],
        Period.parse("2026-11").span(ELSEWHERE.tz)[0],
    ]


def test_it_mirrors_no_figure_of_an_hour_and_none_that_is_hidden_from_the_public(
    house: House, server: Influx
) -> None:
    house.arrange()
    hours = [came("hour", f"2026-11-20T{hour:02}:00+08:00", 1 + hour % 2) for hour in range(24)]
    publish(house, "visits", [came("day", "2026-11-20", 36), *hours], "2026-11-20")
    week: Row = {"region": "louxing", "station_id": HERE.station_id, "note": ""}
    utilised = [
        {**week, "weekday": "all", "hour": None, "visits": 36},
        {**week, "weekday": "fri", "hour": 3, "visits": 1},
    ]
    publish(house, "utilisation", utilised)
    with house.mirroring(published(house)):
        until_told(house)
    told = server.query('SELECT * FROM "rollups"."reports"')
    assert sorted((row["kind"], row["period"], row["visits"]) for row in told) == [
        ("utilisation", "month", 36),
        ("visits", "day", 36),
    ]
    assert {row["time"] for row in told if row["kind"] == "visits"} == {(NOVEMBER + 19 * DAY_MS) * 1_000_000}


def test_it_mirrors_what_is_published_after_an_older_state_was_restored(house: House, server: Influx) -> None:
    house.arrange()
    house.places().advance(Published.name, 7)
    with house.mirroring(published(house)):
        publish(house, "resources", [used(HERE.station_id, 410)])
        until_told(house)
        until_sync(lambda: NOVEMBER in rows(server, "rollups.reports"), 30, "the month published since")
