"""A bare MQTT 3.1.1 session that can stop reading its socket, which no client library allows.

Synchronous: the preflight runs on a thread of its own, and is over after seconds.
"""

import contextlib
import math
import socket
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from gateway.ingest.subscriber import BrokerSettings, host_and_port, publish_packet, tls_context

CONNACK, PUBLISH, SUBACK, PINGRESP = 2, 3, 9, 13
PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"
SMALL_BUFFER = 16 * 1024
QUIET_S = 0.5
_REFUSED = 0x80


class ProbeError(Exception):
    """The broker refused, closed, or was too slow; the text says which."""


class Probe:
    """One session; everything it does is over at `deadline` (monotonic seconds), else ProbeError."""

    def __init__(self, client_id: str, url: str, settings: BrokerSettings, deadline: float) -> None:
        self._client_id = client_id
        self._settings = settings
        self._deadline = deadline
        self._rest = bytearray()
        self._socket = self._open(url)

    def _open(self, url: str) -> socket.socket:
        host, port = host_and_port(url)
        tls = tls_context(url, self._settings)
        # a small buffer, set before the connection as it bounds the window: the rest is the broker's to hold
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        plain = socket.socket(family, kind, protocol)
        try:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            plain.settimeout(self._left())
            plain.connect(address)
            return plain if tls is None else tls.wrap_socket(plain, server_hostname=host)
        except OSError as error:
            plain.close()
            raise ProbeError(f"cannot connect: {error}") from error

    def connect(self) -> None:
        """Begin a clean session."""
        self.send(_connect(self._client_id, self._settings))
        answer = self.read(CONNACK)
        if answer[1]:
            raise ProbeError(f"the broker refuses the connection with code {answer[1]}")

    def subscribe(self, topic: str) -> None:
        """Subscribe at QoS 0, as the gateway does for frames."""
        self.send(_packet(0x82, b"\x00\x01" + _text(topic) + b"\x00"))
        if self.read(SUBACK)[2] == _REFUSED:
            raise ProbeError(f"the broker's access list refuses {topic}")

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 0."""
        self.send(publish_packet(topic.encode(), payload))

    def send(self, packets: bytes) -> None:
        """Write bytes, whole or not at all."""
        try:
            self._socket.settimeout(self._left())
            self._socket.sendall(packets)
        except OSError as error:
            raise ProbeError(f"the broker takes no more: {error}") from error

    def wait_for_answer(self) -> int:
        """Return once the broker dealt with everything sent before; counts the messages that came with it.

        mosquitto drops its answer to a ping, too, when its queue is full: it is asked again after a silence.
        """
        messages = 0
        while True:
            self.send(PINGREQ)
            for kind, _ in self._packets(QUIET_S):
                if kind == PINGRESP:
                    return messages
                messages += kind == PUBLISH

    def read(self, wanted: int) -> bytes:
        """Return the body of the next packet of a kind."""
        for kind, body in self._packets():
            if kind == wanted:
                return body
        raise ProbeError("the broker does not answer in time")

    def _packets(self, quiet_s: float = math.inf) -> Iterator[tuple[int, bytes]]:
        """Yield (kind, body) until nothing came for `quiet_s`."""
        while True:
            bounds = _body_of_first(self._rest)
            if bounds is None:
                piece = self._receive(quiet_s)
                if piece is None:
                    return
                self._rest += piece
                continue
            first, body = self._rest[0], bytes(self._rest[bounds])
            del self._rest[: bounds.stop]
            yield first >> 4, body

    def _receive(self, quiet_s: float) -> bytes | None:
        try:
            self._socket.settimeout(min(quiet_s, self._left()))
            piece = self._socket.recv(1 << 20)
        except TimeoutError:
            self._left()
            return None
        except OSError as error:
            raise ProbeError(f"the broker broke the connection: {error}") from error
        if not piece:
            raise ProbeError("the broker closed the connection")
        return piece

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise ProbeError("the broker does not answer in time")
        return left

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ProbeError):
            self.send(DISCONNECT)
        self._socket.close()


def _body_of_first(data: bytearray) -> slice | None:
    """Return where the body of the first packet is, or None when it is not whole."""
    length = shift = 0
    for place in range(1, min(len(data), 5)):
        length |= (data[place] & 0x7F) << shift
        shift += 7
        if not data[place] & 0x80:
            start = place + 1
            return slice(start, start + length) if len(data) >= start + length else None
    return None


def _connect(client_id: str, settings: BrokerSettings) -> bytes:
    flags, who = 0x02, _text(client_id)
    if settings.username is not None:
        flags |= 0x80
        who += _text(settings.username)
        if settings.password is not None:
            flags |= 0x40
            who += _text(settings.password.get_secret_value())
    return _packet(0x10, b"\x00\x04MQTT\x04" + bytes([flags]) + b"\x00\x3c" + who)


def _packet(first: int, body: bytes) -> bytes:
    """Encode a control packet of at most 16,383 bytes."""
    low, high = len(body) & 0x7F, len(body) >> 7
    return bytes([first, low | 0x80, high] if high else [first, low]) + body


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data
