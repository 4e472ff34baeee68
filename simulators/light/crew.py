"""Many light stations in one process: their past filled in first, then their life at real speed."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from simulators.light.connection import Connection
from simulators.light.station import LightStation
from simulators.rest_station import SimulatedStation
from station_agent.framing import Reading
from wire.measures import MEASURES, Kind

HISTORY_EVERY_MS = 60_000
"""Gauges of the past are kept once a minute; states and events all."""
STRIDE_MS = 3 * 3_600_000
FILLED_AT_ONCE = 6
"""Stations whose past travels at the same time: each may send 20 frames a second. The fewer there are, the
sooner the first of them are done."""
ENOUGH = 60
"""Frames waiting on one station before more of its past is worked out."""
LIVE_EVERY_S = 2.0
RETRY_S = 2.0
STATION_LEVEL = 2


@dataclass(slots=True, eq=False)
class Member:
    """One station of a crew; ``known_until_ms`` is how far its life has been told.

    One that ``leaves`` only has a past, and leaves the crew when the gateway has that.
    """

    simulated: SimulatedStation
    station: LightStation
    known_until_ms: int
    leaves: bool = False
    last_of_past: int | None = None
    _kept_ms: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def arrived(self) -> bool:
        """Whether the gateway has all of its past."""
        return self.last_of_past is not None and self.station.shelf.oldest > self.last_of_past

    def live_on(self, until_ms: int) -> list[tuple[str, Reading]]:
        """Everything measured since the last time, up to ``until_ms``."""
        since_ms, self.known_until_ms = self.known_until_ms, until_ms
        measured = self.simulated.advance(until_ms)
        return [(domain, reading) for domain, reading in measured if reading["ts"] > since_ms]

    def relive(self, until_ms: int) -> list[tuple[str, Reading]]:
        """The same, gauges thinned out to one reading a minute and device."""
        return [
            (domain, reading) for domain, reading in self.live_on(until_ms) if self._is_kept(domain, reading)
        ]

    def _is_kept(self, domain: str, reading: Reading) -> bool:
        if not is_gauge(domain, reading):
            return True
        point, ts = (domain, reading["device"]), reading["ts"]
        if ts - self._kept_ms.get(point, 0) < HISTORY_EVERY_MS:
            return False
        self._kept_ms[point] = ts
        return True


def is_gauge(domain: str, reading: Reading) -> bool:
    """Whether a reading holds nothing but numbers that are measured again soon."""
    measures = MEASURES[domain]
    fields = reading.keys() - {"device", "ts"}
    return all(name in measures and measures[name].kind is not Kind.STATE for name in fields)


class Crew:
    """Stations over one connection, moved on by calling ``step``.

    ``connect`` makes a connection for their topics; ``told`` hears (station id, ms of its life worked out) as
    history grows, and (station id, None) once the gateway has all of it. ``now`` is monotonic seconds,
    ``now_ms`` milliseconds since the epoch.
    """

    def __init__(
        self,
        members: Iterable[Member],
        session: int,
        connect: Callable[[list[str]], Connection | None],
        told: Callable[[str, int | None], None],
    ) -> None:
        self._members = {member.simulated.station_id: member for member in members}
        self._connect, self._told = connect, told
        self._session = session
        self._connection: Connection | None = None
        self._retry_at = self._live_at = 0.0
        self._introduced = False
        self._unfilled = deque(self._members.values())
        self._filling: list[Member] = []
        self._live: list[Member] = []

    def step(self, now: float, now_ms: int) -> bool:
        """Do what is due; True while there is a past to fill in and steps should follow closely."""
        connection = self._connected(now)
        if connection is None:
            return False
        self._hear(connection, now, now_ms)
        self._begin(connection, now)
        self._fill(now_ms)
        self._live_on(now, now_ms)
        for member in self._members.values():
            for message in member.station.outgoing(now, now_ms):
                connection.publish(message)
        return bool(self._filling)

    def leave(self) -> None:
        """Say goodbye for everybody."""
        if self._connection is not None:
            introduced = [member for member in self._members.values() if member not in self._unfilled]
            self._connection.close([member.station.goodbye() for member in introduced])
            self._connection = None

    def _connected(self, now: float) -> Connection | None:
        if self._connection is not None and self._connection.failed:
            self._connection.close()
            self._connection, self._introduced = None, False
            for member in self._members.values():
                member.station.disconnected()
        if self._connection is None and now >= self._retry_at:
            self._retry_at = now + RETRY_S
            self._connection = self._connect(
                [topic for member in self._members.values() for topic in member.station.subscriptions]
            )
        if self._connection is None or not self._connection.up:
            return None
        if not self._introduced:
            self._introduce(self._connection, now)
        return self._connection

    def _introduce(self, connection: Connection, now: float) -> None:
        self._introduced = True
        self._session += 1
        for member in self._members.values():
            if member not in self._unfilled:
                connection.publish(member.station.connected(self._session, now))

    def _hear(self, connection: Connection, now: float, now_ms: int) -> None:
        while not connection.incoming.empty():
            topic, payload = connection.incoming.get()
            for member in self._addressed(topic):
                for answer in member.station.hear(topic, payload, now, now_ms):
                    connection.publish(answer)

    def _addressed(self, topic: str) -> Iterable[Member]:
        """A station's own messages name it in the third level; a claim is for everybody."""
        levels = topic.split("/")
        if len(levels) <= STATION_LEVEL:
            return self._members.values()
        member = self._members.get(levels[STATION_LEVEL])
        return [member] if member else []

    def _begin(self, connection: Connection, now: float) -> None:
        """Let stations appear as their turn comes: one that is born and then silent is taken for offline."""
        while self._unfilled and len(self._filling) < FILLED_AT_ONCE:
            member = self._unfilled.popleft()
            connection.publish(member.station.connected(self._session, now))
            self._filling.append(member)

    def _fill(self, now_ms: int) -> None:
        for member in list(self._filling):
            if member.arrived:
                self._filling.remove(member)
                self._told(member.simulated.station_id, None)
                if member.leaves:
                    del self._members[member.simulated.station_id]
        hungry = (
            one for one in self._filling if one.last_of_past is None and len(one.station.shelf) < ENOUGH
        )
        next_one = next(hungry, None)
        if next_one is not None:
            self._work_out(next_one, now_ms)

    def _work_out(self, member: Member, now_ms: int) -> None:
        until_ms = min(member.known_until_ms + STRIDE_MS, now_ms)
        member.station.add_past(member.relive(until_ms))
        self._told(member.simulated.station_id, until_ms)
        if until_ms == now_ms:
            member.last_of_past = member.station.shelf.last
            if not member.leaves:
                self._live.append(member)

    def _live_on(self, now: float, now_ms: int) -> None:
        if now >= self._live_at:
            self._live_at = now + LIVE_EVERY_S
            for member in self._live:
                member.station.add(member.live_on(now_ms))
