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
FILLED_AT_ONCE = 8
"""Stations whose past travels at the same time: each may send 20 frames a second."""
ENOUGH_WAITING = 60
"""Frames waiting on one station before more of its past is worked out."""
RETRY_S = 2.0


@dataclass(slots=True)
class Member:
    """One station of a crew; ``lived_until_ms`` is how far its simulated life has come."""

    simulated: SimulatedStation
    station: LightStation
    lived_until_ms: int
    stops_at_ms: int | None = None
    live: bool = False
    _kept_ms: dict[tuple[str, str], int] = field(default_factory=dict)

    def live_on(self, until_ms: int) -> list[tuple[str, Reading]]:
        """Everything measured up to ``until_ms``."""
        self.lived_until_ms = until_ms
        return self.simulated.advance(until_ms)

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

    ``connect`` makes a connection for their topics; ``told`` hears (station id, ms of its life) as history
    grows. ``now`` is monotonic seconds, ``now_ms`` milliseconds since the epoch.
    """

    def __init__(
        self,
        members: Iterable[Member],
        session: int,
        connect: Callable[[list[str]], Connection],
        told: Callable[[str, int], None],
    ) -> None:
        self._members = {member.simulated.station_id: member for member in members}
        self._connect, self._told = connect, told
        self._session = session
        self._connection: Connection | None = None
        self._retry_at = 0.0
        self._introduced = False
        self._unfilled = deque(self._members.values())
        self._filling: list[Member] = []

    @property
    def filled(self) -> bool:
        """Whether everybody's past has reached the gateway."""
        return not self._unfilled and not self._filling

    def step(self, now: float, now_ms: int) -> bool:
        """Do what is due; True when there is more to do at once."""
        connection = self._connected(now)
        if connection is None:
            return False
        busy = self._hear(connection, now, now_ms)
        busy |= self._fill(now_ms)
        for member in self._members.values():
            if member.live:
                member.station.add(member.live_on(now_ms))
            for message in member.station.outgoing(now, now_ms):
                connection.publish(message)
        return busy

    def leave(self) -> None:
        """Say goodbye for everybody."""
        if self._connection is not None:
            self._connection.close([member.station.goodbye() for member in self._members.values()])
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
            connection.publish(member.station.connected(self._session, now))

    def _hear(self, connection: Connection, now: float, now_ms: int) -> bool:
        heard = False
        while not connection.incoming.empty():
            heard = True
            topic, payload = connection.incoming.get()
            for member in self._addressed(topic):
                for answer in member.station.hear(topic, payload, now, now_ms):
                    connection.publish(answer)
        return heard

    def _addressed(self, topic: str) -> Iterable[Member]:
        """A station's own messages name it in the third level; a claim is for everybody."""
        levels = topic.split("/")
        member = self._members.get(levels[2]) if len(levels) > 2 else None  # noqa: PLR2004 - as said above
        return [member] if member else self._members.values()

    def _fill(self, now_ms: int) -> bool:
        while self._unfilled and len(self._filling) < FILLED_AT_ONCE:
            self._filling.append(self._unfilled.popleft())
        worked = False
        for member in list(self._filling):
            end_ms = member.stops_at_ms or now_ms
            if member.lived_until_ms >= end_ms - 1000:
                self._finish(member)
            elif len(member.station.shelf) < ENOUGH_WAITING and not worked:
                worked = True
                until_ms = min(member.lived_until_ms + STRIDE_MS, end_ms)
                member.station.add_past(member.relive(until_ms))
                self._told(member.simulated.station_id, until_ms)
        return worked

    def _finish(self, member: Member) -> None:
        if len(member.station.shelf) == 0 or member.stops_at_ms is None:
            self._filling.remove(member)
            member.live = member.stops_at_ms is None
