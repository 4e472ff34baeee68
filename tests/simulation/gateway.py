"""A gateway in the simulation: the real ledger, claims and decoder between a link and stores that survive."""

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from ulid import ULID

from gateway.ingest.claims import Claims, Standing
from gateway.ingest.received import Received, Stream
from tests.simulation.box import EPOCH_MS, REGION, STATION_ID
from tests.simulation.link import Link
from tests.simulation.readings import token_in
from wire.codec import Reason, decode
from wire.frames import Ack, Birth, Claim, Command, Goodbye, Result
from wire.messages import decode_message, decode_status, encode_message
from wire.ranges import Ranges
from wire.topics import Channel, Topics
from wire.verdicts import Decoded, Rejected

TOPICS = Topics()
COMMIT_S = 0.3
ACK_TICK_S = 0.5
ASK_EVERY_S = 60.0
CLAIM_AFTER_S = 1.0
COMMAND_AGAIN_S = 10.0
RESEND_TTL_S = 600

Identity = tuple[str, int]


@dataclass
class Stores:
    """What survives a gateway's process. ``stored`` lists the readings by frame; more than one is a fault."""

    gateway: str
    stored: dict[Identity, list[int]] = field(default_factory=dict)
    oldest: dict[str, int] = field(default_factory=dict)
    gone: dict[str, Ranges] = field(default_factory=dict)
    quarantined: set[Identity] = field(default_factory=set)
    birth: tuple[int, bytes] | None = None
    claim: Claim | None = None

    def has(self, identity: Identity) -> bool:
        """Whether this frame is durable."""
        return identity in self.stored or identity in self.quarantined

    def backup(self) -> "Stores":
        """Return an independent copy."""
        return copy.deepcopy(self)


@dataclass
class Arrived:
    """A new frame on its way to the stores: whole, or only to quarantine."""

    identity: Identity
    at_ms: int
    decoded: Decoded | None


@dataclass
class Asked:
    """A command without an answer yet."""

    command: Command
    due: float
    until: float


class Gateway:
    """One gateway process on its stores.

    ``kill_at`` ends it inside its next commit: before it is durable, before the ledger knows, before or
    amid the acknowledgements. ``full`` stands for a store that takes nothing. ``knows_newer`` says whether
    frames of the version the stations already speak can be read.
    """

    def __init__(self, link: Link, rng: random.Random, stores: Stores, credit: int) -> None:
        self.connection = 0
        self.connected = False
        self.stores = stores
        self.full = False
        self.knows_newer = False
        self.kill_at: str | None = None
        self.take_over = False
        self.up = False
        self.starts_at: float | None = None
        self.reconnect_at: float | None = None
        self.now = 0.0
        self._link = link
        self._rng = rng
        self.credit = credit

    # -- life

    def start(self, now: float) -> None:
        """Start the process: everything known is read from the stores."""
        self.now, self.starts_at, self.up = now, None, True
        self.received = Received()
        self.claims = Claims(self.stores.gateway, self.take_over)
        self.named: set[str] = set()
        self.pending: list[Arrived] = []
        self.asked: dict[str, Asked] = {}
        self.session = 0
        self._commit_at: float | None = None
        self._claim_at: float | None = None
        self._ack_until = 0.0
        self._ack_at = now
        self._ask_at = now + ASK_EVERY_S
        self._ask_birth_at: float | None = None
        self._restore()
        self.reconnect_at = now

    def kill(self, now: float, *, back_after_s: float) -> None:
        """End the process at once; it is started again later."""
        self._link.detach(self)
        self.up, self.kill_at, self.reconnect_at = False, None, None
        self.starts_at = now + back_after_s

    def connect(self, now: float) -> None:
        """Begin a connection."""
        self.now, self.reconnect_at = now, None
        self._link.attach(self, now)
        self.claims.connected()
        self._claim_at = now + CLAIM_AFTER_S

    def disconnect(self, now: float, *, back_after_s: float) -> None:
        """Break the connection."""
        if self.up and self.connected:
            self._link.detach(self)
            self.reconnect_at = now + back_after_s

    def _restore(self) -> None:
        streams: dict[str, Stream] = {}
        for stream, seq in sorted(self.stores.stored):
            ledger = streams.setdefault(stream, Stream(STATION_ID, stream, first=seq))
            ledger.held.add(seq)
            ledger.last = seq
        for stream, ledger in streams.items():
            ledger.oldest = self.stores.oldest[stream]
            ledger.first = min(ledger.first, ledger.oldest)
            ledger.gone = self.stores.gone.get(stream, Ranges()).copy()
            self.received.restore(ledger)
        for stream, seq in sorted(self.stores.quarantined):
            self.received.restore_quarantined(STATION_ID, stream, Ranges([(seq, seq)]))
        if self.stores.birth is not None:
            self._note_streams(Birth.model_validate_json(self.stores.birth[1]))
            self.session = self.stores.birth[0]
        if self.stores.claim is not None:
            self.claims.restore(REGION, self.stores.claim)

    # -- what it hears

    def reads(self, topic: str) -> bool:
        """Whether this is what a station or another gateway says."""
        if topic == TOPICS.claim(REGION):
            return True
        address = TOPICS.parse(topic)
        own = {Channel.ACK, Channel.CONFIG, Channel.COMMAND}
        return address is not None and address.channel not in own

    def hear(self, topic: str, payload: bytes, now: float, *, retained: bool) -> None:
        """Take one message."""
        self.now = now
        if topic == TOPICS.claim(REGION):
            self._hear_claim(payload)
            return
        if self.claims.standing(REGION) is Standing.FOREIGN:
            return
        if self.claims.standing(REGION) is Standing.UNCLAIMED and self._claim_at is None:
            self._claim_at = now + CLAIM_AFTER_S
        address = TOPICS.parse(topic)
        assert address is not None
        if address.channel is Channel.STATUS:
            self._hear_status(payload, retained=retained)
        elif address.channel is Channel.RESULT:
            self._hear_result(payload)
        else:
            self._hear_frame(payload)

    def _hear_frame(self, payload: bytes) -> None:
        readable = payload.replace(b'"v":2', b'"v":1', 1) if self.knows_newer else payload
        decoded = decode(readable, STATION_ID)
        self._ack_until = self.now + 4.0
        if isinstance(decoded, Rejected):
            self._hear_rejected(decoded)
            return
        assert decoded.stream is not None
        assert decoded.seq is not None
        ledger = self._ledger(decoded.stream, decoded.seq)
        is_new = self.received.offer(ledger, decoded.seq, self._ms())
        ledger.note(decoded.oldest or 1, decoded.gone)
        if is_new:
            self._pend(Arrived((decoded.stream, decoded.seq), self._ms(), decoded))
        if self.session == 0 and self._ask_birth_at is None:
            self._ask_birth_at = self.now + 30.0

    def _hear_rejected(self, rejected: Rejected) -> None:
        if rejected.reason is Reason.UNKNOWN_VERSION or rejected.stream is None or rejected.seq is None:
            return
        if self.received.offer(self._ledger(rejected.stream, rejected.seq), rejected.seq, self._ms()):
            self._pend(Arrived((rejected.stream, rejected.seq), self._ms(), None))

    def _ledger(self, stream: str, seq: int) -> Stream:
        ledger = self.received.stream_of(STATION_ID, stream, first=seq)
        assert ledger is not None, "there is one station"
        return ledger

    def _pend(self, arrived: Arrived) -> None:
        self.pending.append(arrived)
        if self._commit_at is None:
            self._commit_at = self.now + COMMIT_S

    def _hear_claim(self, payload: bytes) -> None:
        ours = self.claims.heard(REGION, decode_message(Claim, payload))
        if ours is not None:
            self._publish_claim(ours)
        elif self.claims.take_over and self.claims.standing(REGION) is Standing.FOREIGN:
            self._claim_at = self.now

    def _publish_claim(self, claim: Claim) -> None:
        self.stores.claim = claim
        self._link.publish(TOPICS.claim(REGION), encode_message(claim), self.now, retain=True)

    def _hear_status(self, payload: bytes, *, retained: bool) -> None:
        status = decode_status(payload)
        if isinstance(status, Goodbye):
            return
        self._hear_named(status.gateway)
        if retained and status.session < self.session:
            return
        self.session = status.session
        self.stores.birth = (status.session, payload)
        self._note_streams(status)

    def _hear_named(self, gateway: str | None) -> None:
        if gateway not in {None, self.stores.gateway} and gateway is not None:
            self.named.add(gateway)
            if self.claims.take_over:
                self._claim_at = self.now

    def _note_streams(self, birth: Birth) -> None:
        for told in birth.streams:
            self.received.note_birth(STATION_ID, told.stream, told.oldest, told.kept, told.last, told.gone)

    def _hear_result(self, payload: bytes) -> None:
        result = decode_message(Result, payload)
        asked = self.asked.pop(result.id or "", None)
        if asked is not None and asked.command.name == "resend" and result.gone:
            stream = str(asked.command.args["stream"])
            ledger = self.received.streams[stream]
            ledger.note(ledger.oldest, result.gone)

    # -- time

    def next_due(self) -> float | None:
        """When it has something to do by itself."""
        if not self.up:
            return self.starts_at
        due = [self.reconnect_at]
        if self.connected:
            due += [self._ask_at, self._claim_at, self._ask_birth_at]
            due += [asked.due for asked in self.asked.values()]
            due += [self._ack_at] if self.now < self._ack_until else []
        if not self.full:
            due.append(self._commit_at)
        return min((at for at in due if at is not None), default=None)

    def work(self, now: float) -> None:
        """Do what is due."""
        self.now = now
        if self.starts_at is not None and self.starts_at <= now:
            self.start(now)
        if not self.up:
            return
        if self.reconnect_at is not None and self.reconnect_at <= now:
            self.connect(now)
        if self._commit_at is not None and self._commit_at <= now and not self.full:
            self._commit()
        if self.connected:
            self._converse()

    def _converse(self) -> None:
        if self._claim_at is not None and self._claim_at <= self.now:
            self._claim_at = None
            claim = self.claims.claim(REGION, self._ms(), self.named)
            if claim is not None:
                self._publish_claim(claim)
        if self._ack_at <= self.now:
            self._ack_at = self.now + ACK_TICK_S
            self._acknowledge()
        if self._ask_birth_at is not None and self._ask_birth_at <= self.now:
            self._ask_birth_at = self.now + 300.0 if self.session == 0 else None
            if self.session == 0:
                self.command("birth", {}, ttl_s=60)
        if self._ask_at <= self.now:
            self._ask_at = self.now + ASK_EVERY_S
            for ask in self.received.asks(self._ms()):
                assert len(ask.received) <= 64
                self.command("resend", {"stream": ask.stream, "ranges": ask.received}, RESEND_TTL_S)
        self._send_commands()

    def _commit(self) -> None:
        self._commit_at = None
        tick, self.pending = self.pending, []
        if self._killed("before"):
            return
        for arrived in tick:
            self._store(arrived)
        if self._killed("stored"):
            return
        for arrived in tick:
            stream, seq = arrived.identity
            self.received.commit(self._ledger(stream, seq), seq, arrived.at_ms)
        self._killed("noted")

    def _store(self, arrived: Arrived) -> None:
        stream, _ = arrived.identity
        if arrived.decoded is None:
            self.stores.quarantined.add(arrived.identity)
            return
        self.stores.stored.setdefault(arrived.identity, []).append(token_in(arrived.decoded))
        oldest = arrived.decoded.oldest or 1
        self.stores.oldest[stream] = max(oldest, self.stores.oldest.get(stream, 1))
        self.stores.gone.setdefault(stream, Ranges()).update(arrived.decoded.gone)

    def _killed(self, moment: str) -> bool:
        if self.kill_at == moment:
            self.kill(self.now, back_after_s=1.0)
            return True
        return False

    def _acknowledge(self) -> None:
        for receipt in self.received.receipts(self._ms()):
            for lo, hi in receipt.received:
                for seq in range(lo, hi + 1):
                    assert self.stores.has((receipt.stream, seq)), "an ack names what is not durable"
            ack = Ack(
                gateway=self.stores.gateway,
                stream=receipt.stream,
                received=tuple((lo, hi) for lo, hi in receipt.received),
                credit=0 if self.full else self.credit,
                now=self._ms(),
            )
            assert len(ack.received) <= 64
            topic = TOPICS.of(REGION, receipt.station_id, Channel.ACK)
            self._link.publish(topic, encode_message(ack), self.now)
            if self._killed("acking"):
                return

    def command(self, name: str, args: dict[str, object], ttl_s: int) -> None:
        """Issue a command; it is sent again until it is answered or its time is over."""
        command = Command(
            gateway=self.stores.gateway,
            id=str(ULID(self._rng.randbytes(16))),
            name=name,
            args=args,  # type: ignore[arg-type]
            issued=self._ms(),
            ttl_s=ttl_s,
        )
        self.asked[command.id] = Asked(command, self.now, self.now + ttl_s)

    def _send_commands(self) -> None:
        for asked in list(self.asked.values()):
            if asked.until < self.now:
                del self.asked[asked.command.id]
            elif asked.due <= self.now:
                asked.due = self.now + COMMAND_AGAIN_S
                topic = TOPICS.of(REGION, STATION_ID, Channel.COMMAND)
                self._link.publish(topic, encode_message(asked.command), self.now)

    def has_trace(self, identity: Identity) -> bool:
        """Whether this frame is durable here, or known to be dropped."""
        stream, seq = identity
        ledger = self.received.streams.get(stream)
        return self.stores.has(identity) or (ledger is not None and seq in ledger.gone)

    def lacking(self) -> Iterator[tuple[str, Ranges]]:
        """Yield what it was told of and does not have, by stream."""
        for ledger in self.received.streams.values():
            lacking = ledger.lacking(max(ledger.last, ledger.oldest - 1))
            if lacking:
                yield ledger.stream, lacking

    def _ms(self) -> int:
        return EPOCH_MS + int(self.now * 1000)
