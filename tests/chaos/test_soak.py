"""The long form: a million frames and five hundred kills, bounded in time, with a summary to commit.

`SOAK_FRAMES`, `SOAK_KILLS` and `SOAK_SECONDS` make it shorter, for trying it out.
"""

import json
import os
import random
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.acceptance.rig import Rig, Station
from tests.acceptance.test_kills import FAULTS, Fate, balanced
from tests.support.processes import Running
from tests.support.waiting import until_sync

AGENTS, FLEET, FLEET_PER_S = 4, 500, 500
DRAIN_S = 1_800.0
LINE_S = 0.1
"""A backlog leaves at 20 frames/s: written at 30 through an hour of kills, it took as long again to drain."""


@dataclass(frozen=True)
class Plan:
    """How much of everything; ``seconds`` bounds it all but the draining afterwards."""

    frames: int
    kills: int
    seconds: float

    @classmethod
    def read(cls) -> "Plan":
        """Return the plan of this run."""
        return cls(
            int(os.environ.get("SOAK_FRAMES", "1000000")),
            int(os.environ.get("SOAK_KILLS", "500")),
            float(os.environ.get("SOAK_SECONDS", "14400")),
        )


@pytest.mark.soak
def test_it_stores_a_million_frames_exactly_once_while_five_hundred_kills_happen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, seed, began = Plan.read(), time.time_ns(), time.monotonic()  # noqa: TID251 - a new seed every time
    with Rig.open(tmp_path, AGENTS, LINE_S) as rig, fleet(rig, plan.frames) as crowd:
        fate = torment(rig, crowd, plan, random.Random(seed))
        report = json.loads(crowd.wait_for(r"^\{.*\}$", DRAIN_S)[0])
        assert crowd.wait(30) == 0, crowd.output
        settle(rig)
        assert rig.gateway.stop() == 0
        books = audit(tmp_path / "gateway" / "store.duckdb")
    assert books["frames"] == books["identities"] == books["fleet"] + sum(a.frames() for a in rig.stations)
    assert books["fleet"] == plan.frames
    assert fate.kills >= plan.kills, f"only {fate.kills} kills fitted into {plan.seconds} s"
    assert set(fate.happened) == set(FAULTS)
    summary = {
        "seed": seed,
        "kills": fate.kills,
        "faults": {fault.__name__: times for fault, times in fate.happened.items()},
        "frames": books["frames"],
        "seconds": round(time.monotonic() - began),
        "link_duplicates": rig.link.duplicated,
        "fleet": report,
    }
    with capsys.disabled():
        sys.stdout.write(f"\n{json.dumps(summary)}\n")


def fleet(rig: Rig, frames: int) -> Running:
    """Start a crowd of stations for volume; it outlives broker and gateway, and is itself never killed."""
    size = ["--stations", str(FLEET), "--points", "5", "--every", str(FLEET / FLEET_PER_S)]
    return Running(
        "simulate", "fleet", "--broker", rig.broker.url, *size, "--frames", str(frames), "--patience", "600"
    )


def torment(rig: Rig, crowd: Running, plan: Plan, chance: random.Random) -> Fate:
    """Let things happen until there were kills enough and the crowd has said everything."""
    fate, deadline = Fate(rig, chance), time.monotonic() + plan.seconds
    rig.link.duplicate_every = 5
    while (fate.kills < plan.kills or crowd.code is None) and time.monotonic() < deadline:
        if fate.kills < plan.kills:
            fate.strike()
        time.sleep(chance.uniform(0, 4))
    return fate


def settle(rig: Rig) -> None:
    """Let nobody in any more, and wait until every agent's books balance."""
    for station in rig.stations:
        station.end()
    until_sync(lambda: all(map(_is_empty, rig.stations)), DRAIN_S, "settled outboxes")
    for station in rig.stations:
        balanced(rig, station)
        assert station.program.stop() == 0


def _is_empty(station: Station) -> bool:
    with closing(sqlite3.connect(station.directory / "data" / "outbox.db")) as outbox:
        read = outbox.execute("SELECT max(json_extract(position, '$.offset')) FROM positions").fetchone()[0]
    return read == (station.directory / "door.jsonl").stat().st_size and station.unsettled() == 0


def audit(store: Path) -> dict[str, Any]:
    """Count the stations' frames, their identities, and those of the crowd; the gateway's own have none."""
    with duckdb.connect(str(store), read_only=True) as connection:
        row = connection.execute(
            "SELECT count(*), count(DISTINCT (station_id, stream, seq)), "
            "count(*) FILTER (station_id LIKE 'fleet-%') FROM frames WHERE stream IS NOT NULL"
        ).fetchone()
    assert row is not None
    return dict(zip(("frames", "identities", "fleet"), row, strict=True))
