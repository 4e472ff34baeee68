"""The last value of every field, and the count of people, from batches in order of receipt."""

from collections.abc import Mapping

from gateway.batch.latest import Latest
from gateway.batch.numbering import Series, SeriesIndex, Source, Sources
from gateway.domain.occupancy import Occupancy
from gateway.ingest.people import AGAIN_MS, PeopleWatch
from tests.unit.gateway_ingest.ticks import NOW, STATION, STREAM, Desk, payload


class Watched(Desk):
    """A desk whose batches reach what lives in memory."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.latest = Latest(self.series)
        self.people = PeopleWatch(self.series, self.fleet)
        self.seq = 0

    def say(self, *readings: dict[str, object], domain: str = "power") -> None:
        """Let one frame a reading come, all in one batch."""
        frames = []
        for reading in readings:
            self.seq += 1
            frames.append(payload(self.seq, {domain: [{"device": "main", "ts": NOW, **reading}]}))
        batch = self.batch(*frames)
        self.latest.update(batch)
        self.people.observe(batch)

    def fields(self) -> dict[str, object]:
        [last] = self.latest.devices(STATION)
        return last.fields


def test_it_keeps_the_last_value_of_every_field() -> None:
    desk = Watched()
    desk.say({"voltage_v": 1.0})
    desk.say({"current_a": 3.0, "ts": NOW - 10}, {"voltage_v": 2.0, "ts": NOW + 0})
    assert desk.fields() == {"voltage_v": 2.0}, "a reading older than the newest changes nothing"
    desk.say({"current_a": 3.0})
    assert desk.fields() == {"voltage_v": 2.0, "current_a": 3.0}


def test_it_takes_the_newest_of_a_batch_that_came_out_of_order() -> None:
    desk = Watched()
    desk.say(
        {"voltage_v": 3.0, "ts": NOW - 1},
        {"voltage_v": 1.0, "ts": NOW - 9},
        {"current_a": 5.0, "ts": NOW - 5},
    )
    [last] = desk.latest.devices(STATION)
    assert (last.ts, last.fields) == (NOW - 1, {"voltage_v": 3.0, "current_a": 5.0})


def test_it_takes_the_later_of_two_in_one_millisecond() -> None:
    desk = Watched()
    desk.say({"voltage_v": 1.0}, {"voltage_v": 2.0})
    assert desk.fields() == {"voltage_v": 2.0}


def test_it_keeps_every_type_as_it_was_said() -> None:
    desk = Watched()
    desk.say({"hvac_on": True}, domain="facility")
    desk.say({"co2_ppm": 612, "air_temp_celsius": 24.5}, domain="environment")
    said = {last.domain: last.fields for last in desk.latest.devices(STATION)}
    assert said == {"facility": {"hvac_on": True}, "environment": {"co2_ppm": 612, "air_temp_celsius": 24.5}}
    assert {type(value) for value in said["environment"].values()} == {int, float}


def test_it_names_suspects_until_a_reading_has_none() -> None:
    desk = Watched()
    desk.say({"voltage_v": 9_999.0})
    [last] = desk.latest.devices(STATION)
    assert last.suspect == ("voltage_v",)
    desk.say({"voltage_v": 230.0})
    [last] = desk.latest.devices(STATION)
    assert last.suspect == ()


def test_it_knows_nothing_of_a_station_that_never_spoke() -> None:
    assert list(Watched().latest.devices("louxing-99")) == []


# -- people


class Listening(Occupancy):
    """A count that remembers what it was told of a zone."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, object]] = []

    def observe(self, device: str, ts: int, fields: Mapping[str, object], epoch: int | None = None) -> None:
        self.seen.append((ts, fields["zone_occupied"]))
        super().observe(device, ts, fields, epoch)


def totals(desk: Watched, people_in: int, people_out: int, ts: int = NOW) -> None:
    desk.say({"people_in_total": people_in, "people_out_total": people_out, "ts": ts}, domain="occupancy")


def inside(desk: Watched) -> int | None:
    return desk.fleet.station(STATION).occupancy.inside


def test_it_counts_people_from_totals() -> None:
    desk = Watched()
    totals(desk, 10, 10, NOW - 3_000)
    totals(desk, 13, 11, NOW - 2_000)
    assert inside(desk) == 2


def test_it_follows_a_zone_that_is_entered_and_left_in_one_batch() -> None:
    """A backlog brings hours of a station at once; what it says last must be what is known."""
    desk = Watched()
    occupancy = desk.fleet.station(STATION).occupancy = Listening()
    for ts, *values in [
        (1, False),
        (2, True, False),
        (9, False),
        (2 + AGAIN_MS, False),
        (3 + AGAIN_MS, False),
    ]:
        start = NOW - 10 * AGAIN_MS + ts
        said: list[dict[str, object]] = [
            {"zone_occupied": value, "ts": start + place} for place, value in enumerate(values)
        ]
        desk.say(*said, domain="occupancy")
    start = NOW - 10 * AGAIN_MS
    assert occupancy.seen == [
        (start + 1, False),
        (start + 2, True),
        (start + 3, False),
        # what says nothing new is passed on once a minute: time alone can settle a count
        (start + 3 + AGAIN_MS, False),
    ]


def test_it_does_not_count_a_suspect_total() -> None:
    desk = Watched()
    totals(desk, 10, 10, NOW - 3_000)
    totals(desk, -5, 11, NOW - 2_000)
    totals(desk, 12, 11, NOW - 1_000)
    assert inside(desk) == 1


# -- numbers


def test_numbers_outlive_the_process_that_gave_them() -> None:
    desk = Watched()
    desk.say({"voltage_v": 1.0})
    series, sources = SeriesIndex(desk.series.known), Sources(desk.sources.known)
    again = Desk(sources, series)
    batch = again.batch(payload(9))
    assert batch.samples["power"]["series"].to_pylist() == [0]
    assert list(series.beyond(1)) == []
    assert list(sources.beyond(0)) == [(0, Source("louxing", STATION, STREAM))]
    assert series.of_station(STATION) == [(0, Series(STATION, "power", "main"))]
