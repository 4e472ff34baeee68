"""The scripted outage: one station's link breaks and heals, and the gateway shows that nothing was lost."""

from collections.abc import Callable

from simulators.towns import Site
from yizhan.demo.fleet import Fleet
from yizhan.demo.link import Link
from yizhan.demo.story import Narrator

BEGINS_AFTER_S = 30.0
LASTS_S = 45.0
DOMAIN = "power"
SETTLES_S = 3.0


class Outage:
    """One station's outage, moved on by calling ``step``.

    Times: ``now`` in monotonic seconds, ``now_ms`` in milliseconds since the epoch.
    """

    def __init__(self, site: Site, link: Link, fleet: Fleet, narrator: Narrator) -> None:
        self._site, self._link, self._fleet, self._narrator = site, link, fleet, narrator
        self._next_at: float | None = None
        self._do: Callable[[int], float] = self._cut
        self._cut_ms = self._healed_ms = 0
        self._arrived = 0
        self.over = False

    def station_is_live(self, now: float) -> None:
        """The station runs; the clock of the story starts."""
        self._next_at = now + BEGINS_AFTER_S

    def step(self, now: float, now_ms: int) -> None:
        """Do what the story wants at this moment."""
        if self._next_at is not None and now >= self._next_at:
            self._next_at = now + self._do(now_ms) if not self.over else None

    def _cut(self, now_ms: int) -> float:
        self._link.cut()
        self._cut_ms = now_ms
        self._narrator.link_cut(self._site, LASTS_S)
        self._do = self._heal
        return LASTS_S

    def _heal(self, now_ms: int) -> float:
        self._link.heal()
        self._healed_ms = now_ms
        self._narrator.link_healed(self._site)
        self._do = self._look
        return SETTLES_S

    def _look(self, _now_ms: int) -> float:
        """Once no more comes of what was measured during the outage, say how much it was."""
        frames = self._fleet.frames(self._site.station_id)
        arrived = self._fleet.readings(self._site.station_id, DOMAIN, self._cut_ms, self._healed_ms) or 0
        if frames and frames.state == "online" and frames.missing == 0 and arrived == self._arrived > 0:
            self._narrator.caught_up(self._site, arrived, DOMAIN)
            self.over = True
        self._arrived = arrived
        return SETTLES_S
