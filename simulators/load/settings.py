"""What a load run simulates."""

from dataclasses import dataclass

from simulators.load.link import Broker
from simulators.load.roster import MAX_STATIONS


@dataclass(frozen=True)
class FleetSettings:
    """A run; ``frames`` counts live frames and backlog of all stations together.

    Raises:
        ValueError: a number that makes no sense, with what it may be.
    """

    broker: Broker
    stations: int
    points: int
    every_s: float
    frames: int | None = None
    region: str = "sim"
    prefix: str = "fleet-"
    connections: int = 4
    seed: int = 0
    duration_s: float | None = None
    backlog_hours: float = 0.0
    patience_s: float = 60.0

    def __post_init__(self) -> None:
        if not 1 <= self.stations <= MAX_STATIONS:
            raise ValueError(f"stations must be 1 to {MAX_STATIONS}, not {self.stations}")
        if self.every_s <= 0:
            raise ValueError(f"every must be a number of seconds above 0, not {self.every_s}")
        if not 1 <= self.connections <= self.stations:
            raise ValueError(f"connections must be 1 to the number of stations, not {self.connections}")
        if self.frames is not None and self.frames < max(1, self.backlog * self.stations):
            raise ValueError(f"frames must be at least 1 and hold the backlog, not {self.frames}")

    @property
    def backlog(self) -> int:
        """Frames that every station brings along from before the run."""
        return round(self.backlog_hours * 3600 / self.every_s)
