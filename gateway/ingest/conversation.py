"""Everything the gateway and its stations say to each other besides frames.

Births and wills in, acknowledgements and commands out, claims both ways (contract sections 4, 5 and 7).
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict, Field
from ulid import ULID

from gateway.domain.fleet import Device, Down, Fleet
from gateway.ingest.claims import Claims, Standing
from gateway.ingest.decoding import Arrived
from gateway.ingest.pipeline import Pipeline
from gateway.ingest.received import Received
from gateway.ingest.subscriber import Subscriber, publish_packet
from gateway.observability import Metrics
from gateway.state.births import Happening, JournalRow, NewestBirth
from gateway.state.claims import RegionClaim
from gateway.state.commands import CommandRecord, CommandState
from gateway.state.database import State
from wire.frames import Birth, Claim, Command, Goodbye, Result
from wire.messages import MessageError, decode_message, decode_status, encode_message
from wire.topics import Address, Channel, Topics

log = structlog.get_logger(__name__)

BIRTH_ASK_S = 300.0
"""A station that sends frames without a birth is asked for it again after this long."""
RETAINED_WAIT_S = 1.0
"""How long a retained claim may take to arrive before a region counts as unclaimed."""
MOST_TOPICS = 1_000_000
"""Topics remembered parsed: four for each of 186,100 stations; forgotten all at once beyond."""
COMMAND_AGAIN_S = 10.0
RESEND_TTL_S = 600


class AckSettings(BaseModel):
    """When a station is acknowledged (contract section 4)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    frames: int = Field(16, ge=1, le=10_000, description="Acknowledge a station when this many frames wait.")
    after_ms: int = Field(2_000, ge=0, le=60_000, description="Or this long after the first of them.")


_FRAMES = frozenset({str(Channel.TELEMETRY), str(Channel.BACKLOG)})
"""Plain strings: hashing a member of an enum costs a call for every frame."""


@dataclass(slots=True)
class Sent:
    """A command that has no answer yet."""

    region: str
    station_id: str
    command: Command
    due: float = 0.0


class Conversation:
    """Listener of the session. State is written by `writes`, a queue that one task works off."""

    def __init__(  # noqa: PLR0913 - it speaks for all of them
        self,
        topics: Topics,
        received: Received,
        pipeline: Pipeline,
        fleet: Fleet,
        state: State,
        claims: Claims,
        metrics: Metrics,
        clock: Callable[[], int],
        jitter: random.Random,
    ) -> None:
        self._topics = topics
        self._received = received
        self._pipeline = pipeline
        self._fleet = fleet
        self._state = state
        self._claims = claims
        self._metrics = metrics
        self._clock = clock
        self._jitter = jitter
        self._addresses: dict[str, Address | None] = {}
        self._ack_topics: dict[str, bytes] = {}
        self._asked_birth: dict[str, float] = {}
        self._named: dict[str, set[str]] = {}
        self._sent: dict[str, Sent] = {}
        self._births: list[NewestBirth] = []
        self._wills: list[JournalRow] = []
        self._connected_at = 0.0
        self._claiming: set[str] = set()
        self._ours: set[str] = set()
        self._told_foreign: dict[str, str | None] = {}
        self.regions: tuple[str, ...] = ()
        self.subscriber: Subscriber | None = None
        self.writes: asyncio.Queue[Callable[[], object]] = asyncio.Queue()

    # -- session ---------------------------------------------------------------------------------------

    def connected(self) -> None:
        """Read retained claims for a moment, then claim what nobody has."""
        self._fleet.broker_connected(self._clock())
        self._metrics.broker_up.set(1)
        self._connected_at = asyncio.get_running_loop().time()
        for region in self.regions:
            if region != "+":
                self._claim_soon(region)

    def lost(self) -> None:
        """Nothing heard from now on says anything of a station."""
        self._fleet.broker_lost()
        self._metrics.broker_up.set(0)

    def message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Sort one message to whom it concerns."""
        address = self._address(topic)
        if address is None:
            self._hear_other(topic, payload)
        elif address.region in self._ours or self._may_hear(address.region):
            if address.channel in _FRAMES:
                self._pipeline.put(Arrived(topic, address, payload, self._clock()))
            elif address.channel == Channel.STATUS:
                self._hear_status(address, payload, retained=retained)
            elif address.channel == Channel.RESULT:
                self._hear_result(address, payload)

    def _hear_other(self, topic: str, payload: bytes) -> None:
        region = self._topics.parse_claim(topic)
        if region is None:
            self._metrics.ignored.labels("topic").inc()
        else:
            self._hear_claim(region, payload)

    def _may_hear(self, region: str) -> bool:
        """Whether a region is not another gateway's; `_ours` remembers those that are ours."""
        standing = self._claims.standing(region)
        if standing is Standing.FOREIGN:
            self._metrics.ignored.labels("foreign_region").inc()
            self._tell_foreign(region)
            return False
        if standing is Standing.OURS:
            self._ours.add(region)
        else:
            self._claim_soon(region)
        return True

    def _address(self, topic: str) -> Address | None:
        try:
            return self._addresses[topic]
        except KeyError:
            if len(self._addresses) > MOST_TOPICS:
                self._addresses.clear()
            address = self._addresses[topic] = self._topics.parse(topic)
            return address

    # -- claims ----------------------------------------------------------------------------------------

    def _claim_soon(self, region: str) -> None:
        """Claim a region once its retained claim had time to arrive."""
        if region in self._claiming:
            return
        self._claiming.add(region)
        loop = asyncio.get_running_loop()
        wait = max(0.0, self._connected_at + RETAINED_WAIT_S - loop.time())
        loop.call_later(wait, self._claim, region)

    def _claim(self, region: str) -> None:
        self._claiming.discard(region)
        claim = self._claims.claim(region, self._clock(), self._named.get(region, ()))
        if claim is not None:
            self._publish_claim(region, claim)
        elif self._claims.standing(region) is Standing.FOREIGN:
            self._tell_foreign(region)

    def _tell_foreign(self, region: str) -> None:
        """Say once, loudly, that a region is another gateway's: nothing of it is stored here."""
        holder = self._claims.holder(region)
        if self._told_foreign.get(region) != holder:
            self._told_foreign[region] = holder
            log.error(
                "region_claimed_by_another",
                region=region,
                gateway=holder,
                next="stop the other gateway, or start this one with --take-over",
            )

    def _hear_claim(self, region: str, payload: bytes) -> None:
        if not payload or (self.regions and "+" not in self.regions and region not in self.regions):
            return
        try:
            claim = decode_message(Claim, payload)
        except MessageError as error:
            self._metrics.ignored.labels("bad_claim").inc()
            log.warning("bad_claim", region=region, reason=str(error))
            return
        ours = self._claims.heard(region, claim)
        self._ours.discard(region)
        if ours is not None:
            log.error("second_gateway", region=region, gateway=claim.gateway, next="stop one of the two")
            self._publish_claim(region, ours)
        elif self._claims.take_over and self._claims.standing(region) is Standing.FOREIGN:
            self._claim_soon(region)

    def _publish_claim(self, region: str, claim: Claim) -> None:
        saved = RegionClaim(region, claim.since, tuple(claim.replaces))
        self.writes.put_nowait(lambda: self._state.claims.save(saved))
        self._publish(self._topics.claim(region), encode_message(claim), retain=True)
        log.info("region_claimed", region=region, replaces=claim.replaces)

    # -- births and wills --------------------------------------------------------------------------------

    def _hear_status(self, address: Address, payload: bytes, *, retained: bool) -> None:
        if not payload:
            return
        try:
            status = decode_status(payload)
        except MessageError as error:
            self._metrics.ignored.labels("bad_status").inc()
            log.warning("bad_status", station=address.station_id, reason=str(error))
            return
        now = self._clock()
        if isinstance(status, Goodbye):
            if self._fleet.will(address.station_id, status.session, now, Down(status.state)):
                said = status.model_dump(mode="json")
                self._wills.append(JournalRow(now, Happening.WILL, address.station_id, said))
            return
        self._hear_birth(address, status, now, retained=retained)

    def _hear_birth(self, address: Address, birth: Birth, now: int, *, retained: bool) -> None:
        devices = [Device(item.device, item.domain, item.facility) for item in birth.devices]
        station_id = address.station_id
        verdict = self._fleet.birth(
            station_id, address.region, birth.session, now, retained=retained, devices=devices
        )
        if not verdict.newest:
            return
        if verdict.moved_from is not None:
            self._leave_region(verdict.moved_from, station_id)
        said = birth.model_dump(mode="json", by_alias=True)
        self._births.append(NewestBirth(station_id, address.region, now, retained, birth.session, said))
        self.note_streams(station_id, birth)
        if birth.gateway not in {None, self._claims.gateway} and birth.gateway is not None:
            self._hear_named_gateway(address.region, birth.gateway)

    def note_streams(self, station_id: str, birth: Birth) -> None:
        """Take what a birth says of the station's streams."""
        for summary in birth.streams:
            known = self._received.note_birth(
                station_id, summary.stream, summary.oldest, summary.kept, summary.last, summary.gone
            )
            if not known:
                log.warning("stream_of_another_station", station=station_id, stream=summary.stream)

    def _leave_region(self, region: str, station_id: str) -> None:
        """Clear what is retained of a station under the region it left."""
        for channel in (Channel.STATUS, Channel.CONFIG):
            self._publish(self._topics.of(region, station_id, channel), b"", retain=True)

    def _hear_named_gateway(self, region: str, gateway: str) -> None:
        """A station obeys another gateway; a take-over has to name it, or the station stays silent to us."""
        named = self._named.setdefault(region, set())
        if gateway not in named:
            named.add(gateway)
            if self._claims.take_over:
                self._claim_soon(region)
            else:
                log.warning(
                    "station_obeys_another", region=region, gateway=gateway, next="start with --take-over"
                )

    # -- acknowledgements ----------------------------------------------------------------------------------

    def acknowledge(self, *, everything: bool = False) -> None:
        """Publish the acknowledgements due, all in one write."""
        subscriber = self.subscriber
        if subscriber is None or not subscriber.is_connected:
            return
        now = self._clock()
        tail = b',"credit":%d,"now":%d}' % (self._pipeline.credit, now)
        head = b'{"v":1,"gateway":"%b","stream":"' % self._claims.gateway.encode()
        packets = []
        for receipt in self._received.receipts(now, everything=everything):
            topic = self._ack_topic(receipt.station_id)
            ranges = str(receipt.received).replace(" ", "").encode()
            payload = b'%b%b","received":%b%b' % (head, receipt.stream.encode(), ranges, tail)
            packets.append(publish_packet(topic, payload))
        if packets and subscriber.send(b"".join(packets)):
            self._metrics.acks.inc(len(packets))

    def _ack_topic(self, station_id: str) -> bytes:
        region = self._fleet.station(station_id).region or ""
        key = f"{region}/{station_id}"
        topic = self._ack_topics.get(key)
        if topic is None:
            topic = self._ack_topics[key] = self._topics.of(region, station_id, Channel.ACK).encode()
        return topic

    # -- commands ------------------------------------------------------------------------------------------

    def command(
        self, station_id: str, name: str, args: Mapping[str, Any], ttl_s: int, by: tuple[str, ...] = ()
    ) -> CommandRecord:
        """Issue a command of the gateway's own and write it down."""
        now = self._clock()
        command_id = str(ULID.from_timestamp(now / 1000))
        record = CommandRecord(command_id, station_id, name, dict(args), now, ttl_s, by)
        self.writes.put_nowait(lambda: self._state.commands.add(record))
        self.send_command(record, self._fleet.station(station_id).region or "")
        return record

    def send_command(self, record: CommandRecord, region: str) -> None:
        """Publish a command that is written down; again until the station answers or its time is over."""
        command = Command(
            gateway=self._claims.gateway,
            id=record.id,
            name=record.name,
            args=_json(record.args),
            issued=record.issued,
            ttl_s=record.ttl_s,
            by=list(record.by),
        )
        sent = self._sent[record.id] = Sent(region, record.station_id, command)
        self._metrics.commands.labels(record.name).inc()
        self._send_command(sent)

    def _send_command(self, sent: Sent) -> None:
        sent.due = asyncio.get_running_loop().time() + COMMAND_AGAIN_S
        topic = self._topics.of(sent.region, sent.station_id, Channel.COMMAND)
        self._publish(topic, encode_message(sent.command))

    def _hear_result(self, address: Address, payload: bytes) -> None:
        try:
            result = decode_message(Result, payload)
        except MessageError as error:
            self._metrics.ignored.labels("bad_result").inc()
            log.warning("bad_result", station=address.station_id, reason=str(error))
            return
        if result.id is None:
            return
        sent = self._sent.pop(result.id, None)
        if sent is not None and sent.command.name == "resend" and result.gone:
            stream = str(sent.command.args["stream"])
            ledger = self._received.streams.get(stream)
            if ledger is not None and ledger.station_id == address.station_id:
                self._received.note(stream, ledger.oldest, [(lo, hi) for lo, hi in result.gone])
        command_id, state, reason = result.id, CommandState(result.state), result.reason
        answer = result.model_dump(mode="json", exclude_none=True)
        at = self._clock()
        self.writes.put_nowait(
            lambda: self._state.commands.settle(command_id, state, at, reason=reason, result=answer)
        )

    # -- now and then ----------------------------------------------------------------------------------------

    def every_second(self) -> None:
        """Send again what has no answer, ask for births and for what is missing."""
        loop_now, now = asyncio.get_running_loop().time(), self._clock()
        for command_id, sent in list(self._sent.items()):
            if sent.command.issued + sent.command.ttl_s * 1000 < now:
                del self._sent[command_id]
            elif sent.due <= loop_now:
                self._send_command(sent)
        self._ask_births(loop_now)
        self.write_births()

    def write_births(self) -> None:
        """Have the births and wills of the last second written, all in one transaction."""
        births, self._births = self._births, []
        wills, self._wills = self._wills, []
        if births:
            self.writes.put_nowait(lambda: self._state.births.save(*births))
        if wills:
            self.writes.put_nowait(lambda: self._state.births.note(*wills))

    def _ask_births(self, loop_now: float) -> None:
        """Ask stations that send frames but were never born, spread over a minute."""
        for station in self._fleet:
            if station.session is not None or station.best_effort or station.fresh_at is None:
                continue
            due = self._asked_birth.setdefault(station.station_id, loop_now + self._jitter.uniform(1, 60))
            if due <= loop_now:
                self._asked_birth[station.station_id] = loop_now + BIRTH_ASK_S
                self.command(station.station_id, "birth", {}, ttl_s=60)

    def ask_missing(self) -> None:
        """Ask stations for what they told of and we lack."""
        for ask in self._received.asks(self._clock()):
            self.command(
                ask.station_id, "resend", {"stream": ask.stream, "ranges": ask.received}, ttl_s=RESEND_TTL_S
            )

    def _publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        if self.subscriber is not None:
            self.subscriber.publish(topic, payload, retain=retain)


def _json(args: Mapping[str, object]) -> dict[str, Any]:
    return dict(args)
