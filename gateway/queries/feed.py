"""What changed in the fleet and among its alerts, told to everybody who listens."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import suppress

from gateway.domain.fleet import Fleet, StationLive, StationState
from gateway.queries.alerts import AlertView
from gateway.queries.fleet_list import FleetFilter, FleetList, StationSummary

_Seen = tuple[StationState, int | None, str | None, bool, tuple[int, ...]]
Change = StationSummary | AlertView


MOST_WAITING = 20_000


class Listener:
    """One client's waiting changes: only the newest of each station and alert, and not too many of those.

    A storm may open more alerts than a slow client reads: beyond `MOST_WAITING` the oldest changes are lost
    to it, and counted.
    """

    def __init__(self, wanted: FleetFilter) -> None:
        self.wanted = wanted
        self.waiting: dict[str, Change] = {}
        self.lost = 0
        self.closed = False
        self._woken = asyncio.Event()

    def put(self, change: Change) -> None:
        """Let a change wait, in place of an older one of the same station or alert."""
        key = f"alert {change.alert_id}" if isinstance(change, AlertView) else change.station_id
        self.waiting.pop(key, None)
        self.waiting[key] = change
        if len(self.waiting) > MOST_WAITING:
            self.waiting.pop(next(iter(self.waiting)))
            self.lost += 1
        self._woken.set()

    def close(self) -> None:
        """End the client's stream."""
        self.closed = True
        self._woken.set()

    async def next(self, patience_s: float) -> list[Change]:
        """Return what waits, as soon as anything does; nothing after ``patience_s`` or when closed."""
        if not self.closed:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), patience_s)
        self._woken.clear()
        changes = list(self.waiting.values())
        self.waiting.clear()
        return changes


class StationFeed:
    """Compares the fleet with what it last told, once a second; belongs to the event loop."""

    def __init__(self, fleet: Fleet, fleet_list: FleetList) -> None:
        self._fleet = fleet
        self._fleet_list = fleet_list
        self._seen: dict[str, _Seen] = {}
        self._listeners: set[Listener] = set()
        self._lost = 0
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many clients listen."""
        return len(self._listeners)

    @property
    def lost(self) -> int:
        """How many changes slow clients have lost."""
        return self._lost + sum(listener.lost for listener in self._listeners)

    def sweep(self, now: int) -> int:
        """Tell every change since the last sweep; return how many. Without listeners nobody looks."""
        changed = 0
        if not self._listeners:
            return changed
        for station in self._fleet:
            seen = self._look(station, now)
            if self._seen.get(station.station_id) != seen:
                self._seen[station.station_id] = seen
                changed += 1
                self._tell(station, now)
        return changed

    def announce(self, alerts: Iterable[AlertView]) -> None:
        """Tell alerts that changed to whoever may see them."""
        for view in alerts:
            for listener in self._listeners:
                regions = listener.wanted.regions
                if regions is None or view.region in regions:
                    listener.put(view)

    async def run(self, clock: Callable[[], int], every_s: float = 1.0) -> None:
        """Sweep for ever; cancel to stop."""
        while True:
            self.sweep(clock())
            await asyncio.sleep(every_s)

    async def listen(
        self, wanted: FleetFilter, now: int, patience_s: float
    ) -> AsyncGenerator[list[Change], None]:
        """Yield what changes from ``now`` on, an empty list after each ``patience_s`` without.

        Ends at `close`.
        """
        listener = Listener(wanted)
        listener.closed = self._closed
        if not self._listeners:
            self._seen = {station.station_id: self._look(station, now) for station in self._fleet}
        self._listeners.add(listener)
        try:
            while not listener.closed:
                yield await listener.next(patience_s)
        finally:
            self._listeners.discard(listener)
            self._lost += listener.lost

    def close(self) -> None:
        """End every stream, now and to come."""
        self._closed = True
        for listener in self._listeners:
            listener.close()

    def _look(self, station: StationLive, now: int) -> _Seen:
        return (
            self._fleet.state(station, now),
            station.occupancy.inside,
            station.region,
            station.best_effort,
            tuple(self._fleet_list.open_alerts(station.station_id).values()),
        )

    def _tell(self, station: StationLive, now: int) -> None:
        told = [listener for listener in self._listeners if listener.wanted.admits(station)]
        if told:
            summary = self._fleet_list.summary(station, now)
            for listener in told:
                if listener.wanted.state in {None, summary.state}:
                    listener.put(summary)
