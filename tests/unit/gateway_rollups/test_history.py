"""What is answered from the tiers is what the readings answer; and what is answered without readings."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.buckets import Every, day_start
from gateway.timeseries import sealed
from gateway.timeseries.asked import Fn, ReadingQuery, StoredReading
from gateway.timeseries.history import FOREVER, told_until
from gateway.timeseries.reader import read
from gateway.timeseries.tables import span_of
from tests.unit.gateway_ingest.ticks import STATION
from tests.unit.gateway_rollups.test_rollups import HOUR, START, House, _hourly, open_house, power

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = 24 * HOUR
MIDNIGHT = day_start(START, SHANGHAI)
FIRST = MIDNIGHT - 21 * DAY
"""2026-11-01 in Shanghai."""
ENERGY = "energy_import_kwh_total"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as opened:
        yield opened


def answer(
    house: House,
    every: Every,
    fn: Fn,
    domain: str = "power",
    **more: Any,  # noqa: ANN401 - fields of a query
) -> list[StoredReading]:
    span: dict[str, Any] = {"start": FIRST, "end": FIRST + 30 * DAY, "tz": SHANGHAI, "limit": 1_000} | more
    return read(house.store.cursor(), ReadingQuery(STATION, domain, every=every, fn=fn, **span))


def by_bucket(found: list[StoredReading], name: str) -> dict[int, object]:
    return {one.position.ts: one.fields[name] for one in found if name in one.fields}


def live(house: House, days: int) -> None:
    """Let a station live: a meter that is read, forgets itself, and once shows nothing."""
    chance = random.Random(3)
    for hour in range(0, days * 24, 5):
        wrong = power(FIRST + hour * HOUR + 31 * 60_000, **{ENERGY: 0.0})
        house.take(
            *_hourly(FIRST + hour * HOUR, hour, chance), *([wrong] if hour % 35 == 0 else []), at=FIRST
        )


@pytest.mark.parametrize("every", [Every.QUARTER, Every.HOUR, Every.DAY])
@pytest.mark.parametrize("offset", [0, 7 * 60_000], ids=["whole", "within a quarter"])
@pytest.mark.parametrize("tz", ["Asia/Shanghai", "UTC"])
def test_tiers_tell_the_same_growth_as_the_readings(house: House, every: Every, offset: int, tz: str) -> None:
    live(house, 6)
    span: dict[str, Any] = {"start": FIRST + offset, "end": FIRST + 5 * DAY + offset, "tz": ZoneInfo(tz)}
    from_readings = answer(house, every, Fn.INCREASE, **span)
    house.roll(FIRST + 8 * DAY)
    assert told_until(house.store.cursor(), "power", [0]) == FOREVER
    assert len(from_readings) >= 5
    assert answer(house, every, Fn.INCREASE, **span) == from_readings


def test_pages_of_growth_hold_every_bucket_once(house: House) -> None:
    live(house, 6)
    house.roll(FIRST + 8 * DAY)
    everything = answer(house, Every.HOUR, Fn.INCREASE)
    page = answer(house, Every.HOUR, Fn.INCREASE, limit=7)
    assert page + answer(house, Every.HOUR, Fn.INCREASE, after=page[-1].position) == everything


def test_what_came_late_counts_before_it_is_rolled_up(house: House) -> None:
    live(house, 6)
    house.roll(FIRST + 8 * DAY)
    before = by_bucket(answer(house, Every.DAY, Fn.INCREASE), ENERGY)
    house.take(power(FIRST + 5 * DAY + 23 * HOUR, **{ENERGY: 300.0}), at=FIRST + 8 * DAY)
    after = by_bucket(answer(house, Every.DAY, Fn.INCREASE), ENERGY)
    assert after != before
    house.roll(FIRST + 9 * DAY)
    assert by_bucket(answer(house, Every.DAY, Fn.INCREASE), ENERGY) == after


def test_months_and_years_are_what_their_days_come_to(house: House) -> None:
    for day in range(-3, 5):
        ts = FIRST + day * DAY
        house.take(power(ts, voltage_v=230.0 + day), power(ts + 22_500, voltage_v=200.0), at=ts)
        smoke = {"device": "hall", "ts": ts, "smoke_alarm": "normal" if day else "test"}
        house.take(("environment", smoke), power(ts + HOUR, **{ENERGY: 100.0 + day}), at=ts)
    house.roll(FIRST + 8 * DAY)
    october, november = FIRST - 31 * DAY, FIRST
    span: dict[str, Any] = {"start": october, "end": FIRST + 30 * DAY}
    assert by_bucket(answer(house, Every.MONTH, Fn.INCREASE, **span), ENERGY) == {october: 2, november: 5}
    assert by_bucket(answer(house, Every.YEAR, Fn.INCREASE, **span), ENERGY) == {
        day_start(1_767_225_600_000 - 8 * HOUR, SHANGHAI): 7
    }
    assert by_bucket(answer(house, Every.MONTH, Fn.MAX, **span), "voltage_v") == {october: 229, november: 234}
    means = by_bucket(answer(house, Every.MONTH, Fn.MEAN, **span), "voltage_v")
    assert means[october] == pytest.approx((227 + 228 + 229 + 3 * 200) / 6), "each held 22.5 s"
    said = answer(house, Every.MONTH, Fn.LAST, "environment", **span)
    assert by_bucket(said, "smoke_alarm") == {october: "normal", november: "normal"}


def test_a_month_that_goes_on_is_told_up_to_now(house: House) -> None:
    for day in range(5):
        house.take(power(FIRST + day * DAY, **{ENERGY: 100.0 + day}), at=FIRST + day * DAY)
    house.roll(FIRST + 3 * DAY)
    assert by_bucket(answer(house, Every.MONTH, Fn.INCREASE), ENERGY) == {FIRST: 4}
    assert by_bucket(answer(house, Every.MONTH, Fn.LAST), ENERGY) == {FIRST: 104}


def test_times_without_readings_are_answered_by_what_was_made_of_them(house: House) -> None:
    october = FIRST - 10 * DAY
    for ts in (october, october + 22_500, FIRST + DAY):
        house.take(power(ts, voltage_v=230.0 if ts == october else 200.0), at=ts)
    house.roll(FIRST + 3 * DAY)
    end = span_of("202610")[1]
    house.store.drop_table("power_samples", "202610", lambda cursor: sealed.seal(cursor, "power", end))
    span: dict[str, Any] = {"start": FIRST - 20 * DAY}
    for every in (Every.QUARTER, Every.HOUR, Every.DAY):
        means = by_bucket(answer(house, every, Fn.MEAN, **span), "voltage_v")
        assert list(means.values()) == [215, 200]
        page = answer(house, every, Fn.MEAN, limit=1, **span)
        rest = answer(house, every, Fn.MEAN, after=page[0].position, **span)
        assert [one.fields["voltage_v"] for one in (*page, *rest)] == [215, 200]
    assert len(answer(house, Every.MINUTE, Fn.MEAN, **span)) == 1
