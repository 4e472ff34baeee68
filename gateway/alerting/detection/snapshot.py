"""What the engine remembers, on the disk: replaced as a whole, and believed only if it is whole."""

import hashlib
import io
import json
import os
import pickle
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import zstandard

VERSION = 3
_OURS = ("gateway.domain.", "gateway.alerting.", "gateway.batch.")
_THEIRS = {
    ("builtins", "frozenset"),
    ("builtins", "set"),
    ("builtins", "slice"),
    ("collections", "Counter"),
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "deque"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
}


class SnapshotUnreadableError(Exception):
    """The file is there but cannot be taken up; the text says why."""


_DAMAGED = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    ImportError,
    EOFError,
    pickle.UnpicklingError,
    zstandard.ZstdError,
)


class Gathered(NamedTuple):
    """All that was remembered after a frame, as bytes: what goes on being changed is not in it any more."""

    frame: int
    content: bytes

    @classmethod
    def of(cls, remembered: Mapping[str, Any]) -> Self:
        """Gather what an engine's `save` returned."""
        return cls(remembered["frame"], pickle.dumps(remembered, pickle.HIGHEST_PROTOCOL))


class SnapshotFile:
    """`engine.snapshot` in the gateway's data directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = threading.Lock()
        self._newest = -1

    def write(self, gathered: Gathered) -> None:
        """Replace the file by what is newer; OSError when the disk does not take it: the old one stays."""
        with self._writing:
            if gathered.frame < self._newest:
                return
            # mostly empty windows: 520 MB of a country became 5, and commits need the same disk
            content = zstandard.ZstdCompressor(level=1).compress(gathered.content)
            digest = hashlib.sha256(content).hexdigest()
            head = {"version": VERSION, "frame": gathered.frame, "sha256": digest}
            aside = self.path.with_suffix(".new")
            with aside.open("wb") as file:
                file.write(json.dumps(head).encode() + b"\n")
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self.path)
            self._newest = gathered.frame

    def read(self) -> dict[str, Any] | None:
        """Return what was written last, None when there is nothing.

        Raises:
            SnapshotUnreadableError: it is of another version, or not whole.
        """
        try:
            head, _, content = self.path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SnapshotUnreadableError(f"{self.path}: {error.strerror}") from error
        try:
            told = json.loads(head)
            if told["version"] != VERSION:
                raise SnapshotUnreadableError(f"{self.path}: version {told['version']}, not {VERSION}")
            if hashlib.sha256(content).hexdigest() != told["sha256"]:
                raise SnapshotUnreadableError(f"{self.path}: not whole")
            remembered: dict[str, Any] = copied(zstandard.ZstdDecompressor().decompress(content))
        except _DAMAGED as error:
            raise SnapshotUnreadableError(f"{self.path}: {error}") from error
        return remembered


def copied(content: bytes) -> Any:  # noqa: ANN401 - whatever was remembered
    """Return what pickled bytes hold; nothing but values of ours and of numpy is ever made from them."""
    return _Careful(io.BytesIO(content)).load()


class _Careful(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - a class
        if not module.startswith((*_OURS, "numpy._core.", "numpy.core.")) and (module, name) not in _THEIRS:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return super().find_class(module, name)
