"""Stations that are not where `stations.yaml` says."""

from gateway.alerting.listed_regions import ListedRegions
from gateway.domain.fleet import Fleet
from gateway.domain.registry import Registry, StationSpec
from tests.unit.alerting.response.desk import NOON

REGISTRY = Registry([StationSpec(station_id="louxing-07", region="louxing")])


def born(fleet: Fleet, region: str, session: int = 1) -> None:
    fleet.birth("louxing-07", region, session, NOON, retained=False)


def told(regions: ListedRegions) -> list[tuple[str, object]]:
    return [(one.station_id, one.fields["region_as_listed"]) for one in regions.observations()]


def test_a_station_born_elsewhere_is_told_until_it_is_born_where_it_is_listed() -> None:
    fleet = Fleet()
    regions = ListedRegions(fleet, REGISTRY)
    born(fleet, "shuangfeng")
    assert told(regions) == told(regions) == [("louxing-07", False)]
    born(fleet, "louxing", session=2)
    assert told(regions) == [("louxing-07", True)]
    assert told(regions) == []
    born(fleet, "shuangfeng", session=3)
    assert told(regions) == [("louxing-07", False)]


def test_nothing_is_told_of_a_station_nobody_heard() -> None:
    fleet = Fleet()
    fleet.expect("louxing-07", "louxing", "Asia/Shanghai")
    assert told(ListedRegions(fleet, REGISTRY)) == []


def test_a_station_without_an_entry_may_be_anywhere() -> None:
    fleet = Fleet()
    born(fleet, "shuangfeng")
    assert told(ListedRegions(fleet, Registry())) == [("louxing-07", True)]


def test_without_a_birth_the_region_of_its_frames_counts() -> None:
    fleet = Fleet()
    fleet.expect("louxing-07", "louxing", "Asia/Shanghai")
    fleet.heard("louxing-07", "shuangfeng", NOON, fresh=True, best_effort=True)
    assert told(ListedRegions(fleet, REGISTRY)) == [("louxing-07", False)]
