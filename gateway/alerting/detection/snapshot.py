"""What the engine remembers, on the disk: replaced as a whole, and believed only if it is whole."""

import hashlib
import io
import json
import os
import pickle
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import zstandard

VERSION = 5
_LENGTH = struct.Struct("<Q")
_ALIGNED = 64
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


class Room:
    """Memory for arrays that is used again: touching fresh pages costs more than the copying."""

    def __init__(self) -> None:
        self._bytes = np.empty(0, np.uint8)

    def hold(self, arrays: Iterable[pickle.PickleBuffer]) -> Iterator[memoryview]:
        """Yield copies; they are good until the room holds others."""
        raw = [array.raw() for array in arrays]
        ends = list(accumulate(-(-one.nbytes // _ALIGNED) * _ALIGNED for one in raw))
        if ends and ends[-1] > len(self._bytes):
            self._bytes = np.empty(ends[-1] * 5 // 4, np.uint8)
        for begin, one in zip([0, *ends], raw, strict=False):
            piece = self._bytes[begin : begin + one.nbytes]
            piece[:] = np.frombuffer(one, np.uint8)
            yield piece.data


class Gathered(NamedTuple):
    """All that was remembered after a frame: what goes on being changed is not in it any more.

    Arrays stand beside the rest and are only copied while the engine waits: half a gigabyte of a country in
    one pickle, or compressed there and then, kept live frames waiting.
    """

    frame: int
    objects: bytes
    arrays: tuple[memoryview, ...]

    @classmethod
    def of(cls, remembered: Mapping[str, Any], room: Room | None = None) -> Self:
        """Gather what an engine's `save` returned, into a room that nobody else uses."""
        arrays: list[pickle.PickleBuffer] = []
        objects = pickle.dumps(remembered, pickle.HIGHEST_PROTOCOL, buffer_callback=arrays.append)
        return cls(remembered["frame"], objects, tuple((room or Room()).hold(arrays)))

    def compressed(self) -> bytes:
        """Return it for a file: mostly empty windows, 520 MB become 13."""
        squeeze = zstandard.ZstdCompressor(level=1).compressobj()
        parts = (memoryview(self.objects), *self.arrays)
        squeezed = [squeeze.compress(piece) for part in parts for piece in (_LENGTH.pack(part.nbytes), part)]
        return b"".join([*squeezed, squeeze.flush()])

    @classmethod
    def expanded(cls, frame: int, compressed: bytes) -> Self:
        """Return what `compressed` was made of; one of `_DAMAGED` when it was not."""
        with io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(compressed)) as parts:
            objects, *arrays = iter(partial(_next_part, parts), None)
        return cls(frame, bytes(objects), tuple(arrays))

    def remembered(self) -> dict[str, Any]:
        """Return it as it was; what is remembered goes on being written to, so ask once."""
        remembered: dict[str, Any] = _Careful(io.BytesIO(self.objects), buffers=self.arrays).load()
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
            content = gathered.compressed()
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
            return Gathered.expanded(told["frame"], content).remembered()
        except _DAMAGED as error:
            raise SnapshotUnreadableError(f"{self.path}: {error}") from error


def _next_part(parts: io.BufferedIOBase) -> memoryview | None:
    """Read one part, into memory of its own: arrays go on being written to; None after the last."""
    head = parts.read(_LENGTH.size)
    if not head:
        return None
    (length,) = _LENGTH.unpack(head)
    part = bytearray(length)
    if parts.readinto(part) != length:
        raise EOFError("cut short")
    return memoryview(part)


class _Careful(pickle.Unpickler):
    """Makes nothing but values of ours and of numpy."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - a class
        if not module.startswith((*_OURS, "numpy._core.", "numpy.core.")) and (module, name) not in _THEIRS:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return super().find_class(module, name)
