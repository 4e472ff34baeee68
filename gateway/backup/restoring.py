"""Putting a backup back: into an empty data directory, and only if every byte is as it was written."""

import os
import shutil
from pathlib import Path

import duckdb

from gateway.backup.manifest import STATE, STORE, Manifest
from gateway.errors import BackupError
from gateway.state.migrate import newest_revision

PARTIAL = ".restoring"


def restore(folder: Path, data_dir: Path) -> Manifest:
    """Copy a backup into ``data_dir``; BackupError says why not, and then nothing of it is in force.

    Its files get their names at the end, the database last: a gateway started on half of one would be a new
    gateway with an old store.
    """
    manifest = Manifest.read(folder)
    _check(manifest, folder)
    manifest.verify(folder)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        _check_empty(data_dir)
        names = sorted(manifest.files, key=lambda name: (name == STATE, name))
        for name in names:
            aside = data_dir / (name + PARTIAL)
            shutil.copyfile(folder / name, aside)
            aside.chmod(0o600)
            with aside.open("rb") as file:
                os.fsync(file.fileno())
        for name in names:
            (data_dir / (name + PARTIAL)).rename(data_dir / name)
    except OSError as error:
        raise BackupError(f"{data_dir}: {error.strerror or error}; mend that and restore again") from error
    return manifest


def _check(manifest: Manifest, folder: Path) -> None:
    """Refuse what this version of the gateway cannot read."""
    if manifest.version != 1:
        raise BackupError(
            f"{folder}: a backup of form {manifest.version}; restore it with the version that made it"
        )
    strange = [name for name in manifest.files if Path(name).name != name]
    if strange or not {STATE, STORE} <= manifest.files.keys():
        raise BackupError(f"{folder}: its manifest does not name the files of a gateway; take another backup")
    if manifest.schema_revision > newest_revision() or _numbers(manifest.duckdb) > _numbers(
        duckdb.__version__
    ):
        raise BackupError(
            f"{folder}: made by a newer version (yizhan {manifest.yizhan}); install that one first"
        )


def _check_empty(data_dir: Path) -> None:
    """Refuse a directory in which there is anything but what an interrupted restore left."""
    there = sorted(path.name for path in data_dir.iterdir() if path.suffix != PARTIAL)
    if there:
        raise BackupError(
            f"{data_dir}: not empty ({there[0]}); move it away first, nothing is ever overwritten"
        )


def _numbers(release: str) -> list[int]:
    return [int(part) for part in release.split(".")[:2]]
