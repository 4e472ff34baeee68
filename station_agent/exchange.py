"""Between outbox, delivery and uplink: what is heard changes the outbox, what is due is sent."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from pydantic import ValidationError

from station_agent.birth import Births
from station_agent.clock import StationClock
from station_agent.commands import Commands
from station_agent.database import is_full
from station_agent.delivery import Delivery
from station_agent.framing import FrameMeta, stamp
from station_agent.notebook import Notebook
from station_agent.outbox import Outbox
from station_agent.place import Place
from station_agent.session import Will
from station_agent.uplink import Uplink
from station_agent.wanted import Wanted
from wire.frames import Ack, Claim
from wire.ranges import Ranges
from wire.topics import Channel

MOST_UNREAD = 1_000
BIRTH_EVERY_S = 10.0
"""Births that nobody asked for come no faster than this."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Parts:
    """What an exchange works with."""

    outbox: Outbox
    notebook: Notebook
    delivery: Delivery
    clock: StationClock
    uplink: Uplink
    births: Births
    commands: Commands
    wanted: Wanted


class Exchange:
    """The uplink's listener and the outbox's sender; everything happens on one event loop."""

    def __init__(self, place: Place, parts: Parts) -> None:
        self.unread_total = 0
        self._place = place
        self._parts = parts
        self._inbox: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(MOST_UNREAD)
        self._wake = asyncio.Event()
        self._pinned = parts.delivery.gateway
        self._foreign_seen = False
        self._birth_after = 0.0
        self._handlers = {
            place.topic(Channel.ACK): self._on_ack,
            place.topic(Channel.COMMAND): self._on_command,
            place.topic(Channel.CONFIG): self._on_config,
            place.claim: self._on_claim,
        }

    # -- what the uplink tells

    def will(self) -> Will:
        """Raise the session and return its last will."""
        return Will(self._place.topic(Channel.STATUS), self._parts.births.next_will())

    def connected(self) -> None:
        """Say who we are, then let delivery begin."""
        self._publish_birth()
        self._parts.delivery.connected(self._parts.clock.monotonic())
        self._wake.set()

    def disconnected(self) -> None:
        """Nothing is out any more."""
        self._parts.delivery.disconnected()

    def heard(self, topic: str, payload: bytes) -> None:
        """Keep a message for :meth:`run`; a flood of them is counted."""
        try:
            self._inbox.put_nowait((topic, payload))
        except asyncio.QueueFull:
            self.unread_total += 1
        self._wake.set()

    def room_again(self) -> None:
        """Send on."""
        self._wake.set()

    # -- what the sampler tells

    def added(self, frames: list[FrameMeta]) -> None:
        """Frames are on disk."""
        for frame in frames:
            self._parts.delivery.frame_added(frame)
        self._wake.set()

    # -- the work

    async def run(self) -> None:
        """Hear and send until cancelled."""
        while True:
            while not self._inbox.empty():
                topic, payload = self._inbox.get_nowait()
                self._hear(topic, payload)
            self._wake.clear()
            self._send_due()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._idle_s()):
                    await self._wake.wait()

    def goodbye(self, reason: str) -> tuple[str, bytes]:
        """Return topic and payload of a clean stop."""
        return self._place.topic(Channel.STATUS), self._parts.births.goodbye(reason)

    def _idle_s(self) -> float | None:
        """Return how long nothing can be due; without room only a PUBACK changes anything."""
        if not self._inbox.empty():
            return 0
        if not self._parts.uplink.room:
            return None
        now = self._parts.clock.monotonic()
        times = [self._parts.delivery.next_wakeup(now), self._birth_after if self._birth_due() else None]
        return min((max(0.0, at - now) for at in times if at is not None), default=None)

    def _send_due(self) -> None:
        parts, now = self._parts, self._parts.clock.monotonic()
        if parts.commands.birth_asked or (now >= self._birth_after and self._birth_due()):
            self._publish_birth()
        while parts.uplink.room:
            transmission = parts.delivery.next(now)
            if transmission is None:
                return
            frame = transmission.frame
            loaded = parts.outbox.load(frame)
            if loaded is None:
                parts.delivery.frame_dropped(frame)
                continue
            parts.delivery.gone_carried(frame, loaded.gone)
            payload = stamp(self._place.station_id, frame, loaded, parts.clock.now())
            parts.uplink.publish(self._place.topic(transmission.lane), payload)

    def _birth_due(self) -> bool:
        return self._parts.outbox.birth_due or self._parts.births.news

    def _publish_birth(self) -> None:
        parts = self._parts
        if not parts.uplink.up:
            return
        self._birth_after = parts.clock.monotonic() + BIRTH_EVERY_S
        parts.commands.birth_asked = parts.outbox.birth_due = False
        parts.uplink.publish(self._place.topic(Channel.STATUS), parts.births.birth(), retain=True)

    def _hear(self, topic: str, payload: bytes) -> None:
        handler = self._handlers.get(topic)
        if handler is None:
            return
        try:
            # What a full disk does not keep is said again: commands are repeated.
            self._written(lambda: handler(payload))
        except ValidationError as error:
            fault = error.errors(include_input=False, include_url=False)[0]
            log.warning("a message cannot be read", topic=topic, field=fault["loc"], reason=fault["msg"])
        self._remember_pin()

    def _on_ack(self, payload: bytes) -> None:
        parts = self._parts
        ack = Ack.model_validate_json(payload)
        if not parts.delivery.obeys(ack.gateway):
            return
        self._remember_pin()
        received = Ranges(ack.received)
        if not self._written(lambda: parts.outbox.settle(ack.stream, received, parts.clock.running_ms())):
            # Its frames are sent again and acknowledged again; its credit and its clock hold all the same.
            received = Ranges()
        acked = parts.delivery.ack(
            ack.gateway, ack.stream, received,
            credit=ack.credit, gateway_ms=ack.now, now=parts.clock.monotonic(),
        )  # fmt: skip
        if acked and acked.parked:
            self._park(acked.parked)
        if acked and acked.told:
            parts.outbox.told(ack.stream, acked.told)
        if parts.clock.hear(ack.now):
            self.clock_was_set()

    def _park(self, frames: Sequence[FrameMeta]) -> None:
        if self._written(lambda: self._parts.outbox.park(frames)):
            log.warning("frames parked: later ones were acknowledged, these never", frames=len(frames))
        else:
            # They are out no longer and delivery had passed them by: until the next connection nobody looked.
            self._parts.delivery.resend()

    def _written(self, write: Callable[[], object]) -> bool:
        """Whether the disk took what ``write`` writes; a full one has room again for the next."""
        try:
            write()
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            self._parts.outbox.recover()
            return False
        return True

    def clock_was_set(self) -> None:
        """Let this boot's unacknowledged readings be stamped by the clock as it is known now."""
        parts = self._parts
        log.info("the clock was set", time_ms=parts.clock.now())

        def write() -> None:
            parts.outbox.set_clock(parts.births.boot_id, parts.clock.offset)

        if not self._written(write):
            # Nobody says this again, and a full disk has room for it once it got its reserve.
            self._written(write)

    def _on_claim(self, payload: bytes) -> None:
        if payload:
            claim = Claim.model_validate_json(payload)
            self._parts.delivery.claim(claim.gateway, claim.replaces)

    def _on_command(self, payload: bytes) -> None:
        self._answer(self._parts.commands.handle(payload))

    def _on_config(self, payload: bytes) -> None:
        self._answer(self._parts.wanted.handle(payload))

    def _answer(self, result: bytes | None) -> None:
        if result is not None:
            self._parts.uplink.publish(self._place.topic(Channel.RESULT), result)

    def _remember_pin(self) -> None:
        """Write a new pin down before anything rests on it; complain once about any other gateway.

        Where the disk does not take it, every message is another try.
        """
        delivery = self._parts.delivery
        if delivery.gateway != self._pinned and self._parts.notebook.put({"gateway": delivery.gateway}):
            self._pinned = delivery.gateway
            log.info("obeying a gateway", gateway=self._pinned)
        if delivery.foreign_total and not self._foreign_seen:
            self._foreign_seen = True
            log.warning("messages of another gateway are ignored", obeyed=delivery.gateway)
