"""EN-02, EN-04, PW-13, PW-16, WA-04, AG-04: figures over the last while."""

import random
from collections.abc import Callable

import pytest

from catalogue.kinds.statistic import Statistic
from gateway.domain.alerts import Transition
from tests.unit.alerting.detection.kinds.timetable import (
    HOUR,
    MINUTE,
    catalogued,
    changes,
    however_cut,
    station,
    told,
)
from tests.unit.alerting.detection.stage import Said, Stage, rule
from tests.unit.gateway_ingest.ticks import NOW


def air(at: float, **fields: object) -> Said:
    return told(at, "environment", "lounge", **fields)  # type: ignore[arg-type]


def main(at: float, **fields: object) -> Said:
    return told(at, "power", "main", **fields)  # type: ignore[arg-type]


def at_once(stage: Stage, frames: list[Said]) -> list[Transition]:
    return [
        one
        for start in range(0, len(frames), 200)
        for one in stage.engine.take(stage.batch(*frames[start : start + 200]))
    ]


def minutely(minutes: range, ppm: Callable[[int], float]) -> list[Said]:
    return [air(m * MINUTE, co2_ppm=int(ppm(m))) for m in minutes]


def test_an_hour_of_stale_air_on_the_average() -> None:
    stage = Stage(catalogued("EN-04"))
    assert at_once(stage, minutely(range(70), lambda _: 800)) == []
    told_of = at_once(stage, minutely(range(70, 160), lambda m: 1_300 if m % 2 else 1_100))
    (one,) = told_of
    assert (one.change, one.severity, one.limit) == ("opened", "P4", 1_000.0)
    assert 1_000 < float(one.value or 0) < 1_250
    assert at_once(stage, minutely(range(160, 165), lambda _: 700)) == []
    assert changes(at_once(stage, minutely(range(165, 190), lambda _: 700))) == [("cleared", "P4")]


def test_a_peak_does_not_make_an_hour() -> None:
    stage = Stage(catalogued("EN-04"))
    assert at_once(stage, minutely(range(180), lambda m: 1_400 if m % 60 < 10 else 700)) == []


def test_a_mean_over_less_than_most_of_the_hour_is_unknown() -> None:
    stage = Stage(catalogued("EN-04"))
    assert at_once(stage, minutely(range(45), lambda _: 1_200)) == []


def test_very_stale_air_needs_no_hour() -> None:
    stage = Stage(catalogued("EN-04"))
    assert changes(at_once(stage, minutely(range(20), lambda _: 1_800))) == [("opened", "P3")]


def test_heat_that_rises_fast_is_told_within_seconds() -> None:
    stage = Stage(catalogued("EN-02"))
    frames = [air(at, air_temp_celsius=24.0) for at in range(0, 600, 30)]
    frames += [air(at, air_temp_celsius=24.0 + (at - 600) * 0.12) for at in range(600, 900, 15)]
    (one,) = at_once(stage, frames)
    assert (one.change, one.severity) == ("opened", "P1")
    hot_at = 600 + (45 - 24) / 0.12
    assert hot_at <= (one.received - NOW) / 1_000 <= hot_at + 30


def test_heat_that_came_slowly_is_another_matter() -> None:
    stage = Stage(catalogued("EN-02"))
    assert at_once(stage, [air(at, air_temp_celsius=24.0 + at / 150) for at in range(0, 4_000, 30)]) == []


def test_a_heat_alarm_waits_for_no_window() -> None:
    stage = Stage(catalogued("EN-02"))
    (one,) = stage.play(air(7, heat_alarm=True))
    assert (one.severity, one.received) == ("P1", NOW + 7_000)


def test_late_heat_alarms_are_retrospective() -> None:
    stage = Stage(catalogued("EN-02"))
    (one,) = stage.play(told(7, "environment", "lounge", heat_alarm=True, delay=1_000))
    assert one.retrospective


def loaded(minutes: range, kwh_a_minute: float) -> list[Said]:
    """Let a circuit draw 600 W; its meter counts something else."""
    frames = []
    for m in minutes:
        counted = 50.0 + (m - minutes.start) * kwh_a_minute
        frames.append(main(m * MINUTE, energy_import_kwh_total=round(counted, 2)))
        frames += [main(m * MINUTE + s, power_active_w=600.0) for s in (1, 16, 31, 46)]
    return frames


def test_a_meter_that_counts_nothing_under_load() -> None:
    stage = Stage(catalogued("PW-13"))
    (one,) = at_once(stage, loaded(range(90), 0.0))
    assert (one.change, one.severity, one.value) == ("opened", "P3", 0.0)
    assert changes(at_once(stage, loaded(range(90, 95), 0.01))) == [("cleared", "P3")]


@pytest.mark.parametrize(("swing", "opens"), [(0.0, True), (0.4, False)])
def test_a_voltage_that_repeats_itself(swing: float, opens: bool) -> None:  # noqa: FBT001 - a case
    stage = Stage(catalogued("PW-13"))
    frames = [
        main(at, voltage_v=230.0 + swing * (at // 15 % 3), energy_import_kwh_total=50 + at / 3_600)
        for at in range(0, 40 * MINUTE, 15)
    ]
    assert bool(at_once(stage, frames)) == opens


SOCKET = station(sockets={"role": "socket_circuit"})


def circuit(at: float, watts: float) -> Said:
    return told(at, "power", "sockets", power_active_w=watts)


def test_something_that_charges_at_a_socket_for_forty_minutes() -> None:
    stage = Stage(catalogued("PW-16"), specs=[SOCKET])
    quiet = [circuit(at, 20.0) for at in range(0, 20 * HOUR, 20)]
    assert at_once(stage, quiet) == []
    (one,) = at_once(
        stage, [circuit(at, 220.0 + at % 3) for at in range(20 * HOUR, 20 * HOUR + 45 * MINUTE, 20)]
    )
    assert (one.change, one.severity) == ("opened", "P2")


def test_a_disk_that_will_be_full_tomorrow() -> None:
    stage = Stage(catalogued("AG-04"))
    frames = [told(m * MINUTE, "agent", "agent", disk_used_pct=70 + m / 60 * 2.5) for m in range(7 * 60)]
    assert changes(at_once(stage, frames)) == [("opened", "P3")]
    steady = [told(m * MINUTE, "agent", "agent", disk_used_pct=80 + m / 600) for m in range(7 * 60)]
    assert at_once(Stage(catalogued("AG-04")), steady) == []


def drip(hours: range, still: int | None = None) -> list[Said]:
    """Let water run all the time, but for one hour."""
    frames, total = [], 100.0
    for minute in range(hours.start * 60, hours.stop * 60, 2):
        total += 0 if still is not None and minute // 60 == still else 0.0004
        frames.append(told(minute * MINUTE, "water", "main", water_volume_m3_total=round(total, 4)))
        frames.append(told((minute + 1) * MINUTE, "water", "main", water_volume_m3_total=round(total, 4)))
    return frames


def test_two_days_without_an_hour_of_no_water() -> None:
    (one,) = at_once(Stage(catalogued("WA-04")), drip(range(49)))
    assert (one.change, one.severity) == ("opened", "P3")


def test_one_quiet_hour_in_two_days_is_enough() -> None:
    assert at_once(Stage(catalogued("WA-04")), drip(range(49), still=30)) == []


def test_it_says_the_same_however_the_frames_are_cut_into_batches() -> None:
    frames = [
        air(at, co2_ppm=1_300 if at < 5_000 else 600, air_temp_celsius=20 + max(0, at - 4_000) / 20)
        for at in range(0, 6_000, 25)
    ]
    frames += [main(at, voltage_v=230.0, energy_import_kwh_total=50.0) for at in range(6_000, 9_000, 20)]
    rules = [catalogued(name) for name in ("EN-02", "EN-04", "PW-13")]
    assert len(however_cut(rules, frames)) > 2


def test_a_stretch_is_judged_once_it_is_over_whatever_a_batch_ends_with() -> None:
    chance = random.Random(3)
    ppm = [int(chance.gauss(1_490, 60)) for _ in range(600)]
    frames = [air(at * 3, co2_ppm=value) for at, value in enumerate(ppm)]
    levels = [{"if": {"figure": "mean", "above": 1_490}, "severity": "P4"}]
    spec = Statistic.model_validate({"figures": {"mean": {"field": "co2_ppm", "fn": "mean", "window": "5m"}}})
    hovering = rule(kind="statistic", subject="environment.co2_ppm", levels=levels, **{"with": spec})
    assert len(however_cut([hovering], frames)) > 4


def test_windows_survive_a_restart() -> None:
    stage = Stage(catalogued("EN-04"))
    at_once(stage, minutely(range(59), lambda _: 1_200))
    saved, stage.engine = stage.engine.save(), stage.fresh()
    stage.engine.restore(saved)
    assert changes(at_once(stage, minutely(range(59, 70), lambda _: 1_200))) == [("opened", "P4")]
