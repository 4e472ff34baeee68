"""Published months on the dashboard of visits: as they stand, newest first, and nothing where none is."""

from gateway.domain.registry import DEFAULT_TZ
from gateway.queries.reports.period import Period
from simulators.towns import LOUXING
from tests.integration.dashboards.conftest import Fleet
from tests.integration.dashboards.published import BEFORE, LATEST
from tests.integration.dashboards.test_queries import rows_of
from tests.support.panels import Rows

BEGINS = {month: Period.parse(month).span(DEFAULT_TZ)[0] for month in (BEFORE, LATEST)}
WITHDRAWN, UNHEARD = LOUXING[1].station_id, LOUXING[2].station_id


def published(fleet: Fleet, **variables: tuple[str, ...]) -> Rows:
    return rows_of(fleet, "visits", "published", **variables)


def of_month(rows: Rows, month: str) -> Rows:
    return [row for row in rows if row["Time"] == BEGINS[month]]


def test_it_lists_the_newest_month_first_and_once_with_the_version_that_stands(louxing: Fleet) -> None:
    rows = published(louxing)
    times = [row["Time"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert set(times) == set(BEGINS.values())
    assert {row["version"] for row in of_month(rows, LATEST)} == {2}
    assert {row["version"] for row in of_month(rows, BEFORE)} == {1}


def test_it_shows_each_month_whole_and_of_each_station_once(louxing: Fleet) -> None:
    for month in BEGINS:
        rows = of_month(published(louxing), month)
        [whole] = [row for row in rows if not row["station"]]
        stations = [row for row in rows if row["station"]]
        assert whole["visits"] == sum(row["visits"] or 0 for row in stations) > whole["low"] > 0
        there = {site.station_id for site in louxing.lived.sites}
        left_out = {WITHDRAWN} if month == LATEST else set()
        assert sorted(row["station"] for row in stations) == sorted(there - left_out)


def test_it_lists_a_station_without_a_figure_and_does_not_make_it_nought(louxing: Fleet) -> None:
    none = [(row["Time"], row["station"]) for row in published(louxing) if row["visits"] is None]
    assert none == [(BEGINS[BEFORE], UNHEARD)]
    assert all(row["visits"] != 0 for row in published(louxing))


def test_it_shows_the_months_of_the_stations_somebody_chose_alone(louxing: Fleet) -> None:
    rows = published(louxing, station=("louxing-01",))
    assert [(row["Time"], row["station"]) for row in rows] == [
        (BEGINS[month], "louxing-01") for month in (LATEST, BEFORE)
    ]
    assert not published(louxing, region=("louxing-east",))


def test_it_shows_no_month_where_none_was_published(healthy: Fleet) -> None:
    assert not published(healthy)
