"""A small real HTTP server on loopback that can be told to misbehave, for services of other people."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qs, urlsplit


class Mood(StrEnum):
    """What the server does with requests."""

    WELL = "well"
    HANG = "hang"
    DRIP = "drip"
    ERROR = "error"
    DROP = "drop"
    THROTTLE = "throttle"
    NONSENSE = "nonsense"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query, each value decoded once."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass
class HttpFake:
    """Answers every request with `{}`; subclasses check and answer like their originals.

    ``now`` is the server's clock in ms; a test moves it. ``headers`` go out with every answer.
    """

    mood: Mood = Mood.WELL
    now: int = 1_767_000_000_000
    requests: list[Request] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    port: int = 0
    _talks: set[asyncio.Task[None]] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        """Serve until the block ends; whoever hangs then is let go."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for talk in self._talks:
                talk.cancel()
            await asyncio.gather(*self._talks, return_exceptions=True)
            await server.wait_closed()

    @property
    def base(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, request: Request) -> tuple[int, object]:  # noqa: ARG002 - for subclasses
        """Return status and JSON of the answer."""
        return 200, {}

    def throttled(self) -> tuple[int, object]:
        """Return what the original says when it is too much for it."""
        return 429, {}

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        task.add_done_callback(self._talks.discard)
        with contextlib.suppress(ConnectionError, EOFError, asyncio.CancelledError):
            await self._serve(await _read(reader), writer)
        writer.close()

    async def _serve(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.requests.append(request)
        if self.mood is Mood.HANG:
            await asyncio.Event().wait()
        if self.mood is Mood.DROP:
            writer.transport.abort()
            return
        if self.mood is Mood.DRIP:
            await _drip(writer)
        writer.write(_encoded(*self._say(request), self.headers))
        await writer.drain()

    def _say(self, request: Request) -> tuple[int, object]:
        if self.mood is Mood.ERROR:
            return 500, {"oops": request.target}
        if self.mood is Mood.NONSENSE:
            return 200, "<html>please log in to this network</html>"
        return self.throttled() if self.mood is Mood.THROTTLE else self.answer(request)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    headers = {name.lower(): value for name, value in headers.items()}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body)


async def _drip(writer: asyncio.StreamWriter) -> None:
    """Answer for ever, a byte at a time: no single read ever times out."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


def _encoded(status: int, said: object, headers: dict[str, str]) -> bytes:
    body = json.dumps(said).encode()
    told = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in (told | headers).items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
