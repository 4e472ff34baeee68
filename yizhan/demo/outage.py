"""The scripted outage: one station's link breaks and heals, and the gateway shows that nothing was lost."""

from simulators.towns import Site
from yizhan.demo.fleet import Fleet
from yizhan.demo.link import Link
from yizhan.demo.story import Narrator

BEGINS_AFTER_S = 30.0
LASTS_S = 45.0


class Outage:
    """One station's outage, moved on by calling ``step`` with monotonic seconds."""

    def __init__(self, site: Site, link: Link, fleet: Fleet, narrator: Narrator) -> None:
        self._site, self._link, self._fleet, self._narrator = site, link, fleet, narrator
        self._live_since: float | None = None
        self._cut_at: float | None = None
        self._healed_at: float | None = None
        self._received = 0
        self.over = False

    def station_is_live(self, now: float) -> None:
        """The station runs; the clock of the story starts."""
        self._live_since = now

    def step(self, now: float) -> None:
        """Do what the story wants at this moment."""
        if self.over or self._live_since is None:
            return
        if self._cut_at is None:
            if now >= self._live_since + BEGINS_AFTER_S:
                self._cut(now)
        elif self._healed_at is None:
            if now >= self._cut_at + LASTS_S:
                self._link.heal()
                self._healed_at = now
                self._narrator.link_healed(self._site)
        else:
            self._look()

    def _cut(self, now: float) -> None:
        before = self._fleet.frames(self._site.station_id)
        if before is None or before.received == 0:
            return
        self._received = before.received
        self._link.cut()
        self._cut_at = now
        self._narrator.link_cut(self._site, LASTS_S)

    def _look(self) -> None:
        after = self._fleet.frames(self._site.station_id)
        if after and after.state == "online" and after.missing == 0 and after.received > self._received:
            self._narrator.caught_up(self._site, self._received, after.received)
            self.over = True
