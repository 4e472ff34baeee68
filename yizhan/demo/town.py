"""The town of the demo: which stations, since when, and the files that gateway and stations start from."""

import json
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

import yaml

from simulators.light.app import Berth, CrewPlan
from simulators.towns import LOUXING, Site, stations_yaml_rows

HISTORY_MS = 2 * 86_400_000
SEED = 20_261_122
REAL_AGENTS = 5
CREWS = 2
NOTE = "demo.json"
# Minutes of the story, all of them in the two days of history; what happens while one watches is `troubles`.
FAULTS = {
    "louxing-07": ("F01@2400",),
    "louxing-12": ("F14@1500",),
    "louxing-20": ("F16@2600",),
}
ON_CALL = {
    "people": {
        "wang": {"name": "值班 王 / Wang, on duty", "channels": ["screen"], "lang": "both"},
        "li": {"name": "班长 李 / Li, in charge", "channels": ["screen"], "lang": "both"},
    },
    "layers": [{"name": "duty", "people": ["wang"], "first_day": "2026-01-01"}],
    "fallback": "li",
    "steps": {
        "P1": [{"after": "0s", "to": ["first"]}, {"after": "40s", "to": ["first", "fallback"]}],
        "P2": [{"after": "0s", "to": ["first"]}, {"after": "60s", "to": ["first", "fallback"]}],
    },
    "nag": {"P1": "60s", "P2": "2m"},
}
"""Who is told, faster than anybody would be in earnest: one wants to see it happen."""


@dataclass(frozen=True)
class Town:
    """What one run of the demo plays with.

    ``start_ms`` is where the simulated life began, the same at every run over one directory, so that meters
    go on from where they were; ``from_ms`` is up to when the gateway has it; ``run`` counts the runs.
    """

    data: Path
    sites: tuple[Site, ...]
    start_ms: int
    from_ms: int
    run: int

    @classmethod
    def found(cls, data: Path, stations: int, now_ms: int) -> "Town":
        """Make the directory, or go on with what is there; raises OSError and ValueError.

        A past that was interrupted is filled in from its beginning, into new stores: in the old ones what new
        streams send again would be there twice.
        """
        data.mkdir(parents=True, exist_ok=True)
        begun_ms = now_ms - HISTORY_MS
        run, start_ms, until_ms = _remembered(data / NOTE) or (0, begun_ms, begun_ms)
        if until_ms is None:
            start_ms = until_ms = begun_ms
            for stores in (data / "gateway", data / "agents"):
                shutil.rmtree(stores, ignore_errors=True)
        return cls(data, LOUXING[:stations], start_ms, until_ms, run + 1)

    @property
    def with_agents(self) -> tuple[Site, ...]:
        """The stations that are run by the real agent."""
        return self.sites[:REAL_AGENTS]

    @property
    def is_new(self) -> bool:
        """Whether the gateway has nothing yet."""
        return self.from_ms == self.start_ms

    def remember(self, until_ms: int | None) -> None:
        """Note up to when the gateway has everything; None while the first past is not complete."""
        note = {"start_ms": self.start_ms, "until_ms": until_ms, "run": self.run}
        (self.data / NOTE).write_text(json.dumps(note), encoding="utf-8")

    def write_settings(self, port: int, influx: str | None = None) -> Path:
        """Write the gateway's settings and its directory of stations; the path of the settings.

        ``influx`` is the address of an InfluxDB to mirror into.
        """
        stations = self.data / "stations.yaml"
        _write_yaml(stations, stations_yaml_rows(self.sites))
        settings = self.data / "gateway.yaml"
        port = port or _free_port()
        url = f"http://127.0.0.1:{port}"
        content = {
            "data_dir": str(self.data / "gateway"),
            "broker": {"embedded": True, "port": 0},
            "http": {"host": "127.0.0.1", "port": port, "auth": "none", "public_url": url},
            "stations": {"file": str(stations), "accept_unknown": False},
            "channels": {"screen": {"kind": "console"}},
            "on_call": ON_CALL,
            **({"mirror": {"influxdb": {"url": influx}}} if influx else {}),
        }
        _write_yaml(settings, content)
        return settings

    def crew_plans(self, broker_port: int) -> list[CrewPlan]:
        """What the light stations do; those of the real agents have only a past."""
        # which comes first: the story begins with them, not a minute later when all the others have theirs
        berths = [self._berth(site) for site in (*self.with_agents, *self.sites[REAL_AGENTS:])]
        return [
            CrewPlan(
                name=f"crew-{number}",
                host="127.0.0.1",
                port=broker_port,
                session=self.run * 1000,
                stations=tuple(berths[number::CREWS]),
            )
            for number in range(min(CREWS, len(berths)))
        ]

    def _berth(self, site: Site) -> Berth:
        return Berth(
            station_id=site.station_id,
            seed=SEED,
            start_ms=self.start_ms,
            from_ms=self.from_ms,
            leaves=site in self.with_agents,
            faults=FAULTS.get(site.station_id, ()),
        )


def _remembered(path: Path) -> tuple[int, int, int | None] | None:
    if not path.exists():
        return None
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        until_ms = note["until_ms"]
        return int(note["run"]), int(note["start_ms"]), None if until_ms is None else int(until_ms)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a note of an earlier demo; choose another --data") from error


def _free_port() -> int:
    """A port that is free now: the links in messages have to name it before the gateway takes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _write_yaml(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
