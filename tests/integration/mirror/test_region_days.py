"""Days of regions: the server's own sums, told again when something came late, and no trouble to others."""

from collections.abc import Mapping

from gateway.timeseries.mirror.lines import line
from gateway.timeseries.mirror.region_days import LEAST_MS, MOST_MS, RegionDays
from gateway.timeseries.mirror.server import Influx
from tests.integration.mirror.house import House
from tests.support.influx import Influx as Server
from tests.support.waiting import until_sync
from tests.unit.gateway_ingest.ticks import NOW
from wire.influx import NS_A_MS, STATIONS, VISITS, Measurement, Tier, rollup

HOUR = 3_600_000
MIDNIGHT = NOW - (NOW + 8 * HOUR) % (24 * HOUR)
"""In Shanghai."""
POWER = rollup("power", Tier.DAY)


def told(
    house: House,
    measurement: Measurement,
    station: str,
    at: int,
    fields: Mapping[str, object],
    device: str | None = None,
) -> None:
    """Write one point as the mirror does."""
    tags = {"region": station.partition("-")[0], "station": station, "device": device}
    said = line(measurement, tags, fields, at * NS_A_MS)
    assert said is not None
    with Influx(house.settings) as client:
        client.write(measurement.policy, said.encode())


def visited(house: House, station: str, at: int, visits: float) -> None:
    told(house, STATIONS, station, NOW, {"state": "online"})
    told(house, VISITS["1d"], station, at, {"visits": visits, "low": visits - 1, "high": visits + 1})


def days(server: Server) -> dict[tuple[str, int], dict[str, float]]:
    """Return the values of the server's days of regions."""
    rows = server.query("SELECT * FROM rollups.regions_1d")
    return {
        (row.pop("region"), row.pop("time") // NS_A_MS): {
            name: value for name, value in row.items() if name != "name" and value is not None
        }
        for row in rows
    }


def test_it_sums_up_the_days_of_every_region_and_only_their_main_meters(house: House, server: Server) -> None:
    house.arrange()
    for station, visits in (("a-0", 10.0), ("a-1", 5.0), ("b-0", 7.0)):
        visited(house, station, MIDNIGHT, visits)
    visited(house, "a-0", MIDNIGHT - 24 * HOUR, 3.0)
    for device, used in (("main.l1", 4.0), ("main.l2", 2.5), ("circuit.light", 1.0), ("mainly", 9.0)):
        told(house, POWER, "a-0", MIDNIGHT, {"energy_import_kwh_total_increase": used}, device)
    told(house, rollup("water", Tier.DAY), "b-0", MIDNIGHT, {"water_volume_m3_total_increase": 0.5}, "main")
    with house.mirroring():
        until_sync(lambda: len(days(server)) == 3, 20, "the days of both regions")
    assert days(server) == {
        ("a", MIDNIGHT): {"visits": 15, "low": 13, "high": 17, "energy_kwh": 6.5},
        ("a", MIDNIGHT - 24 * HOUR): {"visits": 3, "low": 2, "high": 4},
        ("b", MIDNIGHT): {"visits": 7, "low": 6, "high": 8, "water_m3": 0.5},
    }


def test_it_sums_up_again_what_came_late_and_never_half_a_day(house: House, server: Server) -> None:
    house.arrange()
    first = MIDNIGHT - 32 * 24 * HOUR
    for hour in (0, 20):
        visited(house, "a-0", first + hour * HOUR, 4.0)
    now = NOW
    with Influx(house.settings) as client:
        source = RegionDays(client, lambda: now)

        def sum_up() -> int:
            portion, written = source.read(house.store.cursor, -1), 0
            while portion is not None:
                for policy, lines in portion.lines.items():
                    client.write(policy, "".join(lines.to_pylist()).encode())
                portion, written = source.read(house.store.cursor, -1), written + 1
            return written

        assert sum_up() == 1
        assert days(server)["a", first]["visits"] == 8
        visited(house, "a-1", first + HOUR, 2.0)
        assert sum_up() == 0
        now = NOW + LEAST_MS
        assert sum_up() == 1
    assert days(server)["a", first]["visits"] == 10


def test_it_is_no_trouble_to_others_when_the_server_cannot_sum(house: House, server: Server) -> None:
    house.arrange()
    visited(house, "a-0", MIDNIGHT, 4.0)
    now = NOW
    with Influx(house.settings) as client:
        source = RegionDays(client, lambda: now)
        server.stop()
        assert source.read(house.store.cursor, -1) is None
        server.start()
        assert source.read(house.store.cursor, -1) is None
        now = NOW + LEAST_MS
        assert source.read(house.store.cursor, -1) is not None


def test_it_waits_the_longer_the_longer_a_round_took(house: House, server: Server) -> None:
    house.arrange()
    for station in ("a-0", "b-0"):
        visited(house, station, MIDNIGHT, 4.0)
    now = NOW
    with Influx(house.settings) as client:
        source = RegionDays(client, lambda: now)
        assert source.read(house.store.cursor, -1) is not None
        now = NOW + 10_000
        assert source.read(house.store.cursor, -1) is not None
        asked = server.asked
        now += 1_000_000 - 1
        assert source.read(house.store.cursor, -1) is None
        assert server.asked == asked
        now += 1
        assert source.read(house.store.cursor, -1) is not None
        now += MOST_MS
        assert source.read(house.store.cursor, -1) is not None
        now += MOST_MS
        assert source.read(house.store.cursor, -1) is not None
