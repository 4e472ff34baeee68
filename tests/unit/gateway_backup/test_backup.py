"""A backup is one instant of both stores, whole or not at all, and goes back into nothing but emptiness."""

import json
import shutil
import sqlite3
import threading
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gateway.backup.copying import Instant
from gateway.backup.manifest import FILE_NAME, Manifest
from gateway.backup.restoring import restore
from gateway.backup.taking import Backups, Made
from gateway.errors import BackupError
from gateway.state.audit import Deed
from gateway.state.database import State
from gateway.timeseries.store import Store
from tests.unit.gateway_ingest.ticks import NOW, Desk, best_effort, payload

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil has it


class House:
    """A data directory with both stores open, and a place for backups."""

    def __init__(self, folder: Path) -> None:
        self.data_dir, self.to = folder / "data", folder / "backups"
        self.to.mkdir(exist_ok=True)
        self.state = State.open(self.data_dir, NOW, reserve_bytes=1)
        self.store = Store(self.data_dir / "store.duckdb")
        self.store.open()
        self.now = NOW
        self.backups = Backups(self.store, self.state, lambda: self.now)
        self.desk = Desk(self.store.sources, self.store.series, frame=self.store.next_frame)

    def take_in(self, *seqs: int) -> None:
        self.store.consume([self.desk.batch(*map(payload, seqs))])

    def back_up(self, keep: int | None = None) -> Made:
        self.now += 1_000
        return self.backups.take(self.backups.instant(), self.to, keep)

    def close(self) -> None:
        self.store.close()
        self.state.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def seqs(path: Path) -> list[int]:
    with duckdb.connect(str(path), read_only=True) as store:
        return [seq for (seq,) in store.execute("SELECT seq FROM frames_raw_202611 ORDER BY seq").fetchall()]


def everything(store: Store) -> dict[str, list[Any]]:
    """Return what every view and table says, in the order of its own words."""
    cursor = store.cursor()
    names = cursor.execute("SELECT table_name FROM duckdb_tables() ORDER BY ALL").fetchall()
    return {name: cursor.sql(f"FROM {name} ORDER BY ALL").fetchall() for (name,) in names}


def test_what_is_put_back_says_what_was_there(house: House, tmp_path: Path) -> None:
    (house.data_dir / "engine.snapshot").write_bytes(b"memory")
    (house.data_dir / "links.key").write_bytes(b"k" * 32)
    (house.data_dir / "holidays.yaml").write_text("[]")
    house.take_in(1, 2)
    house.store.consume([house.desk.batch(best_effort(), payload(3, gone=[(4, 5)]))])
    house.state.audit.note(Deed(NOW, "li", "x", "y", {}))
    for _ in range(3):
        changes_drawn(house.store)
    before, deeds = everything(house.store), house.state.audit.newest()
    made = house.back_up()
    assert (made.manifest.last_frame, made.manifest.judged_frame) == (3, -1)
    house.close()
    shutil.rmtree(house.data_dir)
    restore(made.folder, house.data_dir)
    again = House(tmp_path)
    assert everything(again.store) == before
    assert again.state.audit.newest() == deeds
    assert again.state.gateway == made.manifest.gateway
    assert again.store.next_frame == 4
    assert changes_drawn(again.store) == 4
    assert (house.data_dir / "engine.snapshot").read_bytes() == b"memory"
    assert (house.data_dir / "links.key").stat().st_mode & 0o777 == 0o600
    assert (house.data_dir / "holidays.yaml").read_text() == "[]"
    again.close()
    house.store.open()


def changes_drawn(store: Store) -> int:
    row = store.cursor().execute("SELECT nextval('changes')").fetchone()
    assert row is not None
    return int(row[0])


def test_it_holds_one_instant_while_commits_and_checkpoints_go_on(house: House) -> None:
    house.take_in(1, 2)
    house.state.audit.note(Deed(NOW, "li", "before", "y", {}))
    instant = house.backups.instant()
    house.state.audit.note(Deed(NOW, "li", "after", "y", {}))
    for seq in range(3, 20):
        house.take_in(seq)
    house.store.write_ledger([], upto=18)
    house.store.cursor().execute("DROP TABLE power_samples_202611")
    made = house.backups.take(instant, house.to)
    assert seqs(made.folder / "store.duckdb") == [1, 2]
    with duckdb.connect(str(made.folder / "store.duckdb"), read_only=True) as copy:
        assert copy.execute("SELECT count(*) FROM power_samples_202611").fetchone() == (2,)
    with sqlite3.connect(made.folder / "state.sqlite") as copy_of_state:
        assert copy_of_state.execute("SELECT action FROM audit").fetchall() == [("before",)]
    copy_of_state.close()


def test_it_refuses_an_engine_that_is_ahead_of_its_store(house: House) -> None:
    house.take_in(1, 2)
    with house.state.begin() as connection:
        house.state.alerts.advance(connection, "engine", 1)
    assert house.back_up().manifest.judged_frame == 1
    with house.state.begin() as connection:
        house.state.alerts.advance(connection, "engine", 2)
    with pytest.raises(BackupError, match="ahead of the store"):
        house.backups.instant()


def test_frames_are_committed_while_it_copies(house: House) -> None:
    house.take_in(*range(1, 200))
    made: list[Made] = []
    instant = house.backups.instant()
    copying = threading.Thread(target=lambda: made.append(house.backups.take(instant, house.to)), name="copy")
    copying.start()
    seq = 200
    while copying.is_alive():
        house.take_in(seq)
        seq += 1
    copying.join()
    assert seqs(made[0].folder / "store.duckdb") == list(range(1, 200))
    assert seq > 202, "commits went on"


def test_it_keeps_the_newest_and_leaves_alone_what_is_not_its_own(house: House) -> None:
    foreign = house.to / "yizhan-01K0PZ6Q9V3W8S4D2N7X5C1BFA-20261122T000000Z"
    foreign.mkdir()
    (foreign / FILE_NAME).write_text("{}")
    torn = house.to / f"yizhan-{house.state.gateway}-20261122T000000Z.part"
    torn.mkdir()
    made = [house.back_up(keep=2) for _ in range(4)]
    assert sorted(house.to.iterdir()) == sorted([foreign, made[2].folder, made[3].folder])
    house.back_up()
    assert len(list(house.to.iterdir())) == 4


def test_it_refuses_a_place_that_is_none(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, why in (
        (tmp_path / "nowhere", "no such folder"),
        (Path("backups"), "no such folder"),
        (house.data_dir, "inside data_dir"),
    ):
        with pytest.raises(BackupError, match=why):
            house.backups.check(place)
    house.backups.check(house.to)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, 1_000_000))
    house.take_in(1)
    (house.data_dir / "ballast").write_bytes(bytes(3_000_000))
    with pytest.raises(BackupError, match=r"1 MB free, .* needed"):
        house.backups.check(house.to)


def test_a_failure_leaves_nothing_behind_and_touches_no_older_backup(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.take_in(1)
    older = house.back_up()

    def full(*_: object) -> None:
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr(Instant, "copy_store", full)
    with pytest.raises(BackupError, match="No space left"):
        house.back_up(keep=1)
    assert list(house.to.iterdir()) == [older.folder]
    older.manifest.verify(older.folder)


def test_a_manifest_is_that_of_its_files(house: House, tmp_path: Path) -> None:
    house.take_in(1)
    made = house.back_up()
    assert Manifest.read(made.folder) == made.manifest
    store = made.folder / "store.duckdb"
    whole = store.read_bytes()
    for damaged in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
        store.write_bytes(damaged)
        with pytest.raises(BackupError, match=r"store\.duckdb: not as it was written"):
            restore(made.folder, tmp_path / "new")
    store.unlink()
    with pytest.raises(BackupError, match="No such file"):
        restore(made.folder, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"version": 2}, "form 2"),
        ({"schema_revision": "9999"}, "newer version"),
        ({"duckdb": "99.0.0"}, "newer version"),
        ({"files": {}}, "does not name the files"),
        ({"files": {"../store.duckdb": {"bytes": 0, "sha256": "0" * 64}}}, "does not name the files"),
        ({"gateway": 7}, "gateway: "),
        ({"colour": "blue"}, "colour: "),
    ],
)
def test_it_refuses_what_this_version_cannot_read(
    house: House, tmp_path: Path, changed: dict[str, object], why: str
) -> None:
    made = house.back_up()
    path = made.folder / FILE_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with pytest.raises(BackupError, match=why):
        restore(made.folder, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_it_puts_nothing_where_something_is(house: House, tmp_path: Path) -> None:
    made = house.back_up()
    with pytest.raises(BackupError, match=r"not empty \(state"):
        restore(made.folder, house.data_dir)
    new = tmp_path / "new"
    new.mkdir()
    (new / "store.duckdb.restoring").write_bytes(b"half of it")
    restore(made.folder, new)
    assert sorted(path.name for path in new.iterdir()) == sorted(made.manifest.files)
    with pytest.raises(BackupError, match="no whole backup"):
        restore(tmp_path, tmp_path / "other")
