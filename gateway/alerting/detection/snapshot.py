"""What the engine remembers, on the disk: replaced as a whole, and believed only if it is whole."""

import hashlib
import io
import json
import os
import pickle
import struct
import threading
from collections.abc import Mapping
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple, Self

import zstandard

VERSION = 4
_LENGTH = struct.Struct("<Q")
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
    struct.error,
    pickle.UnpicklingError,
    zstandard.ZstdError,
)


class Gathered(NamedTuple):
    """All that was remembered after a frame, compressed: what goes on being changed is not in it any more.

    Arrays stand behind the rest and are compressed where they are: 520 MB of a country in one pickle kept the
    interpreter's lock for up to two seconds, and everything else of the gateway stood still.
    """

    frame: int
    content: bytes

    @classmethod
    def of(cls, remembered: Mapping[str, Any]) -> Self:
        """Gather what an engine's `save` returned."""
        arrays: list[pickle.PickleBuffer] = []
        objects = pickle.dumps(remembered, pickle.HIGHEST_PROTOCOL, buffer_callback=arrays.append)
        parts = [memoryview(objects), *(array.raw() for array in arrays)]
        # mostly empty windows: 520 MB become 13
        squeeze = zstandard.ZstdCompressor(level=1).compressobj()
        squeezed = [squeeze.compress(piece) for part in parts for piece in (_LENGTH.pack(part.nbytes), part)]
        return cls(remembered["frame"], b"".join([*squeezed, squeeze.flush()]))

    def remembered(self) -> dict[str, Any]:
        """Return it as it was; one of `_DAMAGED` when the content is not what `of` made."""
        with io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(self.content)) as parts:
            objects, arrays = io.BytesIO(_next_part(parts)), map(_next_part, repeat(parts))
            remembered: dict[str, Any] = _Careful(objects, buffers=arrays).load()
        return remembered


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
            digest = hashlib.sha256(gathered.content).hexdigest()
            head = {"version": VERSION, "frame": gathered.frame, "sha256": digest}
            aside = self.path.with_suffix(".new")
            with aside.open("wb") as file:
                file.write(json.dumps(head).encode() + b"\n")
                file.write(gathered.content)
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
            return Gathered(told["frame"], content).remembered()
        except _DAMAGED as error:
            raise SnapshotUnreadableError(f"{self.path}: {error}") from error


def _next_part(parts: io.BufferedIOBase) -> bytearray:
    """Read one part, into memory of its own: arrays go on being written to."""
    (length,) = _LENGTH.unpack(parts.read(_LENGTH.size))
    part = bytearray(length)
    if parts.readinto(part) != length:
        raise EOFError("cut short")
    return part


class _Careful(pickle.Unpickler):
    """Makes nothing but values of ours and of numpy."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - a class
        if not module.startswith((*_OURS, "numpy._core.", "numpy.core.")) and (module, name) not in _THEIRS:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return super().find_class(module, name)
