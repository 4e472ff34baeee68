from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest

from simulators.archetypes import ARCHETYPES
from simulators.rest_station import SimulatedStation
from tests.unit.simulators.stories import DAY_MS, HOUR_MS, MIDNIGHT_MS, day, live

_HASH = """
import hashlib, json
from simulators.rest_station import SimulatedStation
station = SimulatedStation("louxing-07", "{archetype}", 1, {start})
print(hashlib.sha256(json.dumps(station.advance({start} + 7_200_000)).encode()).hexdigest())
"""


def _digest(readings: list[tuple[str, dict[str, Any]]]) -> str:
    return hashlib.sha256(json.dumps(readings).encode()).hexdigest()


@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_it_lives_the_same_life_in_another_process(archetype: str) -> None:
    here = SimulatedStation("louxing-07", archetype, 1, MIDNIGHT_MS).advance(MIDNIGHT_MS + 2 * HOUR_MS)
    there = subprocess.run(
        [sys.executable, "-c", _HASH.format(archetype=archetype, start=MIDNIGHT_MS)],
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert there.stdout.strip() == _digest(here)


def test_it_lives_another_life_with_another_seed_or_name() -> None:
    lives = [
        SimulatedStation(name, "urban_kiosk", seed, MIDNIGHT_MS).advance(MIDNIGHT_MS + HOUR_MS)
        for name, seed in (("a", 1), ("a", 2), ("b", 1))
    ]
    assert len({_digest(life) for life in lives}) == 3


def test_it_publishes_the_same_whatever_the_stride() -> None:
    whole = live("urban_kiosk", hours=5).readings
    station = SimulatedStation("louxing-07", "urban_kiosk", 1, MIDNIGHT_MS, climate="mild")
    bits: list[tuple[str, dict[str, Any]]] = []
    for to_ms in range(MIDNIGHT_MS + 17_000, MIDNIGHT_MS + 5 * HOUR_MS, 17_000):
        bits += station.advance(to_ms)
    bits += station.advance(MIDNIGHT_MS + 5 * HOUR_MS)
    assert _digest(bits) == _digest(whole)


def test_it_hands_out_only_what_is_due_in_order() -> None:
    station = SimulatedStation("louxing-07", "urban_standard", 3, MIDNIGHT_MS + 1_234)
    now = MIDNIGHT_MS + 1_234
    for to_ms in range(now + 1_777_000, now + 9_000_000, 1_777_000):
        times = [reading["ts"] for _, reading in station.advance(to_ms)]
        assert times == sorted(times)
        assert now < times[0]
        assert times[-1] <= to_ms
        now = to_ms


def test_it_starts_in_the_middle_of_a_day() -> None:
    station = SimulatedStation("louxing-07", "public_hall", 1, MIDNIGHT_MS + 10 * HOUR_MS + 12_345)
    readings = station.advance(MIDNIGHT_MS + 13 * HOUR_MS)
    assert any(reading.get("event") == "granted" for _, reading in readings)


@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_it_hears_from_every_device_at_its_interval(archetype: str) -> None:
    story = day(archetype)
    times: dict[tuple[str, str], list[int]] = defaultdict(list)
    for domain, reading in story.readings:
        times[domain, reading["device"]].append(reading["ts"])
    for device in story.station.devices:
        gaps = sorted(b - a for a, b in pairwise(times.pop((device.domain, device.device)))) or [0]
        assert gaps[len(gaps) * 99 // 100] <= 2_000 * device.interval_s + 1_000, device
    assert not times


def test_it_has_at_least_thirty_series_in_a_standard_station() -> None:
    story = day("urban_standard")
    series = {(d, r["device"], f) for d, r in story.readings for f in r.keys() - {"device", "ts", "event"}}
    assert len(series) >= 30


def test_it_keeps_closed_hours_free_of_visitors() -> None:
    station = SimulatedStation("louxing-30", "urban_standard", 1, MIDNIGHT_MS, opens=(6, 22))
    granted = [r["ts"] for _, r in station.advance(MIDNIGHT_MS + DAY_MS) if r.get("event") == "granted"]
    assert granted
    assert min(granted) >= MIDNIGHT_MS + 6 * HOUR_MS
    assert max(granted) < MIDNIGHT_MS + 22 * HOUR_MS + 60_000
