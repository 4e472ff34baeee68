"""How far the mirror has come, on disk: a small file, replaced whole, of one server and database."""

import json
import os
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

FILE_NAME = "mirror.json"
BEGINNING = -1
DONE = 2**62
"""Where something is that is read through once."""


class Positions:
    """The place each source was written up to; a file of another server, or none, begins anew."""

    def __init__(self, path: Path, target: str) -> None:
        self._path = path
        self._target = target
        self._reached = self._load()

    def get(self, source: str, default: int = BEGINNING) -> int:
        """Return the place a source was written up to."""
        return self._reached.get(source, default)

    def advance(self, source: str, upto: int) -> None:
        """Note that a source is written up to a place; it is on the disk then, or OSError says why not."""
        if self._reached.get(source) == upto:
            return
        self._reached[source] = upto
        told = json.dumps({"target": self._target, "reached": self._reached}, indent=1)
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(told)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)

    def _load(self) -> dict[str, int]:
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            if told["target"] == self._target:
                return {str(name): int(place) for name, place in told["reached"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("mirror_position_unreadable", reason=str(error), next="everything is written again")
        return {}
