"""The agent when its outbox is full, or its file was destroyed; a full disk is played in tests/chaos."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.acking_peer import Peer, acking_peer
from tests.integration.agent_process import AgentProcess
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import until_sync
from wire.ranges import Ranges

KIB = 1024
LAST = "SELECT max(last) FROM streams"
DROPPED = "SELECT value FROM notes WHERE name = 'dropped'"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as started:
        yield started


def query(agent: AgentProcess, text: str) -> int:
    sql = sqlite3.connect(agent.config.parent / "data" / "outbox.db")
    try:
        row = sql.execute(text).fetchone()
        return int(row[0] or 0) if row else 0
    finally:
        sql.close()


def numbers(peer: Peer) -> tuple[Ranges, Ranges]:
    """Return what arrived and what was said to be gone, of the only stream."""
    arrived, gone = Ranges(), Ranges()
    for _, frame in list(peer.frames):
        arrived.add(frame["seq"])
        gone.update([(lo, hi) for lo, hi in frame["gone"]])
    return arrived, gone


def test_it_holds_no_more_than_it_may_and_says_what_is_gone(tmp_path: Path, broker: Mosquitto) -> None:
    broker.kill()
    outbox = {"max_bytes": "256KiB"}
    with AgentProcess(tmp_path, broker.url, outbox=outbox) as agent:
        agent.write(*range(20_000))
        until_sync(lambda: query(agent, DROPPED) > 0, what="drops")
        assert query(agent, "SELECT sum(size) FROM frames") <= 256 * KIB
        broker.start()
        with acking_peer(broker.port) as peer:
            until_sync(
                lambda: not query(agent, "SELECT count(*) FROM frames WHERE state <> 2"), 60, "settling"
            )
            arrived, gone = numbers(peer)
    assert gone
    assert arrived.union(gone).missing(1, arrived.last or 0) == Ranges()


def test_it_goes_on_after_its_file_was_destroyed(tmp_path: Path, broker: Mosquitto) -> None:
    agent = AgentProcess(tmp_path, broker.url)
    with acking_peer(broker.port) as peer:
        with agent:
            agent.write(1)
            until_sync(lambda: peer.lines() == [1], what="the reading")
        (tmp_path / "data" / "outbox.db-wal").unlink()  # else SQLite mends the file from its log
        (tmp_path / "data" / "outbox.db").write_bytes(b"\0" * 8 * KIB + b"flash died here" * 1_000)
        with agent:
            agent.write(2)
            until_sync(lambda: 2 in peer.lines(), what="the reading after the loss")
    assert "put aside" in agent.log
