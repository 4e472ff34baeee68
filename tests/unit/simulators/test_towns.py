from __future__ import annotations

import re

from simulators.archetypes import ARCHETYPES
from simulators.towns import LOUXING, make_fleet, stations_yaml_rows
from tests.unit.simulators.stories import HOUR_MS, MIDNIGHT_MS
from wire.topics import DEVICE_PATTERN, STATION_ID_PATTERN


def test_louxing_has_37_stations_five_of_them_smart() -> None:
    assert [site.station_id for site in LOUXING] == [f"louxing-{n:02}" for n in range(1, 38)]
    assert sum(site.is_smart for site in LOUXING) == 5
    assert len({site.zh for site in LOUXING}) == len({site.en for site in LOUXING}) == 37
    assert all(27.5 < site.lat < 27.95 and 111.8 < site.lon < 112.2 for site in LOUXING)
    assert {site.archetype for site in LOUXING} == set(ARCHETYPES)


def test_a_row_of_stations_yaml_names_roles_for_devices() -> None:
    row = stations_yaml_rows()[2]
    assert row["profile"] == "trucker_home"
    assert row["open"] == [{"days": "mon-sun", "from": "00:00", "to": "24:00"}]
    devices = row["devices"]
    assert isinstance(devices, dict)
    assert devices["main.l1"] == {"role": "main_meter", "limits": {"breaker_a": 100}}
    assert devices["hot-tank"] == {"role": "hot_tank"}
    assert devices["lounge"] == {"role": "seating", "zone": "lounge"}
    assert devices["shower-1"] == {"role": "shower"}
    assert devices["front-door"] == {"role": "door"}
    assert all(re.search(DEVICE_PATTERN, name) for name in devices)


def test_a_fleet_is_as_large_as_asked_and_the_same_again() -> None:
    fleet = make_fleet(500, 7)
    assert fleet == make_fleet(500, 7)
    assert len({site.station_id for site in fleet}) == 500
    assert {site.region for site in fleet} == {"sim"}
    assert all(re.search(STATION_ID_PATTERN, site.station_id) for site in fleet)


def test_a_site_comes_to_life() -> None:
    readings = LOUXING[7].simulate(1, MIDNIGHT_MS).advance(MIDNIGHT_MS + HOUR_MS)
    assert readings
