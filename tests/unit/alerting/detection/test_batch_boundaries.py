"""Live ticks, gathered commits and replayed history cut the same frames differently: it must not matter."""

import random
from collections.abc import Iterator

from catalogue.loading import load
from gateway.domain.alerts import Transition
from gateway.state.births import Happening, JournalRow
from tests.unit.alerting.detection.stage import Said, Stage, happening, sample
from tests.unit.gateway_ingest.ticks import NOW

CATALOGUE = load()
STATIONS = ("louxing-07", "louxing-08", "louxing-09")


def story(seed: int) -> list[Said]:
    """An hour and a half at three stations in which much goes wrong; some frames come late."""
    chance = random.Random(seed)
    said = [one for station in STATIONS for one in _station(chance, station)]
    gone_by = sample(50, "environment", "attic", smoke_alarm="alarm")
    said.append(Said(50, gone_by.readings, delay=950))
    said.sort(key=lambda one: one.at + one.delay)
    return said


def _station(chance: random.Random, station: str) -> Iterator[Said]:
    opened = False
    for second in range(0, 5_700, 60):
        at = second + chance.uniform(0, 5)
        delay = chance.choice([0.0] * 10 + [400.0, 900.0])
        yield _now(at, delay, sample(at, "environment", "lounge", station=station, **_air(chance, second)))
        yield _now(at, 0, sample(at, "power", "main.l1", station=station, **_mains(chance, second)))
        if chance.random() < 0.2:
            opened = not opened
            state = "open" if opened else "closed"
            yield sample(at + 1, "access", "front-door", station=station, door_state=state)
        if chance.random() < 0.05:
            name = chance.choice(["granted", "denied", "door_forced", "exit_button"])
            yield sample(at + 2, "access", "front-door", station=station, event=name)
        if chance.random() < 0.1:
            inside = second // 200
            fields = {"people_in_total": 100 + inside, "people_out_total": 100 + inside // 3}
            yield sample(at + 3, "occupancy", "front-door", station=station, **fields)
        yield sample(at + 4, "water", "main", station=station, **_water(chance, second))


def _now(at: float, delay: float, one: Said) -> Said:
    return Said(at, one.readings, one.station, delay)


def _air(chance: random.Random, second: int) -> dict[str, object]:
    bad = 1_800 < second < 4_000
    fields: dict[str, object] = {"co_ppm": chance.choice([5.0, 120.0, 400.0]) if bad else 2.0}
    fields["co2_ppm"] = chance.randint(1_400, 1_900) if bad else 600
    fields["air_temp_celsius"] = round(chance.uniform(20, 24), 1)
    if chance.random() < 0.03:
        fields["smoke_alarm"] = chance.choice(["alarm", "normal", "fault"])
    return fields


def _mains(chance: random.Random, second: int) -> dict[str, object]:
    low = 900 < second < 1_500
    return {"voltage_v": 180.0 if low else round(chance.uniform(225, 233), 1), "mains_present": not low}


def _water(chance: random.Random, second: int) -> dict[str, object]:
    burst = 5_000 < second < 5_600
    flow = 30.0 if burst else chance.choice([0.0, 4.0])
    return {
        "water_flow_l_per_min": flow,
        "water_pressure_kpa": 40.0 if burst else 280.0,
        "water_volume_m3_total": round(500 + second / 1_000, 3),
    }


def play(frames: list[Said], size: int, wills: list[JournalRow]) -> list[Transition]:
    """Judge a story by all built-in rules, so many frames a batch."""
    stage = Stage(*CATALOGUE.rules.values(), parameters=CATALOGUE.parameter)
    told: list[Transition] = []
    waiting = list(wills)
    for begin in range(0, len(frames), size):
        batch = stage.batch(*frames[begin : begin + size])
        until = int(batch.frames["received"].to_numpy().max())
        due = [one for one in waiting if one.at <= until]
        waiting = waiting[len(due) :]
        told += stage.engine.take(batch, due)
    assert stage.engine.off == {}
    told += stage.until(9_000)
    return sorted(told, key=lambda one: (str(one.key), one.received, one.at, str(one.change), one.severity))


def test_it_matters_not_where_batches_end() -> None:
    frames = story(1)
    frames = [one for one in frames if not (one.station == "louxing-09" and 2_000 < one.at < 3_500)]
    wills = [happening(2_100, Happening.WILL, "louxing-09", state="lost", session=1)]
    single = play(frames, 9, wills)
    rules = {one.key.rule for one in single}
    assert len(rules) >= 8, rules
    assert any(one.retrospective for one in single)
    assert all(one.received >= NOW for one in single)
    for size in (100, len(frames)):
        assert _lines(play(frames, size, wills)) == _lines(single)


def _lines(transitions: list[Transition]) -> list[str]:
    return [
        f"{one.key.rule} {one.key.station_id} {one.key.device} {one.change} {one.severity}"
        f" {one.at - NOW} {one.received - NOW} {one.opened - NOW} {one.retrospective} {one.value}"
        for one in transitions
    ]
