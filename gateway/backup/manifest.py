"""What a backup holds, written beside it last: a folder without a manifest is no backup."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.errors import BackupError

FILE_NAME = "manifest.json"
STORE, STATE, SNAPSHOT = "store.duckdb", "state.sqlite", "engine.snapshot"
_CHUNK = 1024 * 1024


class Content(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")

    @classmethod
    def of(cls, path: Path, go_on: Callable[[], None] = lambda: None) -> "Content":
        """Read a file to its end, unless ``go_on``, called now and then, raises."""
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                go_on()
        return cls(bytes=path.stat().st_size, sha256=digest.hexdigest())


class Manifest(BaseModel):
    """What a backup is of and what is in it.

    ``made`` in ms UTC; ``last_frame`` is the number of the last frame the store has, ``judged_frame`` of the
    last one whose alerts the database has, -1 for none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = 1
    made: int
    gateway: str
    yizhan: str
    duckdb: str
    schema_revision: str
    last_frame: int
    judged_frame: int
    files: dict[str, Content]

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of a backup; BackupError says why it is none."""
        path = folder / FILE_NAME
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise BackupError(f"{path}: {error.strerror}; this is no whole backup") from error
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, fault["loc"]))
            raise BackupError(f"{path}: {where}: {fault['msg']}; take another backup") from None

    def write(self, folder: Path) -> None:
        """Write it into the folder of its backup."""
        (folder / FILE_NAME).write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    def verify(self, folder: Path) -> None:
        """Compare every file with what was written of it; BackupError names the first that differs."""
        for name, told in self.files.items():
            path = folder / name
            try:
                found = Content.of(path)
            except OSError as error:
                raise BackupError(f"{path}: {error.strerror}; take another backup") from error
            if found != told:
                raise BackupError(f"{path}: not as it was written ({found.bytes} bytes); take another backup")
