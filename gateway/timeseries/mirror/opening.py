"""The mirror of one gateway as a value: opened from settings and stores, started, asked, closed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from prometheus_client import CollectorRegistry

from catalogue.model import Rule
from gateway.state.database import State
from gateway.timeseries import changes
from gateway.timeseries.mirror.alerts import JournalOfAlerts
from gateway.timeseries.mirror.counting import MirrorMetrics
from gateway.timeseries.mirror.frames import Corrections, Frames, Replays
from gateway.timeseries.mirror.lag import Lag
from gateway.timeseries.mirror.minutes import Minutes
from gateway.timeseries.mirror.mirror import Mirror
from gateway.timeseries.mirror.portion import Source
from gateway.timeseries.mirror.positions import FILE_NAME, Positions
from gateway.timeseries.mirror.region_days import RegionDays
from gateway.timeseries.mirror.server import Influx
from gateway.timeseries.mirror.settings import InfluxSettings
from gateway.timeseries.mirror.tiers import Retellings, fills
from gateway.timeseries.store import Store
from wire.influx import Policy

_DAY_MS = 86_400_000
_STOP_S = 3.0


@dataclass(frozen=True, slots=True)
class Origin:
    """What is mirrored: both stores, the last durable frame, the rules, and the clock (ms)."""

    store: Store
    state: State
    durable_upto: Callable[[], int]
    rule_of: Callable[[str], Rule | None]
    clock: Callable[[], int]
    further: Callable[[Positions], Sequence[Source]] = lambda _positions: ()
    """Makes what is reckoned from the stores by others, as portions of their own."""


class Mirroring:
    """An InfluxDB kept up to the stores; nothing of it can stop the gateway."""

    def __init__(
        self, settings: InfluxSettings, data_dir: Path, origin: Origin, registry: CollectorRegistry
    ) -> None:
        metrics = MirrorMetrics(registry)
        positions = Positions(data_dir / FILE_NAME, f"{settings.address}/{settings.org}/{settings.bucket}")
        _after_a_restore(positions, origin)
        self._positions = positions
        self.minutes = Minutes(metrics)
        self.lag = Lag(origin.durable_upto, metrics, origin.clock)
        self._server = Influx(settings)
        self._mirror = Mirror(
            self._server,
            [
                *_sources(settings, origin, positions, self.minutes),
                RegionDays(self._server, origin.clock),
            ],
            positions,
            origin.store.cursor,
            metrics,
            self.lag,
            settings.points_per_s,
        )

    def mirrored_upto(self) -> int:
        """Return the number of the last frame that the mirror has, -1 for none."""
        return self._positions.get(Frames.name)

    @property
    def condition(self) -> str:
        """`ok`, or how far it is behind and why: what `/readyz` tells."""
        trouble = self._mirror.trouble
        if trouble is None:
            return "ok"
        return f"{self.lag.seconds:.0f} s and {self.lag.frames} frames behind: {trouble}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._mirror.join(_STOP_S)
        self._server.close()

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._mirror.start()

    def stop(self) -> None:
        """Ask it to end."""
        self._mirror.stop()


def _sources(
    settings: InfluxSettings, origin: Origin, positions: Positions, minutes: Minutes
) -> list[Source]:
    """List what is mirrored: each gets a portion in turn, so a backlog of one holds up no other."""

    def since(policy: Policy) -> int:
        return origin.clock() - settings.days(policy) * _DAY_MS

    return [
        minutes,
        JournalOfAlerts(origin.state.alerts, origin.rule_of),
        Frames(origin.durable_upto, since),
        Replays(since),
        Corrections(since),
        Retellings(positions),
        *fills(),
        *origin.further(positions),
    ]


def _after_a_restore(positions: Positions, origin: Origin) -> None:
    """Come back to the end of stores that know less: numbers beyond it will be given again."""
    with origin.store.cursor() as cursor:
        ((replays,),) = cursor.execute("SELECT coalesce(max(rowid), -1) FROM replayed").fetchall()
        ends = {
            Frames.name: origin.store.next_frame - 1,
            Replays.name: replays,
            Corrections.name: changes.newest(cursor),
            JournalOfAlerts.name: origin.state.alerts.journal_end(),
        }
    for name, end in ends.items():
        if positions.get(name) > end:
            positions.advance(name, end)
