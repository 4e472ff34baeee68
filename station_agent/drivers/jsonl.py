"""A file that is followed, or a FIFO: one reading a line (contract, section 9).

A file is read from its start the first time, then from the offset committed with the outbox rows;
truncated or replaced, from its start again. A line that is no JSON object is counted and skipped.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from station_agent.drivers.driver import RawReading, Taken
from station_agent.drivers.settings import DeviceSettings, Seconds
from station_agent.errors import DriverError

CHUNK = 65_536
LONGEST_LINE = 65_536
_HEAD = 256


class JsonlSettings(DeviceSettings):
    """A followed file or FIFO."""

    driver: Literal["jsonl"]
    path: Annotated[Path, Field(description="File or FIFO; each line is a JSON object with its domain.")]
    every: Seconds = Field(0.25, description="How often to look for new lines.")


class JsonlDriver:
    """Follows one path, whatever happens to the file behind it."""

    every_reading = True

    def __init__(self, settings: JsonlSettings) -> None:
        self.name = f"jsonl:{settings.device}:{settings.path}"
        self.device = settings.device
        self._facility = settings.facility
        self.every_s = settings.every
        self._path = settings.path
        self._source: _Source | None = None
        self._resume_at: dict[str, Any] | None = None
        self._uncommitted: Taken | None = None

    def facility_of(self, device: str) -> str | None:
        """Return the facility of the settings, for the device of the settings."""
        return self._facility if device == self.device else None

    def resume(self, position: Any) -> None:  # noqa: ANN401 - see Driver
        """Go on at a position that ``read`` gave."""
        self._resume_at = position

    async def read(self, now_ms: int) -> Taken:  # noqa: ARG002 - a line without ts is stamped by the intake
        """Return the next whole lines, at most ``CHUNK`` bytes of them."""
        if self._uncommitted is None:
            self._uncommitted = self._read()
        return self._uncommitted

    def committed(self) -> None:
        """Go on to the next lines."""
        self._uncommitted = None

    def close(self) -> None:
        """Close the file."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def _read(self) -> Taken:
        try:
            if self._source is None:
                self._source = _open(self._path, self._resume_at)
            taken = self._source.take()
            drained = not (taken.more or taken.readings or taken.bad)
            if drained and self._source.is_replaced(self._path):
                self._resume_at = None
                rest = self._source.last_words()
                self.close()
                return rest
        except FileNotFoundError:
            raise DriverError(f"{self._path} does not exist; whoever writes it has not begun") from None
        return taken


class _Source:
    """An open file or FIFO and what was read of an unfinished line."""

    def __init__(self, descriptor: int, *, fifo: bool, offset: int) -> None:
        self._descriptor = descriptor
        self._fifo = fifo
        self._offset = offset
        self._partial = b""
        self._skipping = False
        self._head: tuple[int, str] | None = None

    def take(self) -> Taken:
        """Split the next chunk into lines."""
        if not self._fifo and self._is_rewritten():
            self._offset, self._partial, self._skipping, self._head = 0, b"", False, None
        chunk = self._next_chunk()
        self._offset += len(chunk)
        *lines, partial = (self._partial + chunk).split(b"\n")
        bad = 0
        if self._skipping and lines:
            del lines[0]
            self._skipping = False
        if len(partial) > LONGEST_LINE or self._skipping:
            bad += not self._skipping
            partial, self._skipping = b"", True
        self._partial = partial
        return self._parse(lines, bad, more=len(chunk) == CHUNK)

    def is_replaced(self, path: Path) -> bool:
        """Whether the path leads to another file by now."""
        try:
            there, here = path.stat(), os.fstat(self._descriptor)
        except FileNotFoundError:
            return True
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    def last_words(self) -> Taken:
        """Return the unfinished line of a file that nobody will finish."""
        lines, self._partial = [self._partial], b""
        return self._parse(lines, 0, more=True)

    def close(self) -> None:
        os.close(self._descriptor)

    def _is_rewritten(self) -> bool:
        """Whether the file was cut and written anew, even past where it was read to."""
        size = os.fstat(self._descriptor).st_size
        if size < self._offset:
            return True
        if size == self._offset or self._head is None:
            return False
        return _fingerprint(self._descriptor, self._head[0]) != self._head[1]

    def _next_chunk(self) -> bytes:
        try:
            if self._fifo:
                return os.read(self._descriptor, CHUNK)
            return os.pread(self._descriptor, CHUNK, self._offset)
        except BlockingIOError:
            return b""

    def _parse(self, lines: list[bytes], bad: int, *, more: bool) -> Taken:
        readings: list[RawReading] = []
        for line in lines:
            if not line.strip():
                continue
            raw = _parse(line)
            if raw is None:
                bad += 1
            else:
                readings.append(raw)
        return Taken(readings, self._position(), bad, more)

    def _position(self) -> dict[str, Any] | None:
        if self._fifo:
            return None
        offset = self._offset - len(self._partial)
        if self._head is None or self._head[0] < min(offset, _HEAD):
            size = min(offset, _HEAD)
            self._head = size, _fingerprint(self._descriptor, size)
        return {"inode": os.fstat(self._descriptor).st_ino, "offset": offset, "head": list(self._head)}


def _open(path: Path, position: dict[str, Any] | None) -> _Source:
    mode = path.stat().st_mode
    if stat.S_ISFIFO(mode):
        # Opened for writing too, so that a writer that leaves does not end the pipe.
        return _Source(os.open(path, os.O_RDWR | os.O_NONBLOCK), fifo=True, offset=0)
    if not stat.S_ISREG(mode):
        raise DriverError(f"{path} is neither a file nor a FIFO")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return _Source(descriptor, fifo=False, offset=_offset(descriptor, position))
    except BaseException:
        os.close(descriptor)
        raise


def _offset(descriptor: int, position: dict[str, Any] | None) -> int:
    """Return where to go on: the committed offset if this is still the file it was committed for."""
    if position is None or os.fstat(descriptor).st_ino != position["inode"]:
        return 0
    size, fingerprint = position["head"]
    offset = int(position["offset"])
    same = _fingerprint(descriptor, size) == fingerprint and os.fstat(descriptor).st_size >= offset
    return offset if same else 0


def _fingerprint(descriptor: int, size: int) -> str:
    return hashlib.sha256(os.pread(descriptor, size, 0)).hexdigest()[:16]


def _parse(line: bytes) -> RawReading | None:
    try:
        raw = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return raw if isinstance(raw, dict) else None
