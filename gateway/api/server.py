"""Where HTTP is served: a socket of our own, and a server that stops when told."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api.problems import Problem, answer_to
from gateway.api.services import Services
from gateway.errors import StartError

GRACE_S = 3
"""So long a stop waits for the requests that are under way; the whole gateway has 10 s."""


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: the command line decides when to stop."""

    def __init__(self, api: FastAPI) -> None:
        """Serve `api`; `opened` is set once requests are taken."""
        config = uvicorn.Config(
            _cut_off(api),
            log_config=None,
            lifespan="off",
            ws="none",
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        super().__init__(config)
        self.opened = asyncio.Event()
        self._services: Services = api.state.services

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open, and tell who waits for it."""
        await super().startup(sockets)
        self.opened.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close; whoever works long in a thread is told, for nobody can cancel that."""
        self._services.stopping.set()
        await super().shutdown(sockets)

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


def _cut_off(api: ASGIApp) -> ASGIApp:
    """Answer a request that outlives the grace; uvicorn would log its cancellation with a traceback."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await api(scope, receive, noted)
        except asyncio.CancelledError:
            if not begun:
                detail = "the gateway is stopping"
                problem = Problem(HTTPStatus.SERVICE_UNAVAILABLE, "server", "gateway", detail)
                await answer_to(problem)(scope, receive, send)

    return answer
