"""What of a simulated station reaches the gateway and when: agent, link and broker on virtual time.

The agent's framing and delivery are the real ones (a light station); samples are gathered for some seconds,
events and alarms go out within one. While the link is down frames are lost for as long as a keep-alive takes
to notice, then wait; the broker publishes the last will of whoever it does not hear.
"""

import random
import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from gateway.ingest.decoding import Arrived
from simulators.light.station import Identity, LightStation, Outgoing
from simulators.links import LinkProfile
from simulators.scenarios import Scenario
from simulators.truth import TruthLog
from station_agent.framing import Reading
from wire.frames import Ack, DeviceInfo, Goodbye
from wire.measures import MEASURES, FrameClass, class_of
from wire.ranges import Ranges
from wire.topics import Address, Channel, Topics
from yizhan.score.naming import ulid_of

GATHER_MS = {True: 1_000, False: 10_000}
"""How long readings are gathered into one frame: events and alarms, and what is polled."""
VITALS_MS = 30_000
TRAVEL_MS = 80
BOOT_MS = 20_000
NOTICED_MS = 30_000
"""After this long without an answer to its keep-alive an agent knows that the link is down."""
WILL_MS = 45_000
"""A broker waits one and a half times the keep-alive before it publishes a last will."""
TWICE = 0.03
"""Share of backlog frames that come twice."""
CREDIT = 64
ACK_FRAMES, ACK_MS = 16, 2_000
"""The gateway acknowledges at so many frames, or so long after the first (contract section 4)."""
_PACE_MS = 50
_HOUR_MS = 3_600_000
_TOPICS = Topics()
_ALARMING = {
    domain: {
        name for name, measure in rows.items() if measure.alarm_values or measure.alarm_above is not None
    }
    for domain, rows in MEASURES.items()
}
_SEQ = re.compile(rb'"seq":([0-9]+)')

Gathered = tuple[int, list[tuple[str, Reading]]]
"""When readings go into frames, and which."""


class Edge(NamedTuple):
    """A moment at which something becomes of the link."""

    at_ms: int
    becomes: str


class Courier:
    """Carries the readings of one scenario; `carry` is called with growing times, in ms."""

    def __init__(self, scenario: Scenario, truth: TruthLog | None = None) -> None:
        self._site = scenario.site
        self._simulated = scenario.station(truth)
        self._rng = random.Random(scenario.seed)  # noqa: S311 - seeded chance, no secret
        self._now_ms = scenario.start_ms
        self._gateway = ulid_of("the gateway of the score", 0)
        self._edges = deque(sorted(_edges(self._simulated.link, self._simulated.boots)))
        self._waiting: list[tuple[int, str, Reading]] = []
        self._out: list[Arrived] = []
        self._session, self._vitals_ms, self._cut_ms, self._lost = 0, 0, 0, False
        self._unsaid = self._acked_ms = 0
        self._boot()
        self._come_back()

    def carry(self, until_ms: int) -> list[Arrived]:
        """Return what reaches the gateway up to `until_ms`, in order of receipt: frames and statuses."""
        while self._now_ms < until_ms:
            end = min(until_ms, self._now_ms + _HOUR_MS)
            for at_ms, readings in self._gathered(end):
                self._live_to(at_ms)
                self._add(readings)
            self._live_to(end)
        out, self._out = self._out, []
        return out

    def _gathered(self, end_ms: int) -> Iterator[Gathered]:
        due = self._waiting
        for domain, reading in self._simulated.advance(end_ms):
            gather = GATHER_MS[_is_urgent(domain, reading)]
            due.append((-(-reading["ts"] // gather) * gather, domain, reading))
        self._waiting = [one for one in due if one[0] > end_ms]
        groups: dict[int, list[tuple[str, Reading]]] = {}
        for at_ms, domain, reading in due:
            if at_ms <= end_ms:
                groups.setdefault(at_ms, []).append((domain, reading))
        for at_ms in sorted(groups):
            yield at_ms, groups[at_ms]

    def _add(self, readings: list[tuple[str, Reading]]) -> None:
        clock = self._simulated.clock
        self._station.shelf.clock_unset = not clock.is_synced(self._now_ms)
        if self._now_ms - self._vitals_ms >= VITALS_MS:
            self._vitals_ms = self._now_ms
            readings = [*readings, ("agent", self._vitals())]
        wrong = clock.reads(self._now_ms) - self._now_ms
        if wrong:
            readings = [(domain, {**reading, "ts": reading["ts"] + wrong}) for domain, reading in readings]
        self._station.add(readings)
        self._send()

    def _vitals(self) -> Reading:
        waiting = len(self._station.shelf)
        return {
            "device": "agent",
            "ts": self._now_ms,
            "outbox_depth_count": waiting,
            "outbox_age_s": (self._now_ms - self._cut_ms) // 1000 if waiting else 0,
            "mqtt_reconnects_total": self._session - 1,
            "publish_dropped_total": 0,
        }

    # -- link ------------------------------------------------------------------------------------------

    def _live_to(self, at_ms: int) -> None:
        while self._edges and self._edges[0].at_ms <= at_ms:
            edge = self._edges.popleft()
            self._deliver_until(edge.at_ms)
            self._meet(edge.becomes)
        self._deliver_until(at_ms)

    def _deliver_until(self, at_ms: int) -> None:
        """Let what waited since the link was down go out at the agent's pace, and acks come back."""
        while self._up and len(self._station.shelf) and self._now_ms < at_ms:
            self._now_ms = min(self._now_ms + (_PACE_MS if self._behind else ACK_MS), at_ms)
            self._send()
        self._now_ms = max(self._now_ms, at_ms)

    def _meet(self, becomes: str) -> None:
        if becomes == "cut":
            self._up, self._cut_ms = False, self._now_ms
        elif becomes == "noticed":
            self._station.disconnected()
        elif becomes == "will":
            self._say_last_will()
        elif becomes == "boot":
            self._boot()
        else:
            self._come_back()

    def _come_back(self) -> None:
        """Connect: the broker first buries the session it still took for alive."""
        if self._session and not self._lost:
            self._say_last_will()
        self._session += 1
        self._up, self._lost, self._behind = True, False, True
        self._arrive(self._station.connected(self._session, self._now_ms / 1000))
        self._acknowledge()
        self._send()

    def _say_last_will(self) -> None:
        self._lost = True
        will = Goodbye(state="lost", session=self._session)
        topic = _TOPICS.of(self._site.region, self._site.station_id, Channel.STATUS)
        self._arrive(Outgoing(topic, will.model_dump_json(exclude_none=True).encode()))

    def _boot(self) -> None:
        """Start a new run of the agent; frames of the one before are on a shelf that is gone."""
        devices = tuple(DeviceInfo(**each._asdict()) for each in self._simulated.devices)
        station_id, at_ms = self._site.station_id, self._now_ms
        stream, boot_id = ulid_of(f"stream of {station_id}", at_ms), ulid_of(f"boot of {station_id}", at_ms)
        identity = Identity(self._site.region, station_id, stream, boot_id, at_ms, devices)
        self._station = LightStation(identity, _TOPICS, self._rng)
        self._held = Ranges()

    def _send(self) -> None:
        now = self._now_ms / 1000
        sent = list(self._station.outgoing(now, self._simulated.clock.reads(self._now_ms)))
        if not self._up:
            return
        for message in sent:
            found = _SEQ.search(message.payload)
            if found:
                self._held.add(int(found[1]))
            self._arrive(message)
            if message.topic.endswith(Channel.BACKLOG) and self._rng.random() < TWICE:
                self._arrive(message)
        self._unsaid += len(sent)
        if self._unsaid and (self._unsaid >= ACK_FRAMES or self._now_ms - self._acked_ms >= ACK_MS):
            self._acknowledge()
            self._behind = self._behind and len(self._station.shelf) > 0

    def _acknowledge(self) -> None:
        self._unsaid, self._acked_ms = 0, self._now_ms
        stream, held = self._station.identity.stream, tuple((lo, hi) for lo, hi in self._held)
        ack = Ack(gateway=self._gateway, stream=stream, received=held, credit=CREDIT, now=self._now_ms)
        topic = _TOPICS.of(self._site.region, self._site.station_id, Channel.ACK)
        self._station.hear(topic, ack.model_dump_json().encode(), self._now_ms / 1000, self._now_ms)

    def _arrive(self, message: Outgoing) -> None:
        address = _TOPICS.parse(message.topic)
        if not isinstance(address, Address):
            raise TypeError(f"{message.topic} is no topic of a station")
        self._out.append(Arrived(message.topic, address, message.payload, self._now_ms + TRAVEL_MS))


def _is_urgent(domain: str, reading: Reading) -> bool:
    if "event" in reading:
        return True
    return not _ALARMING[domain].isdisjoint(reading) and class_of(domain, reading) is FrameClass.ALARM


def _edges(link: LinkProfile, boots: tuple[int, ...]) -> Iterator[Edge]:
    """What becomes of the link when; while a box boots nobody is there either."""
    for cut, back in link.with_outages((at, at + BOOT_MS) for at in boots).outages:
        yield Edge(cut, "cut")
        if cut + NOTICED_MS < back:
            yield Edge(cut + NOTICED_MS, "noticed")
        if cut + WILL_MS < back:
            yield Edge(cut + WILL_MS, "will")
        yield from (Edge(at, "boot") for at in boots if cut <= at <= back)
        yield Edge(back, "up")
