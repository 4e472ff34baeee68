"""Broker and network of the simulation: carries, delays, loses and repeats."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from station_agent.uplink import Uplink

PROMPT_S = 0.02
"""What comes in order within a connection (claims, status) takes this long; all else varies."""


class End(Protocol):
    """A station's box or a gateway."""

    connection: int
    """Raised whenever a connection begins or ends: what is under way to an older one is gone."""
    connected: bool

    def reads(self, topic: str) -> bool:
        """Whether it subscribed to this topic."""
        ...

    def hear(self, topic: str, payload: bytes, now: float, *, retained: bool) -> None:
        """Take one message."""
        ...


@dataclass(order=True, frozen=True)
class Carried:
    """One message under way to one end."""

    due: float
    order: int
    to: End = field(compare=False)
    connection: int = field(compare=False)
    topic: str = field(compare=False)
    payload: bytes = field(compare=False)
    retained: bool = field(compare=False)


class Link:
    """``loss`` and ``repeat`` are probabilities; a delay over ``PROMPT_S`` lets messages overtake each other.

    As with a real broker, claims and status are lost only together with a connection.
    """

    def __init__(self, rng: random.Random) -> None:
        self.loss = 0.0
        self.repeat = 0.0
        self.longest_s = 0.05
        self.ends: list[End] = []
        self.retained: dict[str, bytes] = {}
        self._rng = rng
        self._under_way: list[Carried] = []
        self._orders = 0

    def publish(self, topic: str, payload: bytes, now: float, *, retain: bool = False) -> None:
        """Send one message to every end that reads its topic."""
        if retain:
            self.retained[topic] = payload
        for end in self.ends:
            if end.connected and end.reads(topic):
                for delay in self._fate(topic):
                    self._carry(end, topic, payload, now + delay, retained=False)

    def attach(self, end: End, now: float) -> None:
        """Begin a connection: what is retained comes first."""
        end.connected = True
        end.connection += 1
        for topic, payload in self.retained.items():
            if end.reads(topic):
                self._carry(end, topic, payload, now + PROMPT_S, retained=True)

    def detach(self, end: End) -> None:
        """End a connection, and with it what was under way to it."""
        end.connected = False
        end.connection += 1

    def forget(self) -> None:
        """The broker was killed: nothing is under way, nothing retained."""
        self._under_way.clear()
        self.retained.clear()

    def next_due(self) -> float | None:
        """When the next message arrives."""
        return self._under_way[0].due if self._under_way else None

    def deliver(self, now: float) -> set[End]:
        """Hand over what has arrived by ``now``; return who heard something."""
        heard: set[End] = set()
        while self._under_way and self._under_way[0].due <= now:
            carried = heapq.heappop(self._under_way)
            end = carried.to
            if end.connected and end.connection == carried.connection:
                end.hear(carried.topic, carried.payload, now, retained=carried.retained)
                heard.add(end)
        return heard

    def _carry(self, end: End, topic: str, payload: bytes, due: float, *, retained: bool) -> None:
        self._orders += 1
        carried = Carried(due, self._orders, end, end.connection, topic, payload, retained)
        heapq.heappush(self._under_way, carried)

    def _fate(self, topic: str) -> list[float]:
        if topic.startswith("gateways/") or topic.endswith("/status"):
            return [PROMPT_S]
        if self._rng.random() < self.loss:
            return []
        copies = 2 if self._rng.random() < self.repeat else 1
        return [self._rng.uniform(PROMPT_S, self.longest_s) for _ in range(copies)]


class Line(Uplink):
    """An uplink that publishes into the simulated link."""

    def __init__(self, send: Callable[[str, bytes, bool], None]) -> None:
        self.reconnects_total = 0
        self.connected = False
        self._send = send

    @property
    def up(self) -> bool:
        """Whether the connection stands."""
        return self.connected

    @property
    def room(self) -> bool:
        """A simulated network takes everything."""
        return self.connected

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Put a message on the link."""
        if self.connected:
            self._send(topic, payload, retain)
