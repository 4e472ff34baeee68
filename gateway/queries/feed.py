"""What changed in the fleet, told to everybody who listens."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

from gateway.domain.fleet import Fleet, StationLive, StationState
from gateway.queries.fleet_list import FleetFilter, FleetList, StationSummary

_Seen = tuple[StationState, int | None, str | None, bool]


class Listener:
    """One client's waiting changes: only the newest of each station, so a slow client costs no memory."""

    def __init__(self, wanted: FleetFilter) -> None:
        self.wanted = wanted
        self.waiting: dict[str, StationSummary] = {}
        self.closed = False
        self._woken = asyncio.Event()

    def put(self, summary: StationSummary) -> None:
        """Let a change wait, in place of an older one of the same station."""
        self.waiting.pop(summary.station_id, None)
        self.waiting[summary.station_id] = summary
        self._woken.set()

    def close(self) -> None:
        """End the client's stream."""
        self.closed = True
        self._woken.set()

    async def next(self, patience_s: float) -> list[StationSummary]:
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
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many clients listen."""
        return len(self._listeners)

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

    async def run(self, clock: Callable[[], int], every_s: float = 1.0) -> None:
        """Sweep for ever; cancel to stop."""
        while True:
            self.sweep(clock())
            await asyncio.sleep(every_s)

    async def listen(
        self, wanted: FleetFilter, now: int, patience_s: float
    ) -> AsyncGenerator[list[StationSummary], None]:
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
        )

    def _tell(self, station: StationLive, now: int) -> None:
        told = [listener for listener in self._listeners if listener.wanted.admits(station)]
        if told:
            summary = self._fleet_list.summary(station, now)
            for listener in told:
                if listener.wanted.state in {None, summary.state}:
                    listener.put(summary)
