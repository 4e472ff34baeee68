"""Everything else, through apprise."""

import sys
import warnings
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.errors import SettingsError
from gateway.notify.notifier import Contact, Reason, Refused
from gateway.notify.posting import open_client
from gateway.notify.through_apprise import AppriseSettings, ThroughApprise
from tests.support.http_fake import HttpFake, Mood
from tests.support.notices import NOW, message

SECRET = "password-of-apprise"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with open_client() as opened:
        yield opened


def channel(url: str, client: httpx.AsyncClient) -> ThroughApprise:
    with warnings.catch_warnings():
        # its mail plug-in still uses `imghdr`
        warnings.simplefilter("ignore", DeprecationWarning)
        return ThroughApprise("others", AppriseSettings.model_validate({"url": url}), client)


async def test_it_tells_failure_by_the_result(client: httpx.AsyncClient) -> None:
    async with HttpFake(mood=Mood.ERROR).listening() as fake:
        others = channel(f"json://user:{SECRET}@127.0.0.1:{fake.port}", client)
        refused = await others.send(message(), Contact(name="王芳"), NOW)
    assert refused == Refused.later(Reason.OTHER, "apprise says FAILURE")


async def test_it_has_a_quota_instead_of_a_sleep(client: httpx.AsyncClient) -> None:
    async with HttpFake().listening() as fake:
        others = channel(f"json://127.0.0.1:{fake.port}", client)
        for _ in range(12):
            await others.send(message(), Contact(name="王芳"), NOW)
        refused = await others.send(message(), Contact(name="王芳"), NOW)
    assert refused == Refused.later(Reason.RATE, "our own quota", 60_000)
    assert len(fake.requests) == 12


@pytest.mark.parametrize("scheme", ["wecombot", "dingtalk", "feishu", "lark"])
async def test_it_leaves_robots_to_our_own_senders(client: httpx.AsyncClient, scheme: str) -> None:
    with pytest.raises(SettingsError, match="use kind") as caught:
        channel(f"{scheme}://{SECRET}", client)
    assert SECRET not in str(caught.value)


async def test_it_refuses_an_address_that_apprise_does_not_know(client: httpx.AsyncClient) -> None:
    with pytest.raises(SettingsError, match="does not understand") as caught:
        channel(f"nosuch://{SECRET}", client)
    assert SECRET not in str(caught.value)


async def test_it_says_how_to_install_what_is_lacking(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(SettingsError, match=r"pip install 'yizhan\[apprise\]'"):
        channel("json://127.0.0.1", client)
