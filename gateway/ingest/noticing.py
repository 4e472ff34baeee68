"""What the gateway notices of itself and of what it is sent, for rules that look at no sensor.

Fields and their meaning are those of `catalogue.virtual`.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gateway.domain.observation import Observation
from gateway.ingest.decoding import Arrived, DecodedTick
from gateway.ingest.own import OWN_STATION
from wire.topics import Channel

LAG_MS = 300_000
"""Lags of the last five minutes make the percentile."""
SAMPLED = 8
"""Readings of a tick and domain whose lag is looked at: they all came in the same few hundred ms."""
REJECTED_MS = 600_000
FEWEST = 20
"""A share of fewer readings says nothing."""


@dataclass(slots=True)
class _Share:
    """Rejected and all readings of one station, by tick, since something of it was rejected."""

    ticks: deque[tuple[int, int, int]] = field(default_factory=deque)

    def forget(self, before: int) -> None:
        while self.ticks and self.ticks[0][0] < before:
            self.ticks.popleft()

    def sums(self) -> tuple[int, int]:
        return sum(rejected for _, rejected, _ in self.ticks), sum(every for _, _, every in self.ticks)


class Noticing:
    """Sees every tick; belongs to the event loop. Times are ms UTC."""

    def __init__(self) -> None:
        self._lags: deque[tuple[int, int]] = deque()
        self._shares: dict[str, _Share] = {}

    def see(self, tick: DecodedTick, arrived: Sequence[Arrived]) -> None:
        """Take a tick as it was decoded."""
        self._lags.extend(_live_lags(tick, arrived))
        rejected = _rejected(tick, arrived)
        if rejected or self._shares:
            self._count(tick, arrived, rejected)

    def observations(self, now: int, *, connected: bool, ticked: int) -> Iterator[Observation]:
        """Yield what there is to say at ``now``; ``ticked`` is when the alert engine last worked."""
        figures: dict[str, float | bool] = {
            "broker_connected": connected,
            "engine_tick_age_s": (now - ticked) / 1_000,
        }
        while self._lags and self._lags[0][0] < now - LAG_MS:
            self._lags.popleft()
        if self._lags:
            figures["ingest_lag_p95_s"] = float(np.percentile([lag for _, lag in self._lags], 95)) / 1_000
        yield Observation(OWN_STATION, "platform", "gateway", figures)
        yield from self._shares_at(now)

    def _shares_at(self, now: int) -> Iterator[Observation]:
        for station_id, share in list(self._shares.items()):
            share.forget(now - REJECTED_MS)
            rejected, every = share.sums()
            if every >= FEWEST:
                yield Observation(station_id, "station", "", {"rejected_ratio": rejected / every})
            if not rejected:
                del self._shares[station_id]

    def _count(self, tick: DecodedTick, arrived: Sequence[Arrived], rejected: Counter[str]) -> None:
        watched = rejected.keys() | self._shares.keys()
        taken = Counter(rejected)
        for header, readings in zip(tick.headers, _readings_by_header(tick).tolist(), strict=True):
            station_id = arrived[header.position].address.station_id
            if station_id in watched:
                taken[station_id] += readings
        received = max(message.received for message in arrived)
        for station_id, every in taken.items():
            share = self._shares.setdefault(station_id, _Share())
            share.ticks.append((received, rejected[station_id], every))


def _live_lags(tick: DecodedTick, arrived: Sequence[Arrived]) -> Iterator[tuple[int, int]]:
    for rows in tick.rows:
        for place in range(0, len(rows.ts), max(1, len(rows.ts) // SAMPLED)):
            header = tick.headers[rows.header[place]]
            message = arrived[header.position]
            if message.address.channel is Channel.TELEMETRY and not header.correction:
                yield message.received, message.received - int(rows.ts[place])


def _rejected(tick: DecodedTick, arrived: Sequence[Arrived]) -> Counter[str]:
    """Count rejected readings by station; a frame rejected whole counts as one."""
    rejected = Counter(arrived[position].address.station_id for position, _ in tick.rejected)
    for row, _ in tick.rejected_readings:
        rejected[arrived[tick.headers[row].position].address.station_id] += 1
    return rejected


def _readings_by_header(tick: DecodedTick) -> npt.NDArray[np.int64]:
    readings = np.zeros(len(tick.headers), np.int64)
    for rows in tick.rows:
        readings += np.bincount(rows.header, minlength=len(readings))
    exact = np.fromiter((reading.header for reading in tick.readings), np.int64, len(tick.readings))
    readings += np.bincount(exact, minlength=len(readings))
    return readings
