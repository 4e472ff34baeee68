"""Regions for the mirror: sums that leave nobody out, and a list that begins with who needs somebody."""

import pytest

from gateway.timeseries.mirror import regions
from gateway.timeseries.mirror.regions import Described, lines_of, listed, totals

FINE: dict[str, object] = {
    "state": "online",
    "name_zh": "模拟驿站",
    "name_en": "Simulated station",
    "last_seen_age_s": 12.0,
    **dict.fromkeys(("open_p1", "open_p2", "open_p3", "open_p4"), 0),
}


def station(station_id: str, region: str = "louxing", **fields: object) -> Described:
    return Described(region, station_id, FINE | fields)


def order(*stations: Described) -> list[str]:
    return [one.station_id for _, one in listed([stations])]


def test_it_sums_up_what_the_stations_of_a_region_say() -> None:
    told = totals(
        [
            station("a", open_p1=1, people_inside=3, energy_today_kwh=1.5),
            station("b", state="offline", open_p1=2, people_inside=None, energy_today_kwh=2.25),
            station("c", state="late"),
        ]
    )
    assert told["stations"] == 3
    assert [told[state] for state in ("online", "late", "offline", "unknown")] == [1, 1, 1, 0]
    assert (told["open_p1"], told["people_inside"], told["energy_today_kwh"]) == (3, 3, 3.75)


def test_it_does_not_say_nought_of_what_no_station_knows() -> None:
    told = totals([station("a", people_inside=0)])
    assert told["people_inside"] == 0
    assert told["water_today_l"] is None


def test_it_puts_first_who_needs_somebody_first() -> None:
    assert order(
        station("fine"),
        station("never heard", state="unknown", last_seen_age_s=None),
        station("silent", last_seen_age_s=400.0),
        station("one p3", open_p3=1),
        station("one p2", open_p2=1),
        station("one p1", open_p1=1),
        station("two p1", open_p1=2),
    ) == ["two p1", "one p1", "one p2", "one p3", "silent", "fine", "never heard"]


def test_it_lists_the_worst_of_every_region_before_the_second_worst_of_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(regions, "LISTED", 4)
    many = [station(f"a-{number}", "a", open_p1=9 - number) for number in range(5)]
    few = [station("b-0", "b")]
    assert [(place, one.station_id) for place, one in listed([many, few])] == [
        (0, "a-0"),
        (0, "b-0"),
        (1, "a-1"),
        (2, "a-2"),
    ]


def test_it_says_so_in_a_line_a_region_and_a_line_a_place() -> None:
    told = list(lines_of([station("b", "two", open_p2=1, capacity=12), station("a", "one")], 5))
    assert [one.split(" ")[0] for one in told] == [
        "regions,region=two",
        "regions,region=one",
        "worst,region=two,place=0000",
        "worst,region=one,place=0000",
    ]
    assert 'station="b"' in told[2]
    assert "open_p2=1i" in told[2]
    assert all(one.endswith(" 5000000\n") for one in told)
