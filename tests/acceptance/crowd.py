"""Thousands of stations with a connection and a last will each, small enough for one process.

They speak the contract over MQTT 3.1.1 written by hand: a client library keeps a thread, or ten times the
memory, for each. They keep no outbox and wait for no acknowledgement.
"""

import asyncio
import contextlib
import json
import struct
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Self

from ulid import ULID

from wire.codec import encode_frame
from wire.frames import Birth, Goodbye, StreamSummary
from wire.messages import encode_message
from wire.topics import Channel, Topics

REGION = "louxing"
EVERY_S = 30.0
_AT_ONCE = 100
_PATIENCE_S = 30.0


class _Connection(asyncio.Protocol):
    """One socket; of what the broker says only that it accepts matters."""

    def __init__(self) -> None:
        self.accepted = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        if not self.accepted.done():
            assert data[:1] == b"\x20"
            assert data[3] == 0, f"the broker refuses with {data[3]}"
            self.accepted.set_result(None)


@dataclass
class _Station:
    """One station: its stream, how far it is in it, and its socket while it has one."""

    station_id: str
    boot: str
    seq: int = 0
    session: int = 0
    transport: asyncio.Transport | None = None

    async def connect(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        transport, connection = await loop.create_connection(_Connection, "127.0.0.1", port)
        self.session += 1
        transport.write(_connect(self.station_id, self._topic(Channel.STATUS), self._will()))
        await asyncio.wait_for(connection.accepted, _PATIENCE_S)
        self.transport = transport
        self._publish(Channel.STATUS, self._birth(), retain=True)
        self.speak()

    def speak(self) -> None:
        """Send one frame, unless there is no connection."""
        if self.transport is None:
            return
        self.seq += 1
        now = _now()
        reading = {"device": "agent", "ts": now, "outbox_age_s": 0, "outbox_depth_count": 1}
        frame = encode_frame(
            station_id=self.station_id,
            frame_class="sample",
            stream=self.boot,
            seq=self.seq,
            oldest=self.seq,
            sent=now,
            readings={"agent": [reading]},
        )
        self._publish(Channel.TELEMETRY, frame)

    def vanish(self) -> None:
        """Lose the connection without a word: the broker sends the last will."""
        if self.transport is not None:
            self.transport.abort()
            self.transport = None

    def _topic(self, channel: Channel) -> str:
        return Topics().of(REGION, self.station_id, channel)

    def _will(self) -> bytes:
        return encode_message(Goodbye(state="lost", session=self.session))

    def _birth(self) -> bytes:
        held = StreamSummary(stream=self.boot, oldest=self.seq + 1, kept=self.seq + 1, last=self.seq)
        birth = Birth(
            session=self.session,
            boot_id=self.boot,
            gateway=None,
            version="1",
            started=_now(),
            streams=[held] if self.seq else [],
            devices=[],
        )
        return encode_message(birth)

    def _publish(self, channel: Channel, payload: bytes, *, retain: bool = False) -> None:
        assert self.transport is not None
        packet = struct.pack("!H", self.seq % 65_535 + 1)
        self.transport.write(_packet(0x32 | retain, _text(self._topic(channel).encode()) + packet + payload))


@dataclass
class Crowd:
    """All stations; while they are connected each speaks every half minute."""

    port: int
    stations: list[_Station] = field(default_factory=list)

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, size: int, port: int) -> AsyncIterator[Self]:
        """Have so many stations, none of them connected."""
        crowd = cls(port, [_Station(f"louxing-{number:04d}", str(ULID())) for number in range(size)])
        speaking = asyncio.create_task(crowd._speak(), name="crowd")
        try:
            yield crowd
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
            for station in crowd.stations:
                station.vanish()

    async def connect(self) -> None:
        """Let all come, as fast as the broker takes them."""
        for begin in range(0, len(self.stations), _AT_ONCE):
            some = self.stations[begin : begin + _AT_ONCE]
            await asyncio.gather(*(station.connect(self.port) for station in some))

    async def vanish(self, within_s: float) -> None:
        """Let all lose their connections, evenly within a time."""
        for begin in range(0, len(self.stations), _AT_ONCE):
            for station in self.stations[begin : begin + _AT_ONCE]:
                station.vanish()
            await asyncio.sleep(within_s * _AT_ONCE / len(self.stations))

    async def _speak(self) -> None:
        turn = 0
        while True:
            for station in self.stations[turn::_AT_ONCE]:
                station.speak()
            turn = (turn + 1) % _AT_ONCE
            await asyncio.sleep(EVERY_S / _AT_ONCE)


def _now() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251 - these stations live in real time


def _connect(client_id: str, topic: str, will: bytes) -> bytes:
    # clean session, and a will of QoS 1 that is retained; no keep-alive
    head = _text(b"MQTT") + bytes((4, 0b0010_1110, 0, 0))
    return _packet(0x10, head + _text(client_id.encode()) + _text(topic.encode()) + _text(will))


def _packet(kind: int, body: bytes) -> bytes:
    length, size = bytearray(), len(body)
    while True:
        size, digit = divmod(size, 128)
        length.append(digit | (0x80 if size else 0))
        if not size:
            return bytes([kind]) + bytes(length) + body


def _text(said: bytes) -> bytes:
    return struct.pack("!H", len(said)) + said


def alerts_in(body: bytes) -> list[str]:
    """List the rules a webhook was told of."""
    return [alert["rule"] for alert in json.loads(body)["alerts"]]
