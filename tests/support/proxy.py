"""A stretch of network between MQTT peers that can be cut, slowed, swallowed and made to repeat itself."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self

PUBLISH = 3


class Proxy:
    """Carries connections from a free port of 127.0.0.1 to ``upstream_port``.

    Understands MQTT just enough to send a whole PUBLISH twice; everything else is bytes. Faults may be set
    at any time: ``delay_s`` (per piece, each direction), ``blackhole`` (bytes vanish, sockets stay open) and
    ``duplicate_every`` (every n-th PUBLISH goes out twice; 0 for none).
    """

    def __init__(self, upstream_port: int) -> None:
        self.upstream_port = upstream_port
        self.delay_s = 0.0
        self.blackhole = False
        self.duplicate_every = 0
        self.duplicated = 0
        self._published = 0
        self._closing = threading.Event()
        self._is_cut = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """The address as settings spell it."""
        return f"mqtt://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break every connection and refuse new ones until ``heal``."""
        self._is_cut.set()
        self._break_all()

    def heal(self) -> None:
        """Carry connections again, without any fault."""
        self.delay_s, self.blackhole, self.duplicate_every = 0.0, False, 0
        self._is_cut.clear()

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        # A thread blocked in accept() sleeps on when its socket is closed; shutting it down wakes it.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._break_all()
        for thread in self._threads:
            thread.join(5)

    def _spawn(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, name=f"proxy-{self.port}")  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut.is_set() or not self._join(near):
                near.close()

    def _join(self, near: socket.socket) -> bool:
        try:
            far = socket.create_connection(("127.0.0.1", self.upstream_port), timeout=5)
        except OSError:
            return False
        far.settimeout(None)
        with self._lock:
            self._sockets |= {near, far}
        self._spawn(self._carry, near, far)
        self._spawn(self._carry, far, near)
        return True

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        rest = b""
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                packets, rest = split_packets(rest + piece)
                if self.delay_s:
                    self._closing.wait(self.delay_s)
                if not self.blackhole:
                    target.sendall(b"".join(self._repeat(packets)))
        _close(source)
        _close(target)
        with self._lock:
            self._sockets -= {source, target}

    def _repeat(self, packets: list[bytes]) -> Iterator[bytes]:
        for packet in packets:
            yield packet
            if self.duplicate_every and packet[0] >> 4 == PUBLISH:
                self._published += 1
                if self._published % self.duplicate_every == 0:
                    self.duplicated += 1
                    yield packet

    def _break_all(self) -> None:
        with self._lock:
            sockets = list(self._sockets)
        for end in sockets:
            _close(end)


def split_packets(data: bytes) -> tuple[list[bytes], bytes]:
    """Cut ``data`` into whole MQTT packets and what is left of the last one."""
    packets = []
    start = 0
    while (end := _end_of_packet(data, start)) is not None and end <= len(data):
        packets.append(data[start:end])
        start = end
    return packets, data[start:]


def _end_of_packet(data: bytes, start: int) -> int | None:
    length = shift = 0
    for position in range(start + 1, min(start + 5, len(data))):
        length |= (data[position] & 0x7F) << shift
        shift += 7
        if not data[position] & 0x80:
            return position + 1 + length
    return None


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
