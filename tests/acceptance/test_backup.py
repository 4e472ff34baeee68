"""A backup taken while frames flow, the disk lost, the backup put back: every frame once, all alerts kept."""

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from tests.acceptance.rig import Rig, Station
from tests.support.processes import ROOT
from tests.support.waiting import until_sync

STATIONS, LINE_S = 3, 0.02
MORE = 100
"""Readings of each station that come between two steps."""
WRONG, RIGHT = 7, 8
SETTLES_S = 100.0


@dataclass
class Office:
    """What an operator does to the gateway of a rig."""

    rig: Rig
    directory: Path

    @property
    def data_dir(self) -> Path:
        return self.directory / "gateway"

    @property
    def backups(self) -> Path:
        return self.directory / "backups"

    def command(self, name: str, *options: str) -> str:
        """Run `yizhan gateway` with a command to its end; what it says."""
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "yizhan",
                "gateway",
                name,
                "--config",
                self.directory / "gateway.yaml",
                *options,
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def post(self, path: str, **body: object) -> dict[str, Any]:
        """Write through the API."""
        answer = httpx.post(f"{self.rig.http}{path}", json=body, timeout=30)
        assert answer.is_success, answer.text
        written: dict[str, Any] = answer.json()
        return written

    def panic(self, station: Station) -> str:
        """Let somebody press the button, and somebody else answer; the alert's id."""
        with (station.directory / "door.jsonl").open("a", buffering=1) as door:
            door.write(json.dumps({"domain": "occupancy", "event": "panic_button"}) + "\n")
        until_sync(lambda: self.alerts(station), 60, "the alert of the button")
        [alert] = self.alerts(station)
        self.post(f"/alerts/{alert['alert_id']}/acknowledge", by="li", comment="on my way")
        return str(alert["alert_id"])

    def alerts(self, station: Station) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.rig.get("/alerts", station_id=station.station_id)["items"]
        return [item for item in items if item["severity"] == "P1"]

    def correct(self, station: Station) -> None:
        """Say that the n-th person was the n+1-th."""
        path = f"/stations/{station.station_id}/readings/occupancy"
        items = self.rig.get(path, fields="people_in_total", limit=MORE, identity=True)["items"]
        [wrong] = [item for item in items if item["people_in_total"] == WRONG]
        named = {name: wrong[name] for name in ("stream", "seq", "index")}
        self.post(
            "/readings/corrections",
            station_id=station.station_id,
            domain="occupancy",
            field="people_in_total",
            value=RIGHT,
            reason="counted by hand",
            by="li",
            **named,
        )

    def wait_for_more(self) -> None:
        """Wait until every station has told of more people."""
        wanted = [(station, station.lines + MORE) for station in self.rig.stations]
        until_sync(
            lambda: all(len(self.rig.counted(station)) >= lines for station, lines in wanted),
            60,
            "more readings stored",
        )

    def ask_again(self, backup: Path) -> None:
        """Ask every station for what came after the backup; by itself the gateway waits ten minutes."""
        held = last_held(backup)
        for station in self.rig.stations:
            for stream, last in told(station):
                ranges = [[held.get(stream, 0) + 1, last]]
                args = {"stream": stream, "ranges": ranges}
                self.post(f"/stations/{station.station_id}/commands", name="resend", args=args, ttl_s=600)


def nothing_is_ahead_of_the_store(backup: Path) -> None:
    """What was judged is stored: else frames that get those numbers after a restore were never judged."""
    manifest = json.loads((backup / "manifest.json").read_text())
    assert 0 <= manifest["judged_frame"] <= manifest["last_frame"]
    snapshot = backup / "engine.snapshot"
    if snapshot.exists():
        head = json.loads(snapshot.read_bytes().partition(b"\n")[0])
        assert head["frame"] <= manifest["last_frame"]


def last_held(backup: Path) -> dict[str, int]:
    """Return how far a backup's store has come, by stream."""
    with duckdb.connect(str(backup / "store.duckdb"), read_only=True) as store:
        names = store.execute(
            "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, 'frames_raw_')"
        ).fetchall()
        frames = " UNION ALL ".join(f"SELECT source, seq FROM {name}" for (name,) in names)  # noqa: S608 - names of ours
        return dict(
            store.execute(
                f"SELECT stream, max(seq) FROM ({frames}) JOIN sources ON id = source GROUP BY stream"  # noqa: S608 - names of ours
            ).fetchall()
        )


def told(station: Station) -> list[tuple[str, int]]:
    with contextlib.closing(sqlite3.connect(station.directory / "data" / "outbox.db", timeout=5)) as outbox:
        return outbox.execute("SELECT stream, last FROM streams").fetchall()


def balanced(rig: Rig, station: Station, *, corrected: bool) -> None:
    """Every reading once, every frame counted once, nothing left over."""
    values = list(range(1, station.lines + 1))
    if corrected:
        values[WRONG - 1] = RIGHT
    assert rig.counted(station) == values
    completeness = rig.get(f"/stations/{station.station_id}")["completeness"]
    assert completeness["received"] == station.frames()
    assert completeness["missing"] == completeness["gone"] == completeness["quarantined"] == 0


@pytest.mark.timeout(400)
def test_a_gateway_put_back_from_a_backup_has_every_frame_once_and_every_alert(tmp_path: Path) -> None:
    with Rig.open(tmp_path, STATIONS, LINE_S) as rig:
        office = Office(rig, tmp_path)
        office.backups.mkdir()
        office.wait_for_more()
        alert = office.panic(rig.stations[0])
        office.correct(rig.stations[1])
        for _ in range(2):
            office.command("backup", "--to", str(office.backups), "--keep", "1")
        [backup] = office.backups.iterdir()
        nothing_is_ahead_of_the_store(backup)
        office.wait_for_more()
        rig.gateway.kill()
        shutil.rmtree(office.data_dir)
        office.command("restore", "--from", str(backup))
        rig.gateway.start()
        office.ask_again(backup)
        office.wait_for_more()
        for station in rig.stations:
            station.end()
        until_sync(
            lambda: [len(rig.counted(one)) for one in rig.stations] == [one.lines for one in rig.stations],
            SETTLES_S,
            "every reading stored",
        )
        until_sync(lambda: not any(one.unsettled() for one in rig.stations), SETTLES_S, "settled outboxes")
        for number, station in enumerate(rig.stations):
            balanced(rig, station, corrected=number == 1)
        kept = rig.get(f"/alerts/{alert}")
        assert (kept["state"], kept["by"]) == ("acknowledged", "li")
        assert [one["alert_id"] for one in office.alerts(rig.stations[0])] == [alert]
        [correction] = rig.get("/readings/corrections")["items"]
        assert (correction["by"], correction["readings"][0]["old"]) == ("li", WRONG)
        for program in (*(station.program for station in rig.stations), rig.gateway):
            assert program.stop() == 0
