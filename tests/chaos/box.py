"""One agent as a process, its file of readings wherever the test wants it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.rig import REGION, Program, Station

SETTLES_S = 100.0
"""A frame whose acknowledgement got lost is tried again after half a minute."""


@dataclass
class Box(Station):
    """An agent on ``directory`` that follows the file ``door``."""

    door: Path = field(default_factory=Path)

    @classmethod
    def make(cls, home: Path, door: Path, station_id: str, broker_url: str) -> "Box":
        """Write the settings of an agent whose data lie below ``home``."""
        home.mkdir(exist_ok=True)
        door.touch()
        content = {
            "region": REGION,
            "station_id": station_id,
            "broker": {"url": broker_url, "reconnect_max": "1s"},
            "data_dir": str(home / "data"),
            "clock": {"trust": "system"},
            "devices": [{"device": "front-door", "driver": "jsonl", "path": str(door), "every": "20ms"}],
        }
        settings = door.with_name(f"{station_id}.yaml")
        settings.write_text(json.dumps(content))  # JSON is YAML
        return cls(station_id, home, Program(["agent", "run", "--config", str(settings)]), door=door)

    def dropped(self) -> int:
        """How many frames policy dropped."""
        return self._ask("SELECT coalesce(max(value), 0) FROM notes WHERE name = 'dropped'")

    def numbered(self) -> int:
        """How many frames ever got a number, dropped ones included."""
        return self._ask("SELECT coalesce(sum(last), 0) FROM streams")

    def read_bytes(self) -> int:
        """How much of the file is read and on disk, or dropped."""
        return self._ask("SELECT coalesce(max(json_extract(position, '$.offset')), 0) FROM positions")
