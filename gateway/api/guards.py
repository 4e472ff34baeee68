"""What every request passes before any route: the guard of writes, and headers that bind a browser.

A write must come as JSON to a name this gateway is known by. A page of another site can send neither
(no preflight is ever answered), nor reach us through a name of its own that it points at our address.
"""

from collections.abc import Iterable
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api.problems import FieldError, problem_response
from gateway.api.settings import HttpSettings

MOST_BODY_BYTES = 64 * 1024
_READS = {"GET", "HEAD", "OPTIONS"}
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_BOUND = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
}


def known_hosts(settings: HttpSettings) -> frozenset[str]:
    """Return the names writes may come to, without ports, lower-case."""
    names: list[str] = [settings.host, *_LOOPBACK, *settings.hosts]
    if settings.public_url is not None and settings.public_url.host is not None:
        names.append(settings.public_url.host)
    return frozenset(_name(name) for name in names)


class Guards:
    """ASGI middleware: refuses a write that no page of ours and no program would send."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        fault = None if scope["method"] in _READS else self._fault(Headers(scope=scope))
        answer = self._app if fault is None else problem_response(fault[0], fault[1].detail, [fault[1]])
        await answer(scope, _bounded(receive), _bound(send))

    def _fault(self, headers: Headers) -> tuple[HTTPStatus, FieldError] | None:
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            detail = "a write needs Content-Type: application/json"
            fault = FieldError(location="header", field="Content-Type", detail=detail)
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, fault
        if _name(headers.get("host", "")) not in self._hosts:
            detail = "a write must come to a name this gateway is known by; add it to http.hosts"
            return HTTPStatus.FORBIDDEN, FieldError(location="header", field="Host", detail=detail)
        return None


def _name(host: str) -> str:
    """Return the host without its port; an IPv6 address without brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def _bounded(receive: Receive) -> Receive:
    taken = 0

    async def receive_bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MOST_BODY_BYTES:
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {MOST_BODY_BYTES} bytes"
            )
        return message

    return receive_bounded


def _bound(send: Send) -> Send:
    async def send_bound(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _BOUND.items():
                headers.setdefault(name, value)
        await send(message)

    return send_bound
