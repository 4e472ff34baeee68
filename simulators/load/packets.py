"""The few MQTT 3.1.1 control packets a load generator needs, and a parser that reads them in bulk.

Why this is not left to a client library: `docs/decisions/fleet-generator.md`.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13
PINGREQ_PACKET = b"\xc0\x00"
DISCONNECT_PACKET = b"\xe0\x00"
_PUBACK_BYTE = b"\x40"
_PUBACK_SIZE = 4
_MAX_REMAINING = 268_435_455
_QOS_BITS = 0x06
_MAX_PACKET_ID = 65_535


class Packet(NamedTuple):
    """One control packet from the broker; ``body`` is what follows the fixed header."""

    kind: int
    flags: int
    body: bytes

    def message(self) -> tuple[bytes, bytes]:
        """Topic and payload of a PUBLISH."""
        end = 2 + int.from_bytes(self.body[:2], "big")
        start = end + (2 if self.flags & _QOS_BITS else 0)
        return self.body[2:end], self.body[start:]


def remaining_length(size: int) -> bytes:
    """The variable-length size of MQTT 3.1.1, 2.2.3.

    Raises:
        ValueError: more than 268,435,455 bytes.
    """
    if not 0 <= size <= _MAX_REMAINING:
        raise ValueError(f"a packet of {size} bytes does not fit into MQTT")
    encoded = bytearray()
    while True:
        size, digit = divmod(size, 128)
        encoded.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(encoded)


def _text(value: str) -> bytes:
    data = value.encode("utf-8")
    return struct.pack(">H", len(data)) + data


def connect(client_id: str, username: str, password: str | None, keepalive_s: int) -> bytes:
    """CONNECT with a clean session and no will."""
    flags = 0x82 | (0x40 if password is not None else 0)
    body = _text("MQTT") + bytes([4, flags]) + struct.pack(">H", keepalive_s) + _text(client_id)
    body += _text(username) + (_text(password) if password is not None else b"")
    return b"\x10" + remaining_length(len(body)) + body


def subscribe(packet_id: int, filters: list[str]) -> bytes:
    """SUBSCRIBE to every filter at QoS 0."""
    body = struct.pack(">H", packet_id) + b"".join(_text(one) + b"\x00" for one in filters)
    return b"\x82" + remaining_length(len(body)) + body


def publish(topic: str, payload: bytes, packet_id: int, *, retain: bool = False) -> bytes:
    """PUBLISH at QoS 1."""
    body = _text(topic) + struct.pack(">H", packet_id) + payload
    return bytes([0x33 if retain else 0x32]) + remaining_length(len(body)) + body


def publish_header(topic_size: int, size: int) -> bytes:
    """What stands before the topic of a QoS 1 PUBLISH; ``size`` is that of topic, identifier and payload."""
    return b"\x32" + remaining_length(2 + size) + struct.pack(">H", topic_size)


class PacketIds:
    """Packet identifiers of one client: 1 … 65,535 and round again; 0 is not one (MQTT 3.1.1, 2.3.1)."""

    def __init__(self) -> None:
        self._taken = 0

    def take(self, how_many: int) -> NDArray[np.int64]:
        """The next identifiers."""
        ids = (self._taken + np.arange(how_many, dtype=np.int64)) % _MAX_PACKET_ID + 1
        self._taken += how_many
        return ids


class Parser:
    """Splits what a broker sends into packets; PUBACKs, the bulk of it, are only counted."""

    def __init__(self) -> None:
        self.pubacks = 0
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Every whole packet in ``data`` and what was left before it, except PUBACKs."""
        data = self._rest + data
        self._rest = b""
        if len(data) % _PUBACK_SIZE == 0 and data[::_PUBACK_SIZE] == _PUBACK_BYTE * (len(data) // 4):
            self.pubacks += len(data) // _PUBACK_SIZE
            return
        at = 0
        while (header := _header(data, at)) is not None:
            start, end = header
            if end > len(data):
                break
            kind, flags = data[at] >> 4, data[at] & 15
            at = end
            if kind == PUBACK:
                self.pubacks += 1
            else:
                yield Packet(kind, flags, data[start:end])
        self._rest = data[at:]


def _header(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at ``at`` starts and ends; None when its length is not all there yet."""
    size, shift = 0, 0
    for place in range(at + 1, min(at + 5, len(data))):
        size |= (data[place] & 0x7F) << shift
        shift += 7
        if not data[place] & 0x80:
            return place + 1, place + 1 + size
    return None
