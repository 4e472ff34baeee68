import os
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import DatabaseError, IntegrityError

from gateway.domain.fleet import Device, Down, StationRecord
from gateway.state.audit import KEEP_MS, Deed
from gateway.state.births import Happening, JournalRow, NewestBirth
from gateway.state.claims import RegionClaim
from gateway.state.commands import CommandRecord, CommandState
from gateway.state.database import FILE_NAME, State
from gateway.state.migrate import migrate
from gateway.state.resends import ResendAsk
from gateway.state.reserve import Reserve
from gateway.state.schema import metadata

NOW = 1_795_334_400_000
STREAM = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path, NOW, reserve_bytes=4_096) as state:
        yield state


def test_a_gateway_is_born_with_its_database(tmp_path: Path) -> None:
    with State.open(tmp_path, NOW, reserve_bytes=1) as first:
        gateway = first.gateway
    with State.open(tmp_path, NOW + 1, reserve_bytes=1) as again:
        assert again.gateway == gateway
    with State.open(tmp_path / "other", NOW, reserve_bytes=1) as other:
        assert other.gateway != gateway


def test_the_migrations_lead_to_the_tables_of_the_schema(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'x.sqlite'}")
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        with State.open(tmp_path, NOW, reserve_bytes=1):
            pass


def test_it_refuses_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database at all, but long enough to be looked at")
    with pytest.raises(DatabaseError):
        State.open(tmp_path, NOW, reserve_bytes=1)


def test_what_is_written_survives_a_power_cut(tmp_path: Path) -> None:
    with State.open(tmp_path, NOW, reserve_bytes=1):
        connection = sqlite3.connect(tmp_path / FILE_NAME)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()


def test_the_reserve_is_really_on_the_disk(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve", 3_000_000)
    assert reserve.take()
    assert reserve.held
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= 3_000_000
    reserve.free()
    assert not reserve.held


def test_the_reserve_leaves_nothing_behind_where_there_is_no_room(tmp_path: Path) -> None:
    if os.geteuid() == 0 and not Path("/dev/full").exists():
        pytest.skip("no device here is always full")
    full = tmp_path / "reserve"
    full.symlink_to("/dev/full")
    assert not Reserve(full, 4_096).take()
    assert not full.is_symlink()


def test_it_keeps_what_stations_are(state: State) -> None:
    record = StationRecord(
        station_id="a",
        region="r",
        first_seen=1,
        last_seen=2,
        session=3,
        down=Down.LOST,
        best_effort=False,
        devices=(Device("door", "access", "door"),),
        occupancy=b'{"doors":{}}',
    )
    state.stations.save([record])
    state.stations.save([])
    state.stations.save([replace(record, station_id="b", down=None, occupancy=None)])
    assert state.stations.load() == [record, replace(record, station_id="b", down=None, occupancy=None)]


def test_it_keeps_the_newest_birth_and_a_journal_of_all(state: State) -> None:
    births = [NewestBirth("a", "r", NOW + n, False, n, {"session": n}) for n in (1, 2)]  # noqa: FBT003 - a table's column
    for birth in births:
        state.births.save(birth)
    state.births.note(JournalRow(NOW + 9, Happening.GATEWAY_START, None, {}))
    assert state.births.newest() == [births[1]]
    assert [row.kind for row in state.births.history()] == ["gateway_start", "birth", "birth"]
    assert [row.at for row in state.births.history("a", since=NOW + 2)] == [NOW + 2]


def test_the_journal_forgets_its_oldest_rows(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.state.births.JOURNAL_ROWS", 100)
    state.births.note(*(JournalRow(n, Happening.WILL, "a", {}) for n in range(1_000)))
    kept = state.births.history(limit=1_000)
    assert len(kept) == 100
    assert kept[0].at == 999


def test_a_command_is_settled_once(state: State) -> None:
    command = CommandRecord("c1", "a", "birth", {}, NOW, 60, ("duty",))
    state.commands.add(command)
    assert state.commands.pending() == [command]
    assert state.commands.settle("c1", CommandState.DONE, NOW + 5, result={"x": 1})
    assert not state.commands.settle("c1", CommandState.FAILED, NOW + 6)
    settled = state.commands.get("c1")
    assert settled is not None
    assert (settled.state, settled.at, settled.result) == (CommandState.DONE, NOW + 5, {"x": 1})
    assert state.commands.pending() == []


def test_a_command_s_id_is_given_once(state: State) -> None:
    command = CommandRecord("c1", "a", "birth", {}, NOW, 60, ())
    state.commands.add(command)
    with pytest.raises(IntegrityError):
        state.commands.add(command)


def test_a_command_without_answer_expires(state: State) -> None:
    state.commands.add(CommandRecord("c1", "a", "birth", {}, NOW, 60, ()))
    assert state.commands.expire(NOW + 60_000) == 0
    assert state.commands.expire(NOW + 60_001) == 1
    expired = state.commands.get("c1")
    assert expired is not None
    assert expired.state is CommandState.EXPIRED


def test_it_knows_no_command_that_was_never_given(state: State) -> None:
    assert state.commands.get("c1") is None
    assert not state.commands.settle("c1", CommandState.DONE, NOW)


def test_it_keeps_which_gaps_to_ask_for(state: State) -> None:
    late = ResendAsk("a", STREAM, NOW, NOW + 20, 1)
    soon = ResendAsk("b", STREAM, NOW, NOW + 10, 2)
    state.resends.save([late, soon])
    state.resends.save([])
    assert state.resends.load() == [soon, late]
    state.resends.drop("b", STREAM)
    assert state.resends.load() == [late]


def test_it_keeps_claims(state: State) -> None:
    state.claims.save(RegionClaim("r", NOW))
    state.claims.save(RegionClaim("r", NOW, ("g1", "g2")))
    assert state.claims.load() == [RegionClaim("r", NOW, ("g1", "g2"))]


def test_it_remembers_who_did_what_for_as_long_as_the_law_asks(state: State) -> None:
    state.audit.note(Deed(NOW, "duty", "command.birth", "a", {}))
    state.audit.note(Deed(NOW + 180 * 86_400_000, "duty", "command.birth", "b", {}))
    assert [deed.target for deed in state.audit.newest()] == ["b", "a"]
    state.audit.note(Deed(NOW + KEEP_MS + 1, "duty", "command.birth", "c", {}))
    assert [deed.target for deed in state.audit.newest()] == ["c", "b"]


def test_readers_do_not_wait_for_a_writer(state: State) -> None:
    state.claims.save(RegionClaim("r", NOW))
    with state._engine.begin() as writing:  # noqa: SLF001 - holds the write lock as a slow writer would
        writing.exec_driver_sql("DELETE FROM claims")
        assert len(state.claims.load()) == 1


def test_writers_in_many_threads_take_turns(state: State) -> None:
    def write(number: int) -> None:
        for n in range(20):
            state.audit.note(Deed(NOW + n, str(number), "x", "y", {}))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(state.audit.newest(limit=200)) == 80
