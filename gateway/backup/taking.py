"""Taking a backup: beside the commits of a running gateway, whole or not at all, and only so many kept."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import structlog

from gateway.backup.copying import Instant
from gateway.backup.manifest import FILE_NAME, STATE, STORE, Content, Manifest
from gateway.errors import BackupError
from gateway.state.database import State
from gateway.timeseries.store import Store

log = structlog.get_logger(__name__)

SPARE = 1.1
"""Times the room of the stores that must be free: they grow while they are copied."""
LOOKS = 10
PARTIAL = ".part"
RESERVE = "state.reserve"
"""Holds nothing, and is not copied."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that is whole."""

    folder: Path
    manifest: Manifest

    @property
    def bytes(self) -> int:
        """How much it takes."""
        return sum(content.bytes for content in self.manifest.files.values())


class Backups:
    """Makes backups of one gateway's data directory, one at a time."""

    def __init__(self, store: Store, state: State, clock: Callable[[], int]) -> None:
        self._store = store
        self._gateway = state.gateway
        self._clock = clock
        self._data_dir = store.path.parent

    def instant(self) -> Instant:
        """Hold this instant; call it while nothing is being committed. BackupError when a store fails.

        The first question on a new connection of DuckDB was seen to miss a commit of milliseconds before,
        which the engine had judged: a few looks are allowed.
        """
        for _ in range(LOOKS):
            try:
                instant = Instant(self._store, self._data_dir)
            except (OSError, sqlite3.Error, duckdb.Error) as error:
                raise BackupError(f"the stores cannot be read: {error}") from error
            if instant.judged_frame <= instant.last_frame:
                return instant
            instant.close()
        raise BackupError("the alert engine is ahead of the store; start the gateway once, which mends that")

    def check(self, to: Path) -> None:
        """Refuse a place that a backup cannot go to; BackupError says what is wrong with it."""
        if not to.is_absolute() or not to.is_dir():
            raise BackupError(f"{to}: no such folder on the gateway's machine; make it, or name another")
        if to.resolve().is_relative_to(self._data_dir.resolve()):
            raise BackupError(f"{to}: it is inside data_dir and would be lost with it; name another disk")
        if not os.access(to, os.W_OK | os.X_OK):
            raise BackupError(f"{to}: the gateway may not write there; give its user the right to")
        files = [path for path in self._data_dir.iterdir() if path.is_file() and path.name != RESERVE]
        needed = int(SPARE * sum(path.stat().st_size for path in files))
        free = shutil.disk_usage(to).free
        if free < needed:
            room = f"{free // 1_000_000} MB free, {needed // 1_000_000} MB needed"
            raise BackupError(f"{to}: {room}; make room, or keep fewer")

    def take(self, instant: Instant, to: Path, keep: int | None = None) -> Made:
        """Copy an instant into a new folder below ``to``, and of this gateway's backups keep the newest.

        BackupError says why it failed; then nothing is left of it and no older backup was touched.
        """
        made = self._clock()
        stamp = datetime.fromtimestamp(made / 1_000, UTC).strftime("%Y%m%dT%H%M%SZ")
        folder = to / f"{self._prefix}{stamp}"
        part = folder.with_name(folder.name + PARTIAL)
        try:
            self._clear(to)
            part.mkdir(mode=0o700)
            manifest = self._fill(instant, part, made)
            part.rename(folder)
            _flush(to)
        except (OSError, sqlite3.Error, duckdb.Error, BackupError) as error:
            shutil.rmtree(part, ignore_errors=True)
            raise BackupError(f"{folder}: {error}") from error
        finally:
            instant.close()
        self._prune(to, keep)
        return Made(folder, manifest)

    def _fill(self, instant: Instant, part: Path, made: int) -> Manifest:
        instant.copy_state(part / STATE)
        for name, content in instant.files.items():
            (part / name).write_bytes(content)
        instant.copy_store(part / STORE)
        for path in part.iterdir():
            path.chmod(0o600)
            _flush(path)
        manifest = Manifest(
            made=made,
            gateway=self._gateway,
            yizhan=version("yizhan"),
            duckdb=duckdb.__version__,
            schema_revision=instant.schema_revision,
            last_frame=instant.last_frame,
            judged_frame=instant.judged_frame,
            files={path.name: Content.of(path, instant.go_on) for path in sorted(part.iterdir())},
        )
        manifest.write(part)
        _flush(part / FILE_NAME)
        _flush(part)
        return manifest

    @property
    def _prefix(self) -> str:
        return f"yizhan-{self._gateway}-"

    def _clear(self, to: Path) -> None:
        """Remove what a backup that was killed left behind."""
        for path in to.glob(f"{self._prefix}*{PARTIAL}"):
            shutil.rmtree(path)

    def _prune(self, to: Path, keep: int | None) -> None:
        """Remove all but the newest; a disk that refuses costs room, not the backup."""
        whole = sorted(path.parent for path in to.glob(f"{self._prefix}*/{FILE_NAME}"))
        for old in whole[:-keep] if keep else []:
            try:
                shutil.rmtree(old)
            except OSError as error:
                log.warning("old_backup_stays", folder=str(old), reason=str(error), next="remove it by hand")


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
