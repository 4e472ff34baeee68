"""Pages and forms as a browser asks for them and sends them."""

import base64
import contextlib
import hashlib
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx

from gateway.api.application import create_api
from gateway.api.settings import HttpSettings, TokenAuth
from gateway.console.pages import add_console
from gateway.state.alert_rows import AlertState
from tests.integration.api_support import House, client_of

ORIGIN = {"Origin": "http://127.0.0.1:8000"}


@contextlib.asynccontextmanager
async def browser_of(house: House, settings: HttpSettings | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Browse the console of a gateway."""
    app = create_api(house.services(settings))
    add_console(app)
    async with client_of(app) as client:
        yield client


@contextlib.asynccontextmanager
async def guarded_browser_of(house: House, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Browse with tokens: `look` may look, `act` may act, `north` may act in its region."""
    roles = {"look": "viewer", "act": "operator"}
    lines = [
        f"- {{name: {name}, role: {role}, sha256: {hashlib.sha256(name.encode()).hexdigest()}}}"
        for name, role in roles.items()
    ]
    north = hashlib.sha256(b"north").hexdigest()
    lines.append(f"- {{name: north, role: operator, regions: [north], sha256: {north}}}")
    (folder / "tokens.yaml").write_text("\n".join(lines))
    async with browser_of(house, HttpSettings(auth=TokenAuth(tokens=folder / "tokens.yaml"))) as client:
        yield client


def basic(token: str) -> dict[str, str]:
    """Sign in as a browser does."""
    return {"Authorization": f"Basic {base64.b64encode(f'x:{token}'.encode()).decode()}"}


async def page(client: httpx.AsyncClient, path: str, status: int = 200, /, **headers: str) -> str:
    """Return a page as people read it."""
    return unescape(await markup(client, path, status, **headers))


async def markup(client: httpx.AsyncClient, path: str, status: int = 200, /, **headers: str) -> str:
    """Return a page as it was sent."""
    answer = await client.get(path, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


async def submit(
    client: httpx.AsyncClient, path: str, fields: dict[str, str], **headers: str
) -> httpx.Response:
    """Send a form of our own pages."""
    return await client.post(path, data=fields, headers=ORIGIN | headers)


def state_of(house: House, alert_id: str) -> AlertState:
    """Return what became of an alert."""
    row = house.state.alerts.get(alert_id)
    assert row is not None
    return row.state
