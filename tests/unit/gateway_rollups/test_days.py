"""Days against a plain reckoning over their quarters, in zones whose clocks change, whatever came when."""

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.buckets import day_start
from gateway.timeseries import changes
from gateway.timeseries.quarters import ROWS
from gateway.timeseries.rollups import SETTLE_MS
from tests.unit.gateway_rollups.test_rollups import (
    HOUR,
    MINUTE,
    START,
    House,
    Reading,
    _hourly,
    deliveries,
    open_house,
    power,
)
from wire.measures import DOMAINS

SHANGHAI = "Asia/Shanghai"
DAY = 24 * HOUR
MIDNIGHT = day_start(START, ZoneInfo(SHANGHAI))
Row = dict[str, Any]
Key = tuple[str, int, int, str, str | None]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as opened:
        yield opened


def tier(house: House, name: str) -> dict[Key, Row]:
    """Return every row of a tier by what it is of."""
    rows: dict[Key, Row] = {}
    for domain in DOMAINS:
        found = house.store.cursor().sql(f"SELECT * FROM {domain}_{name}").to_arrow_table()  # noqa: S608 - our own names
        assert found.column_names == ROWS.names
        for row in found.to_pylist():
            key = (domain, row["series"], row["bucket"], row["name"], row["value"])
            assert key not in rows, "a day is told once"
            rows[key] = {name: row[name] for name in ROWS.names[4:]}
    return rows


def reckoned(house: House) -> dict[Key, Row]:
    """Reckon the days that are over, quarter by quarter."""
    zone = ZoneInfo(house.tz)
    groups: dict[Key, list[tuple[int, Row]]] = defaultdict(list)
    newest: dict[tuple[str, int, int, str], int] = {}
    for (domain, series, bucket, name, value), row in tier(house, "quarters").items():
        day = day_start(bucket, zone)
        if day_start(day + 26 * HOUR, zone) <= house.closed:
            groups[domain, series, day, name, value].append((bucket, row))
            newest[domain, series, day, name] = max(newest.get((domain, series, day, name), 0), bucket)
    return {
        key: _day(sorted(parts, key=lambda one: one[0]), newest[key[:4]]) for key, parts in groups.items()
    }


def _day(parts: list[tuple[int, Row]], newest: int) -> Row:
    rows = [row for _, row in parts]

    def said(name: str) -> list[Any]:
        return [row[name] for row in rows if row[name] is not None]

    weighed = [(row["mean"], row["covered_s"]) for row in rows if row["mean"] is not None]
    return {
        "count": sum(said("count")),
        "covered_s": sum(said("covered_s")) if said("covered_s") else None,
        "min": min(said("min"), default=None),
        "max": max(said("max"), default=None),
        "mean": sum(m * s for m, s in weighed) / sum(s for _, s in weighed) if weighed else None,
        "increase": sum(said("increase")) if said("increase") else None,
        "last": said("last")[-1] if said("last") else None,
        "last_ts": rows[-1]["last_ts"] if parts[-1][0] == newest else None,
        "epoch": said("epoch")[-1] if said("epoch") else None,
    }


def agrees(house: House) -> None:
    assert _flat(tier(house, "days")) == pytest.approx(_flat(reckoned(house)))


def _flat(rows: dict[Key, Row]) -> dict[tuple[Key, str], float | None]:
    return {(key, name): value for key, row in rows.items() for name, value in row.items()}


def one(house: House, name: str, value: str | None = None) -> Row:
    (row,) = [row for key, row in tier(house, "days").items() if key[3:] == (name, value)]
    return row


# -- what a day says


def test_a_day_weighs_a_mean_by_the_seconds_each_quarter_covers(house: House) -> None:
    house.take(power(MIDNIGHT, voltage_v=200.0), at=MIDNIGHT)
    house.take(
        power(MIDNIGHT + HOUR, voltage_v=230.0), power(MIDNIGHT + HOUR + 20_000, voltage_v=230.0), at=START
    )
    house.roll(MIDNIGHT + DAY + HOUR)
    told = one(house, "voltage_v")
    assert (told["min"], told["max"], told["last"], told["count"]) == (200, 230, 230, 3)
    assert told["covered_s"] == 22.5 + 42.5
    assert told["mean"] == pytest.approx((200 * 22.5 + 230 * 42.5) / 65, abs=1e-5)


def test_a_day_is_told_when_its_last_quarter_has_settled(house: House) -> None:
    house.take(power(MIDNIGHT, voltage_v=200.0), at=MIDNIGHT)
    house.roll(MIDNIGHT + DAY + SETTLE_MS - 1)
    assert not tier(house, "days")
    house.roll(MIDNIGHT + DAY + SETTLE_MS)
    assert [key[2] for key in tier(house, "days")] == [MIDNIGHT]


def test_a_day_knows_how_long_each_state_held_and_which_was_last(house: House) -> None:
    for hour, state in ((1, "test"), (2, "normal"), (9, "test")):
        smoke = {"device": "hall", "ts": MIDNIGHT + hour * HOUR, "smoke_alarm": state}
        house.take(("environment", smoke), at=MIDNIGHT + hour * HOUR)
    house.roll(MIDNIGHT + DAY + HOUR)
    assert one(house, "smoke_alarm", "test")["covered_s"] == 3_600 + 5_400
    assert one(house, "smoke_alarm", "test")["last_ts"] == MIDNIGHT + 9 * HOUR
    assert one(house, "smoke_alarm", "normal")["last_ts"] is None


def test_a_day_counts_events_and_adds_up_what_a_counter_grew(house: House) -> None:
    for hour in range(5):
        ts = MIDNIGHT + hour * 3 * HOUR
        granted = ("access", {"device": "door", "ts": ts, "event": "granted"})
        house.take(power(ts, energy_import_kwh_total=100.0 + hour), granted, at=ts)
    house.roll(MIDNIGHT + DAY + HOUR)
    assert one(house, "granted")["count"] == 5
    assert one(house, "energy_import_kwh_total")["increase"] == 4
    assert one(house, "energy_import_kwh_total")["last"] == 104


@pytest.mark.parametrize(("date", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_has_as_many_hours_as_its_place_gives_it(tmp_path: Path, date: str, hours: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    noon = {"2026-03-29": 1_774_778_400_000, "2026-10-25": 1_792_926_000_000}[date]
    midnight = day_start(noon, berlin)
    with open_house(tmp_path, "Europe/Berlin") as house:
        for hour in range(26):
            ts = midnight + hour * HOUR
            house.take(power(ts, energy_import_kwh_total=5.0 + hour), at=ts)
        house.roll(midnight + 3 * DAY)
        grown = {key[2]: row["increase"] for key, row in tier(house, "days").items()}
        assert grown == {midnight: hours - 1, midnight + hours * HOUR: 26 - hours}
        agrees(house)


# -- told again


def test_late_data_correct_the_day_and_say_so(house: House) -> None:
    house.take(power(MIDNIGHT, voltage_v=200.0), at=MIDNIGHT)
    house.roll(MIDNIGHT + DAY + HOUR)
    before = changes.newest(house.store.cursor())
    house.take(power(MIDNIGHT + 5 * HOUR, voltage_v=260.0), at=house.now)
    house.roll(MIDNIGHT + DAY + 2 * HOUR)
    assert one(house, "voltage_v")["max"] == 260
    again = [o for o in changes.retold_since(house.store.cursor(), before, 100) if o.tier == "1d"]
    assert [(o.domain, o.series, o.since, o.until) for o in again] == [("power", 0, MIDNIGHT, MIDNIGHT + DAY)]


def test_days_are_cut_anew_when_the_zone_of_a_station_is_corrected(house: House) -> None:
    for hour in range(0, 48, 3):
        house.take(power(MIDNIGHT + hour * HOUR, voltage_v=200.0 + hour), at=MIDNIGHT + hour * HOUR)
    house.roll(MIDNIGHT + 4 * DAY)
    agrees(house)
    house.tz = "Europe/Berlin"
    house.reopen()
    house.roll(MIDNIGHT + 4 * DAY)
    agrees(house)
    assert {key[2] % DAY for key in tier(house, "days")} == {23 * HOUR}


def test_nothing_waits_once_all_is_told(house: House) -> None:
    for hour in (0, 30, 50, 2):
        house.take(power(MIDNIGHT + hour * HOUR, energy_import_kwh_total=1.0 + hour), at=MIDNIGHT + 50 * HOUR)
        house.roll(MIDNIGHT + 60 * HOUR)
    house.roll(MIDNIGHT + 73 * HOUR)
    assert house.store.cursor().execute("SELECT count(*) FROM untold_days").fetchall() == [(0,)]
    agrees(house)


def test_a_week_of_backlog_ends_in_the_same_days_as_if_it_had_come_live(tmp_path: Path) -> None:
    chance = random.Random(11)
    frames = [_hourly(MIDNIGHT + hour * HOUR, hour, chance) for hour in range(0, 7 * 24, 6)]
    ends = MIDNIGHT + 8 * DAY
    last: list[Reading] = [power(ends - HOUR, energy_import_kwh_total=900.0)]
    (tmp_path / "live").mkdir()
    (tmp_path / "late").mkdir()
    with open_house(tmp_path / "live") as live, open_house(tmp_path / "late") as late:
        for frame in frames:
            live.take(*frame, at=int(str(frame[-1][1]["ts"])))
            live.roll(live.now)
        live.take(*last, at=ends)
        live.roll(ends + HOUR)
        late.take(*last, at=ends)
        late.roll(ends)
        chance.shuffle(frames)
        for place, frame in enumerate(frames):
            late.take(*frame, at=ends)
            late.roll(ends + place * MINUTE, most=2)
        late.roll(ends + HOUR)
        by_device = (
            "SELECT device, d.* EXCLUDE (series) FROM {}_days d JOIN series s ON s.id = d.series ORDER BY ALL"
        )
        for domain in ("power", "environment"):
            told = [h.store.cursor().execute(by_device.format(domain)).fetchall() for h in (live, late)]
            assert len(told[0]) >= 7
            assert _near(told[0]) == _near(told[1])


def _near(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(round(v, 5) if isinstance(v, float) else v for v in row) for row in rows]


@settings(max_examples=12)  # each is a database of its own
@given(deliveries(), st.sampled_from([SHANGHAI, "Asia/Kathmandu", "America/New_York"]), st.integers(1, 4))
def test_days_always_agree_with_their_quarters(
    came: list[tuple[int, list[Reading]]], tz: str, portions_at_a_time: int
) -> None:
    with TemporaryDirectory() as path, open_house(Path(path), tz) as house:
        for place, (at, readings) in enumerate(came):
            house.take(*readings, at=at)
            if place % 3 == 0:
                house.roll(at, most=portions_at_a_time)
        house.roll(house.now + 25 * HOUR)
        agrees(house)
