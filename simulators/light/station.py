"""One light station: readings in, messages for the broker out, acknowledgements and commands heard."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from simulators.light.shelf import MemoryShelf
from station_agent.delivery import Delivery
from station_agent.framing import Draft, Reading, Report, draft, stamp
from wire.frames import Ack, Birth, Claim, Command, DeviceInfo, Goodbye, ResendArgs, Result, StreamSummary
from wire.measures import class_of
from wire.ranges import Ranges
from wire.topics import Channel, Topics

VERSION = "0.1.0+light"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a light station is; ``session`` is raised at every connect by whoever holds the connection."""

    region: str
    station_id: str
    stream: str
    boot_id: str
    started_ms: int
    devices: tuple[DeviceInfo, ...]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for the broker."""

    topic: str
    payload: bytes
    retain: bool = False


class LightStation:
    """The agent's delivery over a list in memory.

    Times: ``now`` in monotonic seconds, ``now_ms`` in milliseconds since the epoch.
    """

    def __init__(self, identity: Identity, topics: Topics, rng: random.Random) -> None:
        self.identity = identity
        self.shelf = MemoryShelf(identity.stream)
        self._topics = topics
        self._delivery = Delivery(self.shelf, rng)
        self._session = 0

    @property
    def subscriptions(self) -> Sequence[str]:
        """The topics it listens to."""
        own = (self._topic(channel) for channel in (Channel.ACK, Channel.CONFIG, Channel.COMMAND))
        return [*own, self._topics.claim(self.identity.region)]

    def connected(self, session: int, now: float) -> Outgoing:
        """A connection is up; what to say first."""
        self._session = session
        self._delivery.connected(now)
        return self._birth()

    def disconnected(self) -> None:
        """The connection is gone."""
        self._delivery.disconnected()

    def add(self, readings: Iterable[tuple[str, Reading]]) -> None:
        """Take readings of this moment."""
        for one in _drafts(readings):
            self._delivery.frame_added(self.shelf.put(one))

    def add_past(self, readings: Iterable[tuple[str, Reading]]) -> None:
        """Take readings that have waited: they travel as backlog."""
        for one in _drafts(readings):
            self.shelf.put(one)
        self._delivery.resend()

    def outgoing(self, now: float, now_ms: int) -> Iterator[Outgoing]:
        """The frames that are to be sent now, stamped with ``now_ms``."""
        while (out := self._delivery.next(now)) is not None:
            payload = stamp(self.identity.station_id, out.frame, self.shelf.load(out.frame), now_ms)
            yield Outgoing(self._topic(out.lane), payload)

    def goodbye(self) -> Outgoing:
        """A clean stop."""
        last = Goodbye(state="stopped", session=self._session, reason="end of the run")
        return Outgoing(self._topic(Channel.STATUS), _json(last), retain=True)

    def hear(self, topic: str, payload: bytes, now: float, now_ms: int) -> list[Outgoing]:
        """Take a message and give the answers to it; a malformed one is as good as none."""
        try:
            if topic == self._topic(Channel.ACK):
                self._hear_ack(Ack.model_validate_json(payload), now)
            elif topic == self._topic(Channel.COMMAND):
                return self._obey(Command.model_validate_json(payload), now_ms)
            elif topic == self._topics.claim(self.identity.region):
                claim = Claim.model_validate_json(payload)
                self._delivery.claim(claim.gateway, claim.replaces)
        except ValidationError:
            return []
        return []

    def _hear_ack(self, ack: Ack, now: float) -> None:
        received = Ranges(ack.received)
        acked = self._delivery.ack(
            ack.gateway, ack.stream, received, credit=ack.credit, gateway_ms=ack.now, now=now
        )
        if acked is not None:
            self.shelf.settle(ack.stream, received)
            for frame in acked.parked:
                self.shelf.park(frame)

    def _obey(self, command: Command, now_ms: int) -> list[Outgoing]:
        if not self._delivery.obeys(command.gateway):
            return []
        if command.name == "birth":
            return [self._birth(), self._result(Result(id=command.id, state="done", at=now_ms))]
        if command.name == "resend":
            asked = ResendArgs.model_validate(command.args)
            lacking = self.shelf.lacking(asked.stream, Ranges(asked.ranges))
            self.shelf.unpark()
            self._delivery.resend()
            return [self._result(Result(id=command.id, state="done", gone=tuple(lacking), at=now_ms))]
        refusal = Result(
            id=command.id, state="refused", reason="a light station has no such command", at=now_ms
        )
        return [self._result(refusal)]

    def _birth(self) -> Outgoing:
        identity, shelf = self.identity, self.shelf
        stream = StreamSummary(
            stream=identity.stream, oldest=shelf.oldest, kept=shelf.oldest, last=shelf.last, gone=()
        )
        birth = Birth(
            session=self._session,
            boot_id=identity.boot_id,
            gateway=self._delivery.gateway,
            version=VERSION,
            started=identity.started_ms,
            streams=[stream] if len(shelf) else [],
            parked=shelf.parked_count,
            devices=list(identity.devices),
        )
        return Outgoing(self._topic(Channel.STATUS), _json(birth), retain=True)

    def _result(self, result: Result) -> Outgoing:
        return Outgoing(self._topic(Channel.RESULT), _json(result))

    def _topic(self, channel: Channel) -> str:
        return self._topics.of(self.identity.region, self.identity.station_id, channel)


def _drafts(readings: Iterable[tuple[str, Reading]]) -> list[Draft]:
    return draft(Report(domain, reading, class_of(domain, reading)) for domain, reading in readings)


def _json(message: Birth | Goodbye | Result) -> bytes:
    return message.model_dump_json(exclude_none=not isinstance(message, Birth)).encode()
