"""Whoever decides and sends is killed at any instant: everything due is sent, hardly anything twice."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter, defaultdict
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from gateway.state.database import FILE_NAME, State
from tests.support.http_fake import HttpFake, Request
from tests.support.processes import ROOT
from tests.support.waiting import until


@dataclass
class Receiver(HttpFake):
    """A webhook that takes its time, and counts the copies of every alert."""

    copies: Counter[str] = field(default_factory=Counter)
    attempts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    pause_s: float = 0.003

    def more_than(self, copies: int) -> bool:
        """Whether more copies than that have come."""
        return self.copies.total() > copies

    async def _serve(self, request: Request, writer: asyncio.StreamWriter) -> None:
        said = json.loads(request.body)
        for alert in said["alerts"]:
            self.copies[alert["alert_id"]] += 1
            self.attempts[alert["alert_id"]].append(said["attempt"])
        # between taking a message and saying so lies the instant that cannot be made certain
        await asyncio.sleep(self.pause_s)
        await super()._serve(request, writer)


async def begin(program: Process) -> int:
    """Have the next child forked, and return its process id."""
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(b"go\n")
    return int(await asyncio.wait_for(program.stdout.readline(), 30))


async def end(program: Process) -> None:
    """End the program with the child it may have."""
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    assert program.stdin is not None
    program.stdin.close()
    await program.wait()


async def kill_again_and_again(tmp_path: Path, kills: int, alerts: int, seed: int) -> Receiver:
    """Kill the program so many times, let it finish, and return who received."""
    chance = random.Random(seed)
    async with Receiver().listening() as receiver:
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.notifying", str(tmp_path), f"{receiver.base}/", str(alerts),
            stdin=PIPE, stdout=PIPE, cwd=ROOT, start_new_session=True,
        )  # fmt: skip
        assert program.stdout is not None
        try:
            for _ in range(kills):
                child = await begin(program)
                before = receiver.copies.total()
                await until(partial(receiver.more_than, before), 30, "a message")
                await asyncio.sleep(chance.uniform(0, 0.03))
                os.kill(child, signal.SIGKILL)
                await program.stdout.readline()
            child = await begin(program)
            await until(lambda: len(receiver.copies) == alerts, 60, "every alert to be sent")
            await until(lambda: unsent(tmp_path) == 0, 60, "everything to be marked")
            os.kill(child, signal.SIGKILL)
            await program.stdout.readline()
        finally:
            await end(program)
        return receiver


def unsent(data: Path) -> int:
    """Count the notifications that are not marked as sent."""
    with closing(sqlite3.connect(data / FILE_NAME)) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM notifications WHERE state != 'sent'").fetchone()
    return int(count)


def check(receiver: Receiver, tmp_path: Path, kills: int, alerts: int) -> None:
    """Everything once, at most one more copy a kill, each numbered; no alert lost or opened twice."""
    assert len(receiver.copies) == alerts
    assert receiver.copies.total() - alerts <= kills
    assert all(numbers == sorted(set(numbers)) for numbers in receiver.attempts.values())
    with State.open(tmp_path, 0, reserve_bytes=4_096) as state:
        rows = state.alerts.page(alerts + 1)
        assert {row.alert_id for row in rows} == receiver.copies.keys()
        assert all(row.count == 1 for row in rows)


@pytest.mark.timeout(400)
async def test_it_sends_everything_though_it_is_killed_thirty_times(tmp_path: Path) -> None:
    receiver = await kill_again_and_again(tmp_path, kills=30, alerts=400, seed=4)
    check(receiver, tmp_path, kills=30, alerts=400)


@pytest.mark.soak
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", range(100, 134))
async def test_it_sends_everything_though_it_is_killed_a_thousand_times(tmp_path: Path, seed: int) -> None:
    """In rounds: after five minutes nobody has taken an alert, and it is rightly told again."""
    receiver = await kill_again_and_again(tmp_path, kills=30, alerts=400, seed=seed)
    check(receiver, tmp_path, kills=30, alerts=400)
