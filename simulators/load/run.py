"""One run of a fleet: what is due is sent, what is said is heard, until everything is acknowledged."""

import json
import secrets
import time
from collections.abc import Callable

from ulid import ULID

from simulators.load.encoder import Encoder
from simulators.load.frametable import Batch
from simulators.load.inbox import Command, read_ack, read_claim, read_command
from simulators.load.ledger import SECOND, Ledger
from simulators.load.link import LinkLostError
from simulators.load.report import Delays, Report
from simulators.load.roster import Roster
from simulators.load.sessions import Sessions
from simulators.load.settings import FleetSettings
from simulators.load.shape import readings_of
from simulators.load.walks import Schedule
from wire.topics import Channel

TICK_S = 0.01
LAST_ACKS_S = 5.0
_OVERDUE_EVERY_S = 1.0
_LARGEST_BATCH = 2000


class Fleet:
    """One run. ``start_ms`` is now, since the epoch; every later instant is counted from it."""

    def __init__(self, settings: FleetSettings, start_ms: int) -> None:
        self._settings, self._start_ms = settings, start_ms
        self._roster = _roster(settings, start_ms)
        self._ledger = Ledger(
            settings.stations, backlog=settings.backlog, frames=settings.frames, seed=settings.seed
        )
        self._sessions = Sessions(
            self._roster, settings.broker, settings.connections, self._ledger.held, self._ledger.disconnect
        )
        self._acks = self._roster.addressees(Channel.ACK)
        self._commands = self._roster.addressees(Channel.COMMAND)
        self._claim = self._roster.topics.claim(settings.region).encode()
        self._encoder: Encoder | None = None
        self._delays = Delays()
        self._live_s = self._overdue_s = self._progress_s = self._settled_s = 0.0
        self._begun: Callable[[], None] = lambda: None
        self._stopping = self._asked = False
        self._unreadable = 0

    def stop(self) -> None:
        """Make no more frames and end the run once the last ones are acknowledged, or soon."""
        self._stopping = True

    def ask(self) -> None:
        """Have the figures so far told, and delays counted from now on."""
        self._asked = True

    def run(
        self,
        clock: Callable[[], float],
        begun: Callable[[], None] = lambda: None,
        told: Callable[[Report], None] = lambda _report: None,
    ) -> Report:
        """Run until all frames are acknowledged, the time is over or nothing moves; ``clock`` starts at 0 s.

        ``begun`` is called once every station is introduced and frames begin, ``told`` with what was asked.

        Raises:
            LinkLostError: there was no broker, or not one that takes us, to begin with.
        """
        self._begun = begun
        self._sessions.open()
        while not self._over(clock()):
            began = clock()
            self._tick(began)
            if self._asked:
                self._asked = False
                told(self._report(began))
                self._delays = Delays()
            time.sleep(max(0.0, TICK_S - (clock() - began)))
        self._sessions.leave()
        return self._report(clock())

    def _over(self, now_s: float) -> bool:
        if self._complete(now_s) and self._ledger.settled == self._ledger.made:
            return True
        patience = LAST_ACKS_S if self._stopping else self._settings.patience_s
        return now_s - self._progress_s > patience

    def _complete(self, now_s: float) -> bool:
        """Whether no more frames are to be made."""
        settings = self._settings
        if self._stopping or not self._encoder:
            return self._stopping
        if settings.frames is not None:
            return self._ledger.made >= settings.frames
        if settings.duration_s is not None:
            return now_s - self._live_s >= settings.duration_s
        return bool(settings.backlog) and not self._ledger.backlog_left

    def _tick(self, now_s: float) -> None:
        settled = self._ledger.settled
        for topic, payload in self._sessions.poll(now_s):
            self._hear(topic, payload, now_s)
        if self._ledger.settled != settled:
            self._settled_s = now_s
        if self._ledger.settled != settled or self._idle:
            self._progress_s = now_s
        if self._encoder:
            self._speak(self._encoder, now_s)
        elif self._sessions.whole:
            self._begin(now_s)
        elif self._sessions.last_loss:
            raise LinkLostError(self._sessions.last_loss)

    @property
    def _idle(self) -> bool:
        """Whether everything is settled and the next frame is not due yet."""
        return self._encoder is not None and self._ledger.settled == self._ledger.made

    def _begin(self, now_s: float) -> None:
        every_ms = self._settings.every_s * 1000
        origin = self._start_ms + now_s * 1000 - (self._settings.backlog + 1) * every_ms
        schedule = Schedule(int(origin), every_ms, self._settings.stations)
        readings = self._roster.readings
        self._encoder = Encoder(self._roster, readings, schedule, self._sessions.ids, self._settings.seed)
        self._live_s = self._progress_s = now_s
        self._begun()

    def _speak(self, encoder: Encoder, now_s: float) -> None:
        if self._sessions.congested:
            return
        now, connected = int(now_s * SECOND), self._sessions.connected
        due = self._due(now_s)
        if due:
            self._send(encoder, Channel.TELEMETRY, self._ledger.generate(due, now, connected), now_s)
        if self._ledger.waiting:
            self._send(encoder, Channel.BACKLOG, self._ledger.due_backlog(now, connected), now_s)
        if now_s - self._overdue_s >= _OVERDUE_EVERY_S:
            self._overdue_s = now_s
            self._send(encoder, Channel.BACKLOG, self._ledger.overdue(now, connected), now_s)

    def _due(self, now_s: float) -> int:
        """How many live frames the schedule, the order and the room allow at this tick."""
        if self._complete(now_s):
            return 0
        settings = self._settings
        due = int((now_s - self._live_s) / settings.every_s * settings.stations) + 1 - self._ledger.generated
        left = due if settings.frames is None else settings.frames - self._ledger.made
        return max(0, min(due, left, self._ledger.room(), _LARGEST_BATCH))

    def _send(self, encoder: Encoder, lane: Channel, batch: Batch, now_s: float) -> None:
        if len(batch.stations):
            rows = encoder.encode(lane, batch, self._start_ms + int(now_s * 1000))
            self._sessions.send(batch.stations, rows)

    def _hear(self, topic: bytes, payload: bytes, now_s: float) -> None:
        if (station := self._acks.get(topic)) is not None:
            self._settle(station, payload, now_s)
        elif (station := self._commands.get(topic)) is not None:
            self._obey(station, payload, now_s)
        elif topic == self._claim:
            self._follow(payload)

    def _settle(self, station: int, payload: bytes, now_s: float) -> None:
        ack = read_ack(payload)
        self._unreadable += int(ack is None)
        if ack and self._trusts(ack.gateway) and ack.stream == self._roster.streams[station]:
            now = int(now_s * SECOND)
            self._delays.add(self._ledger.settle(station, ack.received, ack.credit, now))

    def _obey(self, station: int, payload: bytes, now_s: float) -> None:
        command = read_command(payload)
        self._unreadable += int(command is None)
        if not command or not self._trusts(command.gateway):
            return
        result = {"v": 1, "id": command.id, "at": self._start_ms + int(now_s * 1000)}
        self._sessions.say_result(station, json.dumps(result | self._carry_out(station, command)).encode())

    def _carry_out(self, station: int, command: Command) -> dict[str, object]:
        if command.name == "birth":
            self._sessions.say_birth(station)
            return {"state": "done"}
        if command.name != "resend":
            return {"state": "refused", "reason": f"a light station does not know {command.name}"[:200]}
        if command.stream != self._roster.streams[station]:
            return {"state": "done", "gone": command.ranges}
        return {"state": "done", "gone": self._ledger.ask_again(station, command.ranges)}

    def _trusts(self, gateway: str) -> bool:
        """Whether this is the gateway heard first, or one whose claim replaced it (contract section 4)."""
        self._sessions.gateway = self._sessions.gateway or gateway
        return self._sessions.gateway == gateway

    def _follow(self, payload: bytes) -> None:
        claim = read_claim(payload)
        if claim and (self._sessions.gateway is None or self._sessions.gateway in claim[1]):
            self._sessions.gateway = claim[0]

    def _report(self, now_s: float) -> Report:
        ledger = self._ledger
        reason = ""
        if ledger.settled < ledger.made or not self._encoder:
            reason = f"{ledger.made - ledger.settled} frames are not acknowledged"
            if not self._stopping:
                reason += f" and nothing moved for {self._settings.patience_s:g} s"
            reason += f"; {self._unreadable} messages were not readable" if self._unreadable else ""
            reason += f"; last broken link: {self._sessions.last_loss}" if self._sessions.last_loss else ""
        seconds = (self._settled_s if not reason else now_s) - self._live_s
        return Report(ledger.sent, ledger.settled, ledger.resent, seconds, self._delays.percentiles(), reason)


def _roster(settings: FleetSettings, start_ms: int) -> Roster:
    def ulid() -> str:
        return str(ULID(start_ms.to_bytes(6, "big") + secrets.token_bytes(10)))

    return Roster(
        region=settings.region,
        prefix=settings.prefix,
        streams=tuple(ulid() for _ in range(settings.stations)),
        boot_id=ulid(),
        started_ms=start_ms,
        interval_s=settings.every_s,
        readings=readings_of(settings.points),
    )
