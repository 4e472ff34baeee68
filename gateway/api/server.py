"""Where HTTP is served: a socket of our own, and a server that stops when told."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from gateway.errors import StartError


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: the command line decides when to stop."""

    def __init__(self, api: FastAPI) -> None:
        """Serve `api`; `opened` is set once requests are taken."""
        super().__init__(uvicorn.Config(api, log_config=None, lifespan="off", ws="none", access_log=False))
        self.opened = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open, and tell who waits for it."""
        await super().startup(sockets)
        self.opened.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """Hold the socket for a while; port 0 is any free one, StartError when it is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise StartError(
                f"http: cannot listen on {host}:{port}: {error.strerror}; choose another port"
            ) from error
        yield listener
