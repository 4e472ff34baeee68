"""Roll-ups against a plain reckoning over the raw rows, whatever came when."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.registry import DEFAULT_TZ
from gateway.timeseries.quarters import QUARTER_MS
from gateway.timeseries.rollups import SETTLE_MS, Rollups
from gateway.timeseries.store import Store
from tests.unit.gateway_ingest.ticks import NOW, Desk, arrived, payload
from tests.unit.gateway_rollups.oracle import Cell, Figures, expected, stored

START = NOW - NOW % QUARTER_MS
MINUTE = 60_000
HOUR = 3_600_000
Reading = tuple[str, dict[str, object]]


class House:
    """A store with its roll-ups; frames are handed in with the time they come at."""

    def __init__(self, path: Path, tz: str = DEFAULT_TZ) -> None:
        self.tz = tz
        self.store = Store(path)
        self.store.open()
        self.rollups = self._begin()
        self.desk = Desk(self.store.sources, self.store.series)
        self.seq = 0
        self.now = START

    def take(self, *readings: Reading, at: int) -> None:
        """Store one frame, received at `at` (ms)."""
        self.seq += 1
        self.now = max(self.now, at)
        groups: dict[str, list[dict[str, object]]] = {}
        for domain, reading in readings:
            groups.setdefault(domain, []).append(reading)
        sent = max(at, *(int(str(reading["ts"])) for _, reading in readings))
        self.store.consume([self.desk.batch(arrived(payload(self.seq, groups, sent=sent), received=sent))])

    def roll(self, now: int, most: int = 100_000) -> None:
        """Work until nothing is left to do, or `most` portions are done."""
        self.now = max(self.now, now)
        for _ in range(most):
            if not self.rollups.step(self.now, self.desk.frame - 1):
                return

    def reopen(self) -> None:
        """Stop amid the work and start again."""
        self.store.close()
        self.store = Store(self.store.path)
        self.store.open()
        self.rollups = self._begin()
        self.desk = Desk(self.store.sources, self.store.series, self.desk.received, frame=self.desk.frame)

    def _begin(self) -> Rollups:
        return Rollups(self.store, lambda _station_id: self.tz)

    @property
    def closed(self) -> int:
        """The end of the last quarter that is told."""
        return (self.now - SETTLE_MS) // QUARTER_MS * QUARTER_MS


@contextmanager
def open_house(path: Path, tz: str = DEFAULT_TZ) -> Iterator[House]:
    house = House(path / "store.duckdb", tz)
    yield house
    house.store.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as opened:
        yield opened


def power(ts: int, **fields: object) -> Reading:
    return "power", {"device": "main", "ts": ts, **fields}


def rounded(cells: dict[Cell, Figures]) -> dict[Cell, Figures]:
    return {
        cell: {name: None if value is None else round(value, 5) for name, value in figures.items()}
        for cell, figures in cells.items()
    }


def agrees(house: House) -> None:
    assert rounded(stored(house.store)) == rounded(expected(house.store, house.closed))


def figures(house: House, name: str, quarter: int = 0, value: str | None = None) -> Figures:
    domain = next(cell.domain for cell in stored(house.store) if cell.name == name)
    device = next(cell.device for cell in stored(house.store) if cell.name == name)
    return stored(house.store)[Cell(domain, device, START + quarter * QUARTER_MS, name, value)]


# -- what a quarter says


def test_it_weights_a_mean_by_how_long_each_value_held(house: House) -> None:
    house.take(power(START, voltage_v=200.0), power(START + 5_000, voltage_v=230.0), at=START + 6_000)
    house.roll(START + QUARTER_MS + SETTLE_MS)
    told = figures(house, "voltage_v")
    assert told["covered_s"] == 5 + 22.5, "a sample stands for 1.5 heartbeats of 15 s and no longer"
    assert told["mean"] == pytest.approx((200 * 5 + 230 * 22.5) / 27.5)
    assert (told["min"], told["max"], told["count"], told["last"]) == (200, 230, 2, 230)


def test_it_lets_a_value_hold_into_the_next_quarter(house: House) -> None:
    smoke = "environment", {"device": "hall", "ts": START + 10 * MINUTE, "smoke_alarm": "normal"}
    house.take(smoke, at=START + 10 * MINUTE)
    house.roll(START + 3 * HOUR)
    covered = [figures(house, "smoke_alarm", quarter, "normal")["covered_s"] for quarter in range(7)]
    assert covered == [300, 900, 900, 900, 900, 900, 600]
    assert [figures(house, "smoke_alarm", quarter, "normal")["count"] for quarter in range(2)] == [1, 0]


def test_it_tells_seconds_per_state_and_words_together(house: House) -> None:
    house.take(power(START, ups_status=["OL"]), power(START + 20_000, ups_status=["OB", "LB"]), at=START)
    house.roll(START + QUARTER_MS + SETTLE_MS)
    assert figures(house, "ups_status", value="OL")["covered_s"] == 20
    assert figures(house, "ups_status", value="LB OB")["covered_s"] == 90


def test_it_counts_an_event_that_lasts_once(house: House) -> None:
    for phase in ("begin", "end"):
        house.take(
            ("access", {"device": "door", "ts": START + 1, "event": "door_held", "phase": phase}), at=START
        )
    house.roll(START + QUARTER_MS + SETTLE_MS)
    assert figures(house, "door_held")["count"] == 1


@pytest.mark.parametrize(
    ("totals", "increase"),
    [
        ([100.0, 100.1, 100.2], 0.2),
        ([40_482.83, 0.0, 40_482.90], 0.07),
        ([999_999.95, 0.05, 0.10], 0.15),
        ([500.0, 0.0, 0.02], 0.02),
        ([0.0, 40_482.83, 40_482.90], 0.07),
    ],
    ids=["grows", "one wrong zero", "rolls over", "is reset", "began with a wrong zero"],
)
def test_it_knows_what_counters_do(house: House, totals: list[float], increase: float) -> None:
    for minute, total in enumerate(totals):
        house.take(power(START + minute * MINUTE, energy_import_kwh_total=total), at=START)
    house.roll(START + QUARTER_MS + SETTLE_MS)
    assert figures(house, "energy_import_kwh_total")["increase"] == pytest.approx(increase)
    agrees(house)


@pytest.mark.parametrize(("zero", "back"), [(15, 195), (1, 181)], ids=["its own quarter", "the same quarter"])
def test_it_takes_a_wrong_zero_before_a_long_silence_for_what_it_is(
    house: House, zero: int, back: int
) -> None:
    for minute, total in (0, 50.0), (zero, 0.0), (back, 50.0), (back + 1, 50.0):
        house.take(power(START + minute * MINUTE, energy_import_kwh_total=total), at=START + minute * MINUTE)
        if total == 0:
            house.roll(START + 3 * HOUR)
    house.roll(house.now + HOUR)
    assert figures(house, "energy_import_kwh_total", quarter=back // 15)["increase"] == 0
    agrees(house)


@pytest.mark.parametrize(
    ("shown", "epoch"),
    [
        ({59: 0.0}, {}),
        ({58: 0.0, 59: 0.0}, {}),
        ({59: 0.0, 60: 0.0}, {}),
        ({minute: 0.01 * (minute - 58) for minute in range(59, 90)}, {}),
        ({minute: 0.01 * (minute - 59) for minute in range(59, 150)}, {}),
        ({minute: 700.0 + minute / 100 for minute in range(60, 150)}, {60: 1}),
        ({59: 0.0, 60: 0.01, 61: 0.02}, {}),
        ({59: 40_000.0}, {}),
    ],
    ids=[
        "one wrong zero",
        "a reset that was none",
        "a wrong zero on both sides",
        "half an hour of another line",
        "a reset",
        "a swap",
        "a reset for three minutes",
        "a wrong peak",
    ],
)
def test_a_fault_on_the_edge_of_a_quarter_is_followed_into_the_next(
    house: House, shown: dict[int, float], epoch: dict[int, int]
) -> None:
    for minute in range(150):
        total = shown.get(minute, round(500.0 + minute / 50, 2))
        fields: dict[str, object] = {"energy_import_kwh_total": total}
        if minute in epoch:
            fields["epoch"] = epoch[minute]
        house.take(power(START + minute * MINUTE, **fields), at=START + minute * MINUTE)
        if minute % 15 == 2:
            house.roll(house.now)
    house.roll(house.now + HOUR)
    agrees(house)


def test_it_books_nothing_of_the_life_of_a_meter_that_was_swapped_in(house: House) -> None:
    house.take(power(START, energy_import_kwh_total=500.0), at=START)
    house.take(power(START + MINUTE, energy_import_kwh_total=12_000.0, epoch=1), at=START)
    house.take(power(START + 2 * MINUTE, energy_import_kwh_total=12_000.5, epoch=1), at=START)
    house.roll(START + QUARTER_MS + SETTLE_MS)
    assert figures(house, "energy_import_kwh_total")["increase"] == pytest.approx(0.5)


def test_it_leaves_out_what_is_suspect_or_stale(house: House) -> None:
    house.take(power(START, voltage_v=900.0), power(START + 1, voltage_v=1.0, quality="stale"), at=START)
    house.take(power(START + 2, voltage_v=230.0), at=START)
    house.roll(START + QUARTER_MS + SETTLE_MS)
    assert (figures(house, "voltage_v")["min"], figures(house, "voltage_v")["max"]) == (230, 230)


# -- when


def test_it_tells_a_quarter_only_when_it_is_over(house: House) -> None:
    house.take(power(START, voltage_v=230.0), at=START)
    house.roll(START + QUARTER_MS + SETTLE_MS - 1)
    assert not stored(house.store)
    house.roll(START + QUARTER_MS + SETTLE_MS)
    assert len(stored(house.store)) == 1


def test_it_corrects_a_quarter_that_late_data_touch(house: House) -> None:
    house.take(power(START, voltage_v=200.0, energy_import_kwh_total=1.0), at=START)
    house.take(power(START + 5 * HOUR, voltage_v=200.0, energy_import_kwh_total=3.0), at=START)
    house.roll(START + 6 * HOUR)
    assert figures(house, "energy_import_kwh_total", 20)["increase"] == 2
    house.take(power(START + 2 * HOUR, voltage_v=240.0, energy_import_kwh_total=2.5), at=house.now)
    house.roll(START + 6 * HOUR + MINUTE)
    assert figures(house, "voltage_v", 8)["mean"] == 240
    assert figures(house, "energy_import_kwh_total", 8)["increase"] == 1.5
    assert figures(house, "energy_import_kwh_total", 20)["increase"] == 0.5, "three hours on, and told again"
    agrees(house)


def test_it_has_nothing_left_to_do_after_late_data(house: House) -> None:
    for hour in (0, 5, 9, 2):
        house.take(power(START + hour * HOUR, energy_import_kwh_total=1.0 + hour), at=START + 9 * HOUR)
        house.roll(START + 10 * HOUR)
    assert not house.rollups.step(house.now, house.desk.frame - 1)
    assert house.store.cursor().execute("SELECT count(*) FROM unrolled").fetchall() == [(0,)]


def test_it_goes_on_where_it_was_after_a_restart(house: House) -> None:
    for minute in range(180):
        house.take(power(START + minute * MINUTE, voltage_v=200.0 + minute / 2), at=START + minute * MINUTE)
    house.roll(START + 4 * HOUR, most=1)
    house.reopen()
    house.roll(START + 4 * HOUR)
    agrees(house)
    assert len(stored(house.store)) == 12


def test_a_store_that_refuses_is_tried_again(house: House) -> None:
    house.take(power(START, voltage_v=230.0), at=START)
    house.store.close()
    assert not house.rollups.step(START + HOUR, house.desk.frame - 1)
    house.store.open()
    house.roll(START + HOUR)
    agrees(house)


def test_a_week_of_backlog_ends_as_if_it_had_come_live(tmp_path: Path) -> None:
    chance = random.Random(7)
    frames = [_hourly(START + hour * HOUR, hour, chance) for hour in range(0, 7 * 24, 4)]
    ends = START + 7 * 24 * HOUR + 2 * HOUR
    (tmp_path / "live").mkdir()
    (tmp_path / "late").mkdir()
    with open_house(tmp_path / "live") as live, open_house(tmp_path / "late") as late:
        for frame in frames:
            live.take(*frame, at=int(str(frame[-1][1]["ts"])))
            live.roll(live.now)
        live.roll(ends)
        late.take(power(ends - HOUR, energy_import_kwh_total=900.0), at=ends)
        late.roll(ends)
        chance.shuffle(frames)
        for frame in frames:
            late.take(*frame, at=ends)
        live.take(power(ends - HOUR, energy_import_kwh_total=900.0), at=ends)
        live.roll(ends + MINUTE)
        late.roll(ends + MINUTE)
        assert rounded(stored(late.store)) == rounded(stored(live.store))
        agrees(late)


def _hourly(start: int, hour: int, chance: random.Random) -> list[Reading]:
    """An hour of one station: a meter every ten minutes, a detector once."""
    readings: list[Reading] = [
        power(
            start + minute * MINUTE + chance.randrange(30_000),
            energy_import_kwh_total=round(100 + hour + minute / 60, 2),
            voltage_v=float(chance.randrange(220, 240)),
        )
        for minute in range(0, 60, 10)
    ]
    smoke = chance.choice(["normal", "normal", "test"])
    return [("environment", {"device": "hall", "ts": start + 5, "smoke_alarm": smoke}), *readings]


# -- anything


@st.composite
def deliveries(draw: st.DrawFn) -> list[tuple[int, list[Reading]]]:
    """Draw an afternoon of two devices, and the order and the times at which it comes."""
    total, epoch, readings = 50.0, 0, []
    ts, trouble_at = START, 0
    for _ in range(draw(st.integers(5, 24))):
        ts += draw(st.sampled_from([1, 10_000, MINUTE, 7 * MINUTE, QUARTER_MS, 50 * MINUTE, 3 * HOUR]))
        total = round(total + draw(st.sampled_from([0.0, 0.01, 0.05])), 2)
        shown, trouble = total, draw(st.sampled_from(["", "", "", "", "zero", "swap", "reset"]))
        if trouble and ts - trouble_at > 4 * HOUR:
            trouble_at = ts
            if trouble == "zero":
                shown = 0.0
            else:
                total = shown = 0.01 if trouble == "reset" else 700.0
                epoch += 1
        fields: dict[str, object] = {"energy_import_kwh_total": shown, "epoch": epoch}
        if draw(st.booleans()):
            fields["voltage_v"] = draw(st.sampled_from([0.0, 229.5, 231.0, 999.0]))
        if draw(st.booleans()):
            fields["breaker_closed"] = draw(st.booleans())
        readings.append(power(ts, **fields))
        if draw(st.booleans()):
            door = {"device": "door", "ts": ts, "event": draw(st.sampled_from(["granted", "door_opened"]))}
            readings.append(("access", {**door, "door_state": draw(st.sampled_from(["open", "closed"]))}))
    late = draw(st.lists(st.booleans(), min_size=len(readings), max_size=len(readings)))
    first = [(int(str(r[1]["ts"])), [r]) for r, is_late in zip(readings, late, strict=True) if not is_late]
    second = draw(st.permutations([r for r, is_late in zip(readings, late, strict=True) if is_late]))
    return first + [(ts + draw(st.integers(0, 2 * HOUR)), [r]) for r in second]


@settings(max_examples=20)  # each is a database of its own
@given(deliveries(), st.integers(1, 4))
def test_it_always_agrees_with_the_raw_rows(
    came: list[tuple[int, list[Reading]]], portions_at_a_time: int
) -> None:
    with TemporaryDirectory() as path, open_house(Path(path)) as house:
        for place, (at, readings) in enumerate(came):
            house.take(*readings, at=at)
            if place % 3 == 0:
                house.roll(at, most=portions_at_a_time)
        house.roll(house.now + HOUR)
        agrees(house)
