"""HTTP requests to other people's servers: bounded in time and size, and silent about addresses."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from gateway.notify.notifier import Reason, Refused

CONNECT_S = 4.0
TOTAL_S = 10.0
JSON_TYPE = "application/json; charset=utf-8"
_MOST_ANSWER_BYTES = 64 * 1024
_MOST_RETRY_AFTER_S = 3_600
_BY_STATUS: Mapping[int, Reason] = {
    401: Reason.FORBIDDEN,
    403: Reason.FORBIDDEN,
    404: Reason.BAD_ADDRESS,
    410: Reason.BAD_ADDRESS,
    413: Reason.TOO_BIG,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, whatever its status."""

    status: int
    body: bytes
    retry_after_ms: int = 0

    def refusal(self) -> Refused | None:
        """Return what the status alone says; None for success.

        A redirect is not followed: it would carry the message and its signature to a stranger.
        """
        if self.status < 300:  # noqa: PLR2004 - the classes of HTTP
            return None
        detail = f"HTTP {self.status}"
        if self.status == httpx.codes.TOO_MANY_REQUESTS:
            return Refused.later(Reason.RATE, detail, self.retry_after_ms)
        if self.status >= 500 or self.status == httpx.codes.REQUEST_TIMEOUT:  # noqa: PLR2004 - classes of HTTP status
            return Refused.later(Reason.SERVER, detail, self.retry_after_ms)
        default = Reason.BAD_ADDRESS if self.status < 400 else Reason.OTHER  # noqa: PLR2004 - classes of HTTP status
        return Refused.never(_BY_STATUS.get(self.status, default), detail)


def open_client(*, connect_s: float = CONNECT_S, total_s: float = TOTAL_S) -> httpx.AsyncClient:
    """Return the client all channels share; ``total_s`` bounds a request from first to last byte."""
    # at INFO both write whole addresses, and a robot's address is its key
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(timeout=httpx.Timeout(total_s, connect=connect_s), follow_redirects=False)


async def request(
    client: httpx.AsyncClient, method: str, url: str, *, headers: Mapping[str, str], body: bytes
) -> Answer | Refused:
    """Make one request; a refusal names the kind of fault only, since errors quote addresses."""
    try:
        async with asyncio.timeout(client.timeout.read):
            async with client.stream(method, url, headers=dict(headers), content=body) as response:
                return await _read(response)
    except (TimeoutError, httpx.TimeoutException) as error:
        return Refused.later(Reason.TIMEOUT, type(error).__name__)
    except httpx.InvalidURL:
        return Refused.never(Reason.BAD_ADDRESS, "not an address")
    except httpx.HTTPError as error:
        return Refused.later(Reason.NETWORK, type(error).__name__)


async def _read(response: httpx.Response) -> Answer:
    body = b""
    async for piece in response.aiter_bytes():
        # what is too much is read and forgotten: httpx leaves a task behind where reading is broken off
        body += piece[: _MOST_ANSWER_BYTES - len(body)]
    after = response.headers.get("retry-after", "")
    seconds = min(int(after), _MOST_RETRY_AFTER_S) if after.isascii() and after.isdigit() else 0
    return Answer(response.status_code, body, seconds * 1_000)
