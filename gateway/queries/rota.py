"""Who is on call now, who should have been found by then, and what is wrong with the plan ahead."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from gateway.domain.holidays import FILE_NAME, Holidays
from gateway.domain.local_time import wall
from gateway.domain.oncall import Duty, Gap, Override, Rota, chain, gaps, unreachable
from gateway.domain.registry import DEFAULT_TZ
from gateway.state.rota import RotaOverrides

PAGED = ("P1", "P2")
"""Severities for which somebody has to be there at any hour."""


@dataclass(frozen=True, slots=True)
class Called:
    """Who is called for a severity in a region (None: any that has no layer of its own), first to last."""

    region: str | None
    severity: str
    chain: tuple[Duty, ...]


@dataclass(frozen=True, slots=True)
class RotaView:
    """The plan as it stands; ``rota`` None while the settings say nothing of it. Times ms UTC.

    ``unreachable`` is when a shift begins for somebody whom no working channel reaches.
    """

    rota: Rota | None
    at: int
    called: Sequence[Called]
    gaps: Sequence[Gap]
    unreachable: Mapping[str, int]
    overrides: Sequence[Override]
    holidays_missing: int | None


@dataclass(frozen=True)
class OnCall:
    """Answers about the rota; synchronous, call it off the event loop.

    ``rota`` None without `on_call` in the settings; ``working`` gives the names of the channels that are set
    up and not failing.
    """

    rota: Rota | None
    calendar: Holidays
    overrides: RotaOverrides
    working: Callable[[], Collection[str]]

    def first_called(self, at: int, region: str | None, severity: str) -> str | None:
        """Return who was called first at a time (ms), None while the settings say nothing of it."""
        if self.rota is None:
            return None
        return chain(self.rota, self.overrides.unended(at), at, region, severity)[0].person

    def warnings(self, now: int) -> list[str]:
        """Return what an operator should mend before it matters."""
        found = []
        if self.rota is None:
            found.append("on_call is not set: messages go to the console log and reach nobody")
        missing = self._missing_year(now)
        if missing is not None:
            found.append(f"the public holidays of {missing} are not known: put {FILE_NAME} into data_dir")
        return found

    def view(self, now: int, regions: Collection[str] | None = None) -> RotaView:
        """Return who is on call at ``now`` and what is wrong in the 14 days from then, of some regions."""
        rota, missing = self.rota, self._missing_year(now)
        if rota is None:
            return RotaView(None, now, (), (), {}, (), missing)
        overrides = self.overrides.unended(now)
        places = self._regions(rota, overrides, regions)
        called = [
            Called(region, severity, chain(rota, overrides, now, region, severity))
            for region in places
            for severity in PAGED
        ]
        return RotaView(
            rota,
            now,
            called,
            gaps(rota, overrides, now, places, PAGED),
            unreachable(rota, overrides, now, self.working()),
            overrides,
            missing,
        )

    def _missing_year(self, now: int) -> int | None:
        return self.calendar.lacks(wall(now, DEFAULT_TZ if self.rota is None else self.rota.tz).date())

    def _regions(
        self, rota: Rota, overrides: Sequence[Override], regions: Collection[str] | None
    ) -> list[str | None]:
        """Return the regions the plan tells apart, and None for all others."""
        told = {region for layer in rota.layers for region in layer.regions}
        told |= {override.region for override in overrides if override.region is not None}
        named = sorted(told if regions is None else told & set(regions))
        return [None, *named]
