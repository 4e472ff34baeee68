"""What every request passes before any route: the guard of writes, and headers that bind a browser.

A write must come as JSON to a name this gateway is known by. A page of another site can send neither
(no preflight is ever answered), nor reach us through a name of its own that it points at our address.
The forms of our own pages cannot send JSON: theirs must say that they come from such a name. Below `/a/` even
that is not asked: the link itself is the right to do what it says, whoever sends it, and the browsers
inside chat programs leave things out.

A write to the API must come with a token that is known before its body is read: its route would parse that
first, and tell a stranger what is wrong with it.
"""

from collections.abc import Iterable
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api.asking import BEARER, principal_of
from gateway.api.problems import Problem, answer_to
from gateway.api.settings import HttpSettings

MOST_BODY_BYTES = 64 * 1024
MOST_RULES_BYTES = 1024 * 1024
BACKTEST = "/api/v1/rules/backtest"
API = "/api/"
LINKS = "/a/"
_READS = {"GET", "HEAD", "OPTIONS"}
_FORM = "application/x-www-form-urlencoded"
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
        fault = None
        if scope["method"] not in _READS:
            fault = self._fault(scope["path"], Headers(scope=scope)) or await _stranger(scope)
        answer = self._app if fault is None else answer_to(fault)
        most = MOST_RULES_BYTES if scope["path"] == BACKTEST else MOST_BODY_BYTES
        await answer(scope, _bounded(receive, most), _bound(send))

    def _fault(self, path: str, headers: Headers) -> Problem | None:
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        is_link = path.startswith(LINKS)
        is_form = media_type == _FORM and not path.startswith(API)
        if media_type != "application/json" and not is_form and not is_link:
            detail = "a write needs Content-Type: application/json"
            return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "header", "Content-Type", detail)
        if _name(headers.get("host", "")) not in self._hosts:
            detail = "a write must come to a name this gateway is known by; add it to http.hosts"
            return Problem(HTTPStatus.FORBIDDEN, "header", "Host", detail)
        if is_form and not is_link and not self._is_ours(headers):
            detail = "a form must be sent from a page of this gateway; open the page again and send it there"
            return Problem(HTTPStatus.FORBIDDEN, "header", "Origin", detail)
        return None

    def _is_ours(self, headers: Headers) -> bool:
        """Whether a form comes from the name it goes to, or from a public one: never from another port."""
        scheme, _, host = headers.get("origin", "").partition("://")
        if scheme not in {"http", "https"}:
            return False
        return host == headers.get("host") or _name(host) in self._hosts - set(map(_name, _LOOPBACK))


async def _stranger(scope: Scope) -> Problem | None:
    if not scope["path"].startswith(API):
        return None
    request = Request(scope)
    try:
        principal_of(request, await BEARER(request))
    except Problem as problem:
        return problem
    return None


def _name(host: str) -> str:
    """Return the host without its port; an IPv6 address without brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def _bounded(receive: Receive, most: int) -> Receive:
    taken = 0

    async def receive_bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            detail = f"a body has at most {most} bytes here"
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
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
