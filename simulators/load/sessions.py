"""The fleet's connections: stations dealt out over a few links, each introduced by its birth."""

import secrets
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from simulators.load import packets
from simulators.load.link import Broker, Link, LinkLostError
from simulators.load.roster import Held, Roster
from wire.topics import Channel

BIRTHS_PER_S = 4000
CONGESTED_BYTES = 1 << 20
_LONGEST_PAUSE_S = 5.0

Lost = Callable[[NDArray[np.int64]], None]


class Sessions:
    """Station ``n`` speaks on link ``n % links``; one more link hears what is said to all of them."""

    def __init__(
        self, roster: Roster, broker: Broker, links: int, held: Callable[[int], Held | None], lost: Lost
    ) -> None:
        """``held`` gives what a birth says of a station's stream; ``lost`` hears whose link is gone."""
        self._roster, self._broker, self._held, self._lost = roster, broker, held, lost
        self._client = f"fleet-{secrets.token_hex(4)}"
        self._links: list[Link | None] = [None] * links
        self._control: Link | None = None
        self._now_s = self._retry_s = 0.0
        self._failures = 0
        self._unborn: deque[int] = deque()
        self._births_s = 0.0
        self._filters = [roster.topics.every(roster.region, Channel.ACK)]
        self._filters += [
            roster.topics.every(roster.region, Channel.COMMAND),
            roster.topics.claim(roster.region),
        ]
        self._subscribed = False
        self.session = roster.started_ms
        self.gateway: str | None = None
        self.ids = packets.PacketIds()
        self.connected = np.zeros(len(roster), np.bool_)
        self.last_loss = ""

    def open(self) -> None:
        """Connect everything for the first time.

        Raises:
            LinkLostError: nobody listens; later losses are healed instead.
        """
        self._control = Link(self._broker, f"{self._client}-control")
        self._links = [Link(self._broker, f"{self._client}-{place}") for place in range(len(self._links))]

    @property
    def whole(self) -> bool:
        """Whether every station has said its birth and acknowledgements are being heard."""
        return self._subscribed and bool(self.connected.all())

    @property
    def congested(self) -> bool:
        """Whether the broker takes less than it is given."""
        return any(link.unsent > CONGESTED_BYTES for link in self._links if link)

    def poll(self, now_s: float) -> Iterator[tuple[bytes, bytes]]:
        """Keep every link alive and yield what was said to the stations: topic and payload."""
        self._now_s = now_s
        if now_s >= self._retry_s:
            self._reopen()
        for place in range(len(self._links)):
            self._attend(place, now_s)
        self._introduce(now_s)
        try:
            yield from self._listen(now_s)
        except LinkLostError as error:
            self._note_loss(error)
            self._control, self._subscribed = None, False

    def _listen(self, now_s: float) -> Iterator[tuple[bytes, bytes]]:
        if not self._control:
            return
        was_ready = self._control.ready
        for packet in self._control.poll(now_s):
            if packet.kind == packets.PUBLISH:
                yield packet.message()
            elif packet.kind == packets.SUBACK:
                self._subscribed = True
        if self._control.ready and not was_ready:
            self._control.send(packets.subscribe(1, self._filters))

    def _attend(self, place: int, now_s: float) -> None:
        link = self._links[place]
        if not link:
            return
        was_ready = link.ready
        try:
            for _ in link.poll(now_s):
                pass
        except LinkLostError as error:
            self._drop(place, error)
            return
        if link.ready and not was_ready:
            self._failures = 0
            self._unborn.extend(range(place, len(self._roster), len(self._links)))

    def _drop(self, place: int, error: LinkLostError) -> None:
        self._note_loss(error)
        self._links[place] = None
        stations = np.arange(place, len(self._roster), len(self._links))
        self.connected[stations] = False
        self._lost(stations)

    def _note_loss(self, error: LinkLostError) -> None:
        self.last_loss = str(error)
        self._failures += 1
        ceiling = min(_LONGEST_PAUSE_S, 0.1 * 2 ** min(self._failures, 8))
        self._retry_s = self._now_s + ceiling * (0.5 + secrets.randbelow(500) / 1000)

    def _reopen(self) -> None:
        try:
            if not self._control:
                self._control = Link(self._broker, f"{self._client}-control")
            for place, link in enumerate(self._links):
                if not link:
                    self.session += 1
                    self._links[place] = Link(self._broker, f"{self._client}-{place}")
        except LinkLostError as error:
            self._note_loss(error)

    def _introduce(self, now_s: float) -> None:
        """Publish births, as many as their rate allows: a burst of them would fill a broker's queues."""
        allowed = int((now_s - self._births_s) * BIRTHS_PER_S) if self._births_s else 1
        self._births_s = now_s
        for _ in range(min(allowed, len(self._unborn))):
            station = self._unborn.popleft()
            if self.say_birth(station):
                self.connected[station] = True

    def say_birth(self, station: int) -> bool:
        """Publish a station's retained birth; False when its link is down."""
        birth = self._roster.birth(station, self.session, self._held(station), self.gateway)
        return self._publish(station, Channel.STATUS, birth, retain=True)

    def say_result(self, station: int, result: bytes) -> bool:
        """Publish what became of a command."""
        return self._publish(station, Channel.RESULT, result, retain=False)

    def _publish(self, station: int, channel: Channel, payload: bytes, *, retain: bool) -> bool:
        place = station % len(self._links)
        link = self._links[place]
        if not link or not link.ready:
            return False
        topic = self._roster.topic(station, channel)
        try:
            link.send(packets.publish(topic, payload, int(self.ids.take(1)[0]), retain=retain))
        except LinkLostError as error:
            self._drop(place, error)
            return False
        return True

    def send(self, stations: NDArray[np.int64], rows: NDArray[np.uint8]) -> None:
        """Send encoded packets, each on its station's link."""
        places = stations % len(self._links)
        for place, link in enumerate(self._links):
            mine = rows[places == place]
            if not len(mine) or not link:
                continue
            try:
                link.send(memoryview(mine.reshape(-1)))
            except LinkLostError as error:
                self._drop(place, error)

    def leave(self) -> None:
        """Say a clean stop for every station as fast as the sockets take it, and close."""
        for link in filter(None, [*self._links, self._control]):
            link.block()
        for station in np.flatnonzero(self.connected).tolist():
            self._publish(station, Channel.STATUS, self._roster.goodbye(self.session), retain=True)
        for link in filter(None, [*self._links, self._control]):
            link.close()
