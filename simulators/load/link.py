"""One MQTT session over a non-blocking socket: bytes out in large pieces, packets in in bulk."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from simulators.load import packets

KEEPALIVE_S = 30
_PORTS = {"mqtt": 1883, "mqtts": 8883}
CONNECT_TIMEOUT_S = 5.0
_RECEIVE_BYTES = 1 << 20
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_REFUSALS = {
    1: "its protocol version is not ours",
    2: "it does not like the client id",
    3: "it is not available",
    4: "user name or password is wrong",
    5: "this user may not connect",
}


class LinkLostError(Exception):
    """The session is over; the message says why. Open a new one."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker listens and who we are there."""

    host: str
    port: int
    username: str
    password: str | None
    tls: ssl.SSLContext | None = None

    @classmethod
    def parse(cls, url: str, password: Path | None = None, ca: Path | None = None) -> "Broker":
        """Read ``mqtt[s]://[user[:password]@]host[:port]``; the user is ``fleet`` unless named.

        ``password`` is a file that holds it; ``ca`` the certificates to trust instead of the system's.

        Raises:
            ValueError: anything else, with what to write instead.
            OSError: a file that cannot be read.
        """
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(
                f"the broker must be given as mqtt://host:port or mqtts://…, not {parts.scheme or 'nothing'}://…"
            )
        word = unquote(parts.password) if parts.password is not None else None
        if password is not None:
            word = password.read_text("utf-8").strip()
        tls = ssl.create_default_context(cafile=ca) if parts.scheme == "mqtts" else None
        port = parts.port or _PORTS[parts.scheme]
        return cls(parts.hostname, port, unquote(parts.username or "fleet"), word, tls)


class Link:
    """A session from CONNECT to the first failure."""

    def __init__(self, broker: Broker, client_id: str) -> None:
        """Connect the socket and send CONNECT; raises LinkLostError when nobody listens."""
        try:
            self._socket = socket.create_connection((broker.host, broker.port), CONNECT_TIMEOUT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if broker.tls is not None:
                self._socket = broker.tls.wrap_socket(self._socket, server_hostname=broker.host)
        except OSError as error:
            raise LinkLostError(f"no broker at {broker.host}:{broker.port}: {error}") from error
        self._socket.settimeout(0)
        self._parser = packets.Parser()
        self._unsent = bytearray()
        self.ready = False
        self._active_s = self._heard_s = 0.0
        self.send(packets.connect(client_id, broker.username, broker.password, KEEPALIVE_S))

    @property
    def unsent(self) -> int:
        """Bytes the socket has not taken yet."""
        return len(self._unsent)

    def send(self, data: bytes | memoryview) -> None:
        """Send what the socket takes now and keep the rest for the next ``poll``."""
        if self._unsent:
            self._unsent += data
            return
        taken = self._write(data)
        if taken < len(data):
            self._unsent += data[taken:]

    def _write(self, data: bytes | bytearray | memoryview) -> int:
        try:
            return self._socket.send(data)
        except _NOT_NOW:
            return 0
        except OSError as error:
            raise LinkLostError(f"the broker went away: {error}") from error

    def poll(self, now_s: float) -> Iterator[packets.Packet]:
        """Send what waits, keep the session alive, and yield what came, without PUBACKs and PINGRESPs."""
        if self._unsent:
            del self._unsent[: self._write(self._unsent)]
        data = self._read()
        if data:
            self._heard_s = now_s
        self._stay_alive(now_s)
        for packet in self._parser.feed(data):
            if packet.kind == packets.CONNACK:
                self._accept(packet.body)
            elif packet.kind != packets.PINGRESP:
                yield packet

    def _read(self) -> bytes:
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        except _NOT_NOW:
            return b""
        except OSError as error:
            raise LinkLostError(f"the broker went away: {error}") from error
        if not data:
            raise LinkLostError("the broker closed the connection")
        return data

    def _stay_alive(self, now_s: float) -> None:
        if not self._active_s:
            self._active_s = self._heard_s = now_s
        if now_s - self._active_s >= KEEPALIVE_S / 2:
            self._active_s = now_s
            self.send(packets.PINGREQ_PACKET)
        if now_s - self._heard_s >= 1.5 * KEEPALIVE_S:
            raise LinkLostError(f"nothing came from the broker for {1.5 * KEEPALIVE_S:.0f} s")

    def _accept(self, body: bytes) -> None:
        code = body[1]
        if code:
            raise LinkLostError(f"the broker refuses us: {_REFUSALS.get(code, f'code {code}')}")
        self.ready = True

    def block(self) -> None:
        """From here on let ``send`` wait until the socket takes everything, for at most 5 s a call."""
        self._socket.settimeout(CONNECT_TIMEOUT_S)

    def close(self) -> None:
        """Say goodbye to the broker as far as the socket takes it, and close."""
        with contextlib.suppress(LinkLostError):
            self._write(packets.DISCONNECT_PACKET)
        self._socket.close()
