"""What a station's link and clock do over time, for whoever carries its readings (agent or light station)."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

YEAR_2000_MS = 946_684_800_000
"""Where a clock without a battery starts again."""
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class LinkProfile:
    """A link with its outages (start, end in ms; ascending, disjoint), loss per packet and round trip."""

    outages: tuple[tuple[int, int], ...] = ()
    loss: float = 0.0
    rtt_ms: tuple[int, int] = (5, 20)

    def up(self, at_ms: int) -> bool:
        """Whether the link works at this moment."""
        index = bisect_right(self.outages, (at_ms, 1 << 62)) - 1
        return index < 0 or at_ms >= self.outages[index][1]

    def next_change(self, after_ms: int) -> int | None:
        """When the link next breaks or heals after this moment; None when never again."""
        return min((edge for outage in self.outages for edge in outage if edge > after_ms), default=None)

    def with_outages(self, more: Iterable[tuple[int, int]]) -> LinkProfile:
        """The same link, down at these times too."""
        merged: list[tuple[int, int]] = []
        for start, end in sorted((*self.outages, *more)):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return LinkProfile(tuple(merged), self.loss, self.rtt_ms)


@dataclass(frozen=True, slots=True)
class ClockProfile:
    """A clock that is right until `from_ms`, then off by `offset_ms` and drifting by `drift_ppm`.

    From `from_ms` on it is synchronised no more when `synced` is false; a `reset_to_ms` makes it start
    again there.
    """

    from_ms: int = 0
    offset_ms: int = 0
    drift_ppm: float = 0.0
    reset_to_ms: int | None = None
    synced: bool = True

    def reads(self, at_ms: int) -> int:
        """What the clock shows at this moment, ms since the epoch."""
        if at_ms < self.from_ms:
            return at_ms
        run = at_ms - self.from_ms
        start = self.from_ms if self.reset_to_ms is None else self.reset_to_ms
        return start + self.offset_ms + run + round(run * self.drift_ppm / 1e6)

    def is_synced(self, at_ms: int) -> bool:
        """Whether the machine believes that its clock is right."""
        return self.synced or at_ms < self.from_ms


@dataclass(frozen=True, slots=True)
class LinkQuality:
    """A kind of link: loss, round trip in ms, outages a day and their Weibull length (shape, scale in s)."""

    loss: float
    rtt_ms: tuple[int, int]
    outages_per_day: float = 0.0
    shape: float = 0.7
    scale_s: float = 90.0

    def profile(self, seed: int, start_ms: int, days: float) -> LinkProfile:
        """Draw the outages of some days."""
        rng = np.random.default_rng([seed, 0x11])
        count = rng.poisson(self.outages_per_day * days)
        starts = np.sort(rng.integers(0, max(1, int(days * _DAY_MS)), count)) + start_ms
        lengths = 1000 * self.scale_s * rng.weibull(self.shape, count) + 1000
        spans = [(int(start), int(start + length)) for start, length in zip(starts, lengths, strict=True)]
        return LinkProfile((), self.loss, self.rtt_ms).with_outages(spans)


LINKS: Mapping[str, LinkQuality] = {
    "perfect": LinkQuality(loss=0.0, rtt_ms=(1, 5)),
    "lte": LinkQuality(loss=0.005, rtt_ms=(60, 180), outages_per_day=0.3),
    "bad_lte": LinkQuality(loss=0.08, rtt_ms=(120, 900), outages_per_day=6.0, scale_s=240.0),
}
