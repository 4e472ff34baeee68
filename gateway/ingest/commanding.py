"""Commands to stations: sent again until answered or out of time (contract section 7)."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from ulid import ULID

from gateway.domain.fleet import Fleet, StationLive
from gateway.ingest.outgoing import Outgoing
from gateway.ingest.received import Received
from gateway.observability import Metrics
from gateway.state.commands import CommandRecord, Commands, CommandState
from wire.frames import Command, Result
from wire.messages import MessageError, decode_message, encode_message
from wire.topics import Address, Channel, Topics

log = structlog.get_logger(__name__)

AGAIN_MS = 10_000
BIRTH_SPREAD_MS = 60_000
"""Stations that send frames without a birth are asked for it within this time, each at its own moment."""
BIRTH_ASK_MS = 300_000
BIRTH_TTL_S = 60
RESEND_TTL_S = 600


@dataclass(slots=True)
class Sent:
    """A command that has no answer yet; `due` in ms is when it is sent again."""

    topic: str
    station_id: str
    command: Command
    due: int = 0


class Commander:
    """Issues commands and takes their results; belongs to the event loop."""

    def __init__(
        self,
        gateway: str,
        topics: Topics,
        received: Received,
        fleet: Fleet,
        commands: Commands,
        outgoing: Outgoing,
        metrics: Metrics,
    ) -> None:
        self._gateway = gateway
        self._topics = topics
        self._received = received
        self._fleet = fleet
        self._commands = commands
        self._outgoing = outgoing
        self._metrics = metrics
        self._jitter = random.Random(gateway)  # noqa: S311 - spreads stations over a minute, no secret
        self._sent: dict[str, Sent] = {}
        self._ask_birth_at: dict[str, int] = {}

    def issue(self, station_id: str, name: str, args: Mapping[str, object], ttl_s: int, now: int) -> None:
        """Send a command of the gateway's own and write it down."""
        record = CommandRecord(str(ULID.from_timestamp(now / 1000)), station_id, name, args, now, ttl_s, ())
        self._outgoing.write(lambda: self._commands.add(record))
        self.send(record, self._fleet.station(station_id).region or "", now)

    def restore(self, records: Iterable[CommandRecord]) -> None:
        """Take up the commands that had no answer when the gateway ended; they are sent again at once."""
        for record in records:
            region = self._fleet.station(record.station_id).region
            if region is not None:
                self._sent[record.id] = self._addressed(record, region)

    def send(self, record: CommandRecord, region: str, now: int) -> None:
        """Send a command that is written down already."""
        sent = self._sent[record.id] = self._addressed(record, region)
        self._metrics.commands.labels(record.name).inc()
        self._publish(sent, now)

    def _addressed(self, record: CommandRecord, region: str) -> Sent:
        args: dict[str, Any] = dict(record.args)
        command = Command(
            gateway=self._gateway,
            id=record.id,
            name=record.name,
            args=args,
            issued=record.issued,
            ttl_s=record.ttl_s,
            by=list(record.by),
        )
        topic = self._topics.of(region, record.station_id, Channel.COMMAND)
        return Sent(topic, record.station_id, command)

    def hear(self, address: Address, payload: bytes, now: int) -> None:
        """Take a station's result."""
        try:
            result = decode_message(Result, payload)
        except MessageError as error:
            self._metrics.ignored.labels("bad_result").inc()
            log.warning("bad_result", station=address.station_id, reason=str(error))
            return
        if result.id is not None:
            self._settle(address.station_id, result.id, result, now)

    def send_again(self, now: int) -> None:
        """Send again what has no answer; give up what is out of time."""
        for command_id, sent in list(self._sent.items()):
            if sent.command.issued + sent.command.ttl_s * 1_000 < now:
                del self._sent[command_id]
                self._outgoing.write(lambda: self._commands.expire(now))
            elif sent.due <= now and not self._is_elsewhere(sent.station_id):
                self._publish(sent, now)

    def ask_births(self, now: int) -> None:
        """Ask stations that send numbered frames, late ones also, but were never born."""
        for station in self._fleet:
            if station.session is not None or station.best_effort or not _is_heard(station, now):
                continue
            if self._fleet.is_elsewhere(station):
                continue
            spread = round(self._jitter.uniform(1_000, BIRTH_SPREAD_MS))
            due = self._ask_birth_at.setdefault(station.station_id, now + spread)
            if due <= now:
                self._ask_birth_at[station.station_id] = now + BIRTH_ASK_MS
                self.issue(station.station_id, "birth", {}, BIRTH_TTL_S, now)

    def ask_missing(self, now: int) -> None:
        """Ask stations for the frames they told of and the gateway lacks."""
        for ask in self._received.asks(now):
            if self._is_elsewhere(ask.station_id):
                continue
            args = {"stream": ask.stream, "ranges": ask.received}
            self.issue(ask.station_id, "resend", args, RESEND_TTL_S, now)

    def _is_elsewhere(self, station_id: str) -> bool:
        return self._fleet.is_elsewhere(self._fleet.station(station_id))

    def _publish(self, sent: Sent, now: int) -> None:
        sent.due = now + AGAIN_MS
        self._outgoing.publish(sent.topic, encode_message(sent.command))

    def _settle(self, station_id: str, command_id: str, result: Result, now: int) -> None:
        sent = self._sent.get(command_id)
        if sent is None or sent.station_id != station_id:
            # answered before, out of time, or not this station's to answer
            self._metrics.ignored.labels("result").inc()
            return
        del self._sent[command_id]
        if sent.command.name == "resend" and result.gone:
            stream = str(sent.command.args["stream"])
            self._received.note_gone(station_id, stream, result.gone)
        answer = result.model_dump(mode="json", exclude_none=True)
        state = CommandState(result.state)
        self._outgoing.write(
            lambda: self._commands.settle(command_id, state, now, reason=result.reason, result=answer)
        )


def _is_heard(station: StationLive, now: int) -> bool:
    """Whether a station spoke since it was asked the last time but one."""
    return station.last_seen is not None and now - station.last_seen <= 2 * BIRTH_ASK_MS
