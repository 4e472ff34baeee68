"""A station's box in the simulation: the real outbox, delivery and exchange on virtual time."""

import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

import orjson
from ulid import ULID

from station_agent.birth import Births, Run
from station_agent.clock import Remembered, Sources, StationClock
from station_agent.commands import Commands
from station_agent.delivery import Delivery
from station_agent.errors import OutboxFull
from station_agent.eviction import Limits
from station_agent.exchange import Exchange, Parts
from station_agent.framing import Draft
from station_agent.notebook import Notebook
from station_agent.outbox import Outbox, Written
from station_agent.place import Place
from station_agent.wanted import Wanted
from tests.simulation.disk import Disk, Killed
from tests.simulation.flow import Flow
from tests.simulation.link import Line, Link
from tests.simulation.readings import body, disguised
from wire.frames import Ack, DeviceInfo
from wire.measures import FrameClass
from wire.topics import Channel, Topics

REGION, STATION_ID = "louxing", "louxing-07"
EPOCH_MS = 1_790_000_000_000
DAY_MS = 86_400_000
PLACE = Place(REGION, STATION_ID, Topics())
EXPIRE_EVERY_S = 600.0


@dataclass(frozen=True)
class Process:
    """What is gone when the process ends."""

    parts: Parts
    exchange: Exchange
    line: Line
    flow: Flow


class Box:
    """One box; ``taken`` tells the world the identity of each reading's frame as it gets one."""

    def __init__(
        self,
        link: Link,
        rng: random.Random,
        disk: Disk,
        max_bytes: int,
        taken: Callable[[tuple[str, int], int], None],
    ) -> None:
        self.connection = 0
        self.connected = False
        self.disk = disk
        self.process: Process | None = None
        self.reconnect_at: float | None = None
        self.starts_at: float | None = None
        self.now = 0.0
        self._link = link
        self._rng = rng
        self.limit(max_bytes)
        self._taken = taken
        self._sent: set[tuple[str, int]] = set()
        self._expire_at = 0.0

    # -- life

    def limit(self, max_bytes: int) -> None:
        """Set how much the outbox may hold, from the next start on."""
        self._limits = Limits(max_bytes, 30 * DAY_MS, 7 * DAY_MS)

    def start(self, now: float) -> None:
        """Start the agent: a new stream on what the disk holds."""
        self.now, self.starts_at = now, None
        self.disk.kill_in = self.disk.refuse_in = 0
        notebook = Notebook(self.disk)
        clock = StationClock(
            Sources(
                wall=lambda: EPOCH_MS + int(self.now * 1000),
                monotonic=lambda: self.now,
                synchronised=lambda: True,
            ),
            Remembered(running_ms=int(now * 1000)),
        )
        boot_id = str(ULID(self._rng.randbytes(16)))
        outbox = Outbox(self.disk, self._limits, str(ULID(self._rng.randbytes(16))), boot_id)
        delivery = Delivery(outbox, self._rng, notebook.get("gateway"))
        line = Line(self._publish)
        devices: list[DeviceInfo] = []
        parts = Parts(
            outbox=outbox,
            notebook=notebook,
            delivery=delivery,
            clock=clock,
            uplink=line,
            births=Births(Run(boot_id, clock.now()), notebook, outbox, delivery, lambda: devices),
            commands=Commands(notebook, outbox, delivery, clock),
            wanted=Wanted(notebook, delivery, clock),
        )
        self.process = Process(parts, Exchange(PLACE, parts), line, Flow(self._sent, self.disk.unsettled))
        self.reconnect_at = now

    def kill(self, now: float, *, back_after_s: float, power_cut: bool = False) -> None:
        """End the process at once; it is started again later."""
        self._link.detach(self)
        self.process = self.reconnect_at = None
        self.starts_at = now + back_after_s
        if power_cut:
            self.disk = self.disk.after_power_cut()

    def connect(self, now: float) -> None:
        """Begin a connection."""
        self.now, self.reconnect_at = now, None
        if self.process is None:
            return
        self._link.attach(self, now)
        process = self.process
        process.line.connected = True
        process.flow.connected(now)
        self._do(process.exchange.will)
        if self.process is process:
            self._do(process.exchange.connected)

    def disconnect(self, now: float, *, back_after_s: float) -> None:
        """Break the connection."""
        if self.process is None or not self.connected:
            return
        self.now = now
        self._link.detach(self)
        self.process.line.connected = False
        self.process.exchange.disconnected()
        self.reconnect_at = now + back_after_s

    # -- what it is told

    def reads(self, topic: str) -> bool:
        """Whether this is one of the station's four."""
        return any(topic == wanted for wanted, _ in PLACE.subscriptions)

    def hear(self, topic: str, payload: bytes, now: float, *, retained: bool) -> None:  # noqa: ARG002 - as a gateway
        """Take one message."""
        self.now = now
        process = self.process
        if process is None:
            return
        self._do(lambda: process.exchange._hear(topic, payload))  # noqa: SLF001 - stepped without an event loop
        if topic == PLACE.topic(Channel.ACK):
            ack = Ack.model_validate_json(payload)
            if ack.gateway == process.parts.delivery.gateway:
                process.flow.acked(ack)

    def take(self, tokens: list[int], frame_class: FrameClass, now: float) -> None:
        """Take readings, one a frame; a full disk may refuse them, and then they were never taken."""
        self.now = now
        process = self.process
        if process is None:
            return
        outbox, clock = process.parts.outbox, process.parts.clock
        drafts = [Draft(frame_class, body(token, clock.now())) for token in tokens]
        stream = outbox.streams.current
        first, written = stream.last + 1, Written(clock.running_ms(), clock.offset, clock.unset)

        def work() -> None:
            try:
                frames = outbox.append(drafts, written)
            except OutboxFull:
                return
            process.exchange.added(frames)

        self._do(work)
        # The row says what is on disk, whatever the process lived to see of it.
        for seq, token in zip(range(first, self.disk.last(stream.stream) + 1), tokens, strict=False):
            self._taken((stream.stream, seq), token)

    def is_quiet(self) -> bool:
        """Whether nothing waits for an acknowledgement, and nothing that is gone for a birth."""
        if self.process is None:
            return False
        outbox = self.process.parts.outbox
        return not outbox.depth and not outbox.birth_due

    # -- time

    def next_due(self) -> float | None:
        """When it has something to do by itself."""
        if self.starts_at is not None or self.process is None:
            return self.starts_at
        idle = self.process.exchange._idle_s() if self.connected else None  # noqa: SLF001 - as in hear
        due = [at for at in (self.reconnect_at, self._expire_at) if at is not None]
        if idle is not None:
            due.append(self.now + idle)
        return min(due)

    def work(self, now: float) -> None:
        """Do what is due."""
        self.now = now
        if self.starts_at is not None and self.starts_at <= now:
            self.start(now)
        if self.reconnect_at is not None and self.reconnect_at <= now:
            self.connect(now)
        if self.process is not None and now >= self._expire_at:
            self._expire_at = now + EXPIRE_EVERY_S
            self._do(self._expire)
        if self.process is not None and self.connected:
            self._do(self.process.exchange._send_due)  # noqa: SLF001 - as in hear

    def _expire(self) -> None:
        if self.process is None:
            return
        outbox = self.process.parts.outbox
        try:
            outbox.expire(self.process.parts.clock.running_ms())
        except sqlite3.OperationalError:
            outbox.recover()  # as Upkeep does

    def _do(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Killed:
            self.kill(self.now, back_after_s=1.0)

    def _publish(self, topic: str, payload: bytes, retain: bool) -> None:  # noqa: FBT001 - Line's callback
        if self.process is not None and topic.endswith(("/telemetry", "/backlog")):
            assert len(payload) <= 16_384
            frame = orjson.loads(payload)
            self.process.flow.transmitted(frame, topic.rpartition("/")[2], self.now)
            payload = disguised(payload, frame)
        self._link.publish(topic, payload, self.now, retain=retain)
