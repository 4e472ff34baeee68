"""What really happened in a simulated station, line by line, to hold what was measured against."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO


class TruthLog:
    """JSON lines, each with `station_id`, `at` (ms), `kind`.

    Kinds: `person` (persona, arrive, leave, used), `turned_away`, `use` (what, litres, wh, seconds,
    person), `water` and `energy` (litres or Wh per source, summed from `since` to `at`), `fault` (phase
    begin or end).
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lines = 0

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[TruthLog]:
        """Write to a new file at `path`, closing it at the end of the block."""
        with path.open("w", encoding="utf-8") as stream:
            yield cls(stream)

    def write(self, station_id: str, at: int, kind: str, fields: dict[str, object]) -> None:
        """Append one line."""
        line = {"station_id": station_id, "at": at, "kind": kind, **fields}
        self._stream.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        self.lines += 1
