"""A stretch of network that the demo can cut and heal while one watches."""

import contextlib
import select
import socket
import threading

PIECE_BYTES = 65_536
POLL_S = 0.2


class Link:
    """Carries TCP connections from a free port of 127.0.0.1 to ``upstream_port``, unless it is cut."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._cut = threading.Event()
        self._closing = threading.Event()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._thread = threading.Thread(target=self._run, name="demo-link")
        self._thread.start()

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._cut.set()

    def heal(self) -> None:
        """Carry connections again."""
        self._cut.clear()

    def close(self) -> None:
        """Break everything for good."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            if self._cut.is_set():
                self._break_all()
            readable, _, _ = select.select([self._listener, *self._pairs], [], [], POLL_S)
            for end in readable:
                if end is self._listener:
                    self._accept()
                elif end in self._pairs:
                    self._carry(end)
        self._break_all()
        self._listener.close()

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        if self._cut.is_set():
            near.close()
            return
        try:
            far = socket.create_connection(("127.0.0.1", self._upstream_port), timeout=5)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        self._pairs |= {near: far, far: near}

    def _carry(self, source: socket.socket) -> None:
        try:
            piece = source.recv(PIECE_BYTES)
            self._pairs[source].sendall(piece)
        except OSError:
            piece = b""
        if not piece:
            self._break(source)

    def _break(self, end: socket.socket) -> None:
        other = self._pairs.pop(end)
        del self._pairs[other]
        for one in (end, other):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _break_all(self) -> None:
        while self._pairs:
            self._break(next(iter(self._pairs)))
