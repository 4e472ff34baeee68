from __future__ import annotations

import pytest

from simulators.faults import FAULTS, make_fault, name_of, parse_fault
from simulators.rest_station import SimulatedStation
from tests.unit.simulators.stories import HOUR_MS, MIDNIGHT_MS, MINUTE_MS, live
from wire.judging import judge_reading

T0 = MIDNIGHT_MS + 40 * MINUTE_MS


def _between(series: list[tuple[int, float]], start: int, end: int) -> list[float]:
    return [value for at, value in series if start <= at < end]


def test_a_leaking_cistern_never_lets_the_flow_rest() -> None:
    story = live(hours=4, faults=[make_fault("F01", T0)])
    flow = story.of("main", "water_flow_l_per_min")
    assert min(_between(flow, T0 - HOUR_MS // 2, T0)) == 0
    assert min(_between(flow, T0 + MINUTE_MS, T0 + 2 * HOUR_MS)) >= 0.4
    leaked = sum(line["litres"] for line in story.true("water") if line["source"] == "leak")
    assert leaked == pytest.approx(0.4 * 200, abs=1)


def test_a_burst_hose_wets_the_cable_and_drops_the_pressure() -> None:
    story = live(hours=2, faults=[make_fault("F02", T0, minutes=20)])
    flow = _between(story.of("main", "water_flow_l_per_min"), T0 + MINUTE_MS, T0 + 15 * MINUTE_MS)
    pressure = _between(story.of("main", "water_pressure_kpa"), T0 + MINUTE_MS, T0 + 15 * MINUTE_MS)
    assert min(flow) >= 28
    assert max(pressure) < 240
    first_wet = min(at for at, wet in story.of("leak-1", "leak_detected") if wet)
    assert 85_000 <= first_wet - T0 <= 95_000
    assert min(pressure) < 95


def test_a_water_cut_lets_nothing_run() -> None:
    story = live("public_hall", hours=14, faults=[make_fault("F03", MIDNIGHT_MS + 11 * HOUR_MS, minutes=60)])
    start = MIDNIGHT_MS + 11 * HOUR_MS
    assert max(_between(story.of("main", "water_flow_l_per_min"), start, start + HOUR_MS)) == 0
    low = _between(story.of("main", "water_pressure_kpa"), start + 4 * MINUTE_MS, start + HOUR_MS)
    assert max(low) < 25
    assert min(value for _, value in story.of("main", "water_flow_l_per_min")) < 0
    volume = _between(story.of("main", "water_volume_m3_total"), start, start + HOUR_MS)
    assert volume[0] - volume[-1] == pytest.approx(0.002, abs=0.001)


def test_a_freeze_trips_the_heating_and_closes_the_pipe() -> None:
    story = live(hours=7, climate="cold", faults=[make_fault("F04", T0)])
    pipe = story.of("pipe-1", "water_temp_celsius")
    assert max(_between(pipe, T0, T0 + 10 * MINUTE_MS)) == pytest.approx(9, abs=0.5)
    assert max(_between(pipe, T0 + 301 * MINUTE_MS, T0 + 320 * MINUTE_MS)) < 1
    assert max(_between(story.of("hvac-1", "hvac_power_w"), T0 + MINUTE_MS, T0 + 5 * HOUR_MS)) == 0
    assert (
        max(_between(story.of("main", "water_pressure_kpa"), T0 + 301 * MINUTE_MS, T0 + 320 * MINUTE_MS)) < 50
    )
    assert [r["cause"] for _, r in story.readings if r.get("event") == "breaker_trip"] == ["overload"]


def test_a_forced_door_opens_without_a_grant() -> None:
    story = live(hours=2, faults=[make_fault("F05", T0)])
    events = [r for _, r in story.readings if r.get("event") and abs(r["ts"] - T0) < 2_000]
    assert {"door_opened", "door_forced"} <= {r["event"] for r in events}
    assert "granted" not in {r["event"] for r in events}
    open_s = [value for at, value in story.of("front-door", "door_open_s") if at > T0]
    assert max(open_s) >= 340


def test_a_propped_door_is_held() -> None:
    story = live(hours=2.5, faults=[make_fault("F06", T0)])
    held = [(r["ts"], r["phase"]) for _, r in story.readings if r.get("event") == "door_held"]
    assert held == [(T0 + 120_000, "begin"), (T0 + 40 * MINUTE_MS + 1, "end")]


def test_nobody_is_let_in_while_authentication_is_down() -> None:
    start = MIDNIGHT_MS + 11 * HOUR_MS
    story = live("public_hall", hours=13, faults=[make_fault("F07", start, minutes=60)])
    during = [r for _, r in story.readings if start <= r["ts"] < start + HOUR_MS]
    denied = [r for r in during if r.get("event") == "denied"]
    assert len(denied) >= 10
    assert not [r for r in during if r.get("event") == "granted"]
    assert denied
    assert {r["reason"] for r in denied} == {"auth_unavailable"}
    assert story.true("turned_away")


def test_a_mains_outage_ends_in_silence_and_then_in_light() -> None:
    story = live("public_hall", hours=4.5, faults=[make_fault("F08", T0)])
    volts = story.of("main.l1", "voltage_v")
    assert set(_between(volts, T0 + 5_000, T0 + 40 * MINUTE_MS)) == {0.0}
    assert (T0, False) in [(at - at % 5_000, value) for at, value in story.of("station", "mains_present")]
    silent = [r for _, r in story.readings if T0 + 42 * MINUTE_MS <= r["ts"] < T0 + 120 * MINUTE_MS]
    assert not silent
    assert min(_between(volts, T0 + 121 * MINUTE_MS, T0 + 200 * MINUTE_MS)) > 200
    said = [(at, words) for at, words in story.of("ups", "ups_status") if at < T0 + 42 * MINUTE_MS]
    assert [words for at, words in said if at < T0 + 30 * MINUTE_MS][-1] == ["OB", "DISCHRG"]
    assert {tuple(words) for at, words in said if at > T0 + 37 * MINUTE_MS} == {("OB", "DISCHRG", "LB")}
    assert not story.station.link.up(T0 + 60 * MINUTE_MS)
    assert story.station.boots == (T0 + 120 * MINUTE_MS,)


def test_a_battery_that_outlasts_the_outage_keeps_the_station_there() -> None:
    station = SimulatedStation(
        "louxing-07", "public_hall", 1, MIDNIGHT_MS, faults=[make_fault("F08", T0, minutes=20)]
    )
    assert station.link.up(T0 + 10 * MINUTE_MS)
    assert station.boots == ()


def test_a_drifting_counter_loses_those_who_leave() -> None:
    fault = make_fault("F13", MIDNIGHT_MS, miss_out=0.5)
    story = live("public_hall", hours=14, noise=0, faults=[fault])
    entered = story.of("front-door", "people_in_total")
    left = story.of("front-door", "people_out_total")
    gone = (left[-1][1] - left[0][1]) / (entered[-1][1] - entered[0][1])
    assert 0.3 < gone < 0.7


def test_a_glitch_spoils_single_samples_of_a_counter() -> None:
    story = live(hours=2.5, faults=[make_fault("F14", T0)])
    values = [value for _, value in story.of("main.l1", "energy_import_kwh_total")]
    drops = [n for n in range(1, len(values)) if values[n] < values[n - 1]]
    assert len(drops) == 2
    assert values[drops[0]] == 0.0
    assert values[drops[1] - 1] - values[drops[1]] == pytest.approx(0.1, abs=0.05)
    assert values[-1] > values[0]


def test_a_swapped_meter_starts_again_in_a_new_epoch() -> None:
    story = live("public_hall", hours=4, faults=[make_fault("F15", T0)])
    readings = [r for _, r in story.readings if "water_volume_m3_total" in r]
    before = [r for r in readings if r["ts"] < T0]
    after = [r for r in readings if r["ts"] >= T0]
    assert all("epoch" not in r for r in before)
    assert {r["epoch"] for r in after} == {1}
    assert before[-1]["water_volume_m3_total"] > 1 > after[-1]["water_volume_m3_total"]
    assert after[0]["water_volume_m3_total"] == pytest.approx(0.004, abs=0.002)


def test_a_stuck_meter_stands_still_while_power_flows() -> None:
    story = live(hours=3, faults=[make_fault("F16", T0, minutes=120)])
    stuck = _between(story.of("main.l1", "energy_import_kwh_total"), T0 + MINUTE_MS, T0 + 119 * MINUTE_MS)
    assert len(set(stuck)) == 1
    assert min(_between(story.of("main.l1", "power_active_w"), T0 + MINUTE_MS, T0 + HOUR_MS)) > 900


@pytest.mark.parametrize(("name", "still"), [("F17", True), ("F18", False)])
def test_only_who_collapses_stops_moving_in_the_shower(name: str, still: bool) -> None:  # noqa: FBT001 - a parameter of a table
    story = live("trucker_home", hours=1.5, faults=[make_fault(name, T0)])
    occupied = _between(story.of("shower-1", "cubicle_occupied_s"), T0, T0 + 23 * MINUTE_MS)
    motion = _between(story.of("shower-1", "cubicle_motion_age_s"), T0 + 12 * MINUTE_MS, T0 + 23 * MINUTE_MS)
    assert max(occupied) > 1_200
    assert (min(motion) > 300) is still
    assert (max(motion) < 180) is not still


def test_smoke_sounds_the_alarm_and_releases_the_door() -> None:
    story = live("trucker_home", hours=2, faults=[make_fault("F19", T0)])
    smoke = [(at, value) for at, value in story.of("smoke-1", "smoke_alarm") if value == "alarm"]
    assert smoke[0][0] == T0
    assert max(value for _, value in story.of("lounge", "co_ppm")) > 33
    released = [r for _, r in story.readings if r.get("event") == "fire_release"]
    assert [r["phase"] for r in released] == ["begin", "end"]


def test_carbon_monoxide_rises_over_25_minutes() -> None:
    story = live("trucker_home", hours=2, faults=[make_fault("F20", T0)])
    co = story.of("lounge", "co_ppm")
    assert max(_between(co, T0, T0 + 5 * MINUTE_MS)) < 30
    assert max(_between(co, T0 + 25 * MINUTE_MS, T0 + 30 * MINUTE_MS)) == pytest.approx(120, abs=3)


def test_every_fault_is_told_and_stays_within_the_words_of_the_wire() -> None:
    faults = [make_fault(name, T0) for name in FAULTS if name not in {"F11", "F12"}]
    for fault in faults:
        assert FAULTS[name_of(fault)] is type(fault)
    story = live("trucker_home", hours=1.5, faults=faults)
    begun = {line["fault"] for line in story.true("fault") if line["phase"] == "begin"}
    assert begun == {name_of(fault) for fault in faults}
    assert all(judge_reading(domain, 0, reading) == reading for domain, reading in story.readings)


def test_a_fault_is_read_from_a_command_line() -> None:
    fault = parse_fault("F01@130:minutes=60,l_per_min=1.5", MIDNIGHT_MS)
    assert fault == make_fault("F01", MIDNIGHT_MS + 130 * MINUTE_MS, minutes=60, l_per_min=1.5)


@pytest.mark.parametrize("text", ["F01", "F99@1", "F01@x", "F01@1:colour=red", "@3", "F01@1:minutes"])
def test_a_wrong_fault_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(ValueError, match="F0"):
        parse_fault(text, MIDNIGHT_MS)


def test_link_and_clock_faults_become_the_stations_profiles() -> None:
    faults = [make_fault("F09", T0), make_fault("F11", T0)]
    station = SimulatedStation("louxing-07", "urban_kiosk", 1, MIDNIGHT_MS, faults=faults)
    assert station.link.up(T0 - 1)
    assert not station.link.up(T0)
    assert not station.link.up(T0 + 95 * MINUTE_MS - 1)
    assert station.link.up(T0 + 95 * MINUTE_MS)
    assert station.clock.reads(T0) == T0 + 8 * HOUR_MS
    assert station.boots == (T0,)


def test_a_drifting_clock_says_how_far_it_is_off() -> None:
    story = live(hours=3, faults=[make_fault("F12", T0, ppm=500)])
    offsets = _between(story.of("agent", "clock_offset_ms"), T0 + 2 * HOUR_MS, T0 + 3 * HOUR_MS)
    assert offsets[0] == pytest.approx(3_600, abs=50)
    assert not story.of("agent", "clock_synced")[-1][1]
