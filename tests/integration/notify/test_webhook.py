"""Signed JSON for another system."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.notify.notifier import Contact, Delivered, Kind, Reason, Refused
from gateway.notify.posting import open_client
from gateway.notify.webhook import Webhook, WebhookSettings
from tests.support.http_fake import HttpFake, Mood, Request
from tests.support.notices import NOW, alert_id, message, notice

SECRET = "SEC-shared-secret-77aa"
DUTY = Contact(name="王芳")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with open_client() as opened:
        yield opened


def webhook(fake: HttpFake, client: httpx.AsyncClient, **settings: object) -> Webhook:
    given = {"url": f"{fake.base}/hook", "secret": SECRET, **settings}
    return Webhook("city", WebhookSettings.model_validate(given), client)


def signature(request: Request) -> str:
    told = request.headers["x-yizhan-timestamp"].encode() + b"." + request.body
    return "v1=" + hmac.new(SECRET.encode(), told, hashlib.sha256).hexdigest()


class Answering(HttpFake):
    """Answers every request with one status."""

    status = 200

    def answer(self, request: Request) -> tuple[int, object]:  # noqa: ARG002 - the protocol names it
        return self.status, {}


async def test_it_signs_time_and_body_as_documented(client: httpx.AsyncClient) -> None:
    async with HttpFake().listening() as fake:
        await webhook(fake, client).send(message(), DUTY, NOW)
    [request] = fake.requests
    assert request.headers["x-yizhan-timestamp"] == str(NOW)
    assert request.headers["x-yizhan-signature"] == signature(request)


async def test_it_sends_the_facts_of_every_alert(client: httpx.AsyncClient) -> None:
    async with HttpFake().listening() as fake:
        told = message(
            notice(1), notice(2, severity="P2"), kind=Kind.ESCALATION, step=2, waited_s=300, attempt=3
        )
        await webhook(fake, client).send(told, DUTY, NOW)
    said = json.loads(fake.requests[0].body)
    assert (said["v"], said["kind"], said["severity"], said["attempt"]) == (1, "escalation", "P1", 3)
    assert [alert["alert_id"] for alert in said["alerts"]] == [alert_id(1), alert_id(2)]
    assert said["alerts"][0]["station"] == {"zh": "港桥惠工驿站", "en": "Gangqiao rest station"}
    assert said["alerts"][0]["value"] == 1_860.0
    assert said["text"]["en"].startswith("2 alerts at Gangqiao rest station")


async def test_it_adds_headers_of_the_settings(client: httpx.AsyncClient) -> None:
    async with HttpFake().listening() as fake:
        await webhook(fake, client, headers={"Authorization": "Bearer token-of-the-city"}).send(
            message(), DUTY, NOW
        )
    assert fake.requests[0].headers["authorization"] == "Bearer token-of-the-city"


@pytest.mark.parametrize(
    ("status", "permanent", "reason"),
    [
        (301, True, Reason.BAD_ADDRESS),
        (400, True, Reason.OTHER),
        (401, True, Reason.FORBIDDEN),
        (404, True, Reason.BAD_ADDRESS),
        (408, False, Reason.SERVER),
        (413, True, Reason.TOO_BIG),
        (429, False, Reason.RATE),
        (503, False, Reason.SERVER),
    ],
)
async def test_it_tells_faults_that_pass_from_those_that_stay(
    client: httpx.AsyncClient, status: int, reason: Reason, *, permanent: bool
) -> None:
    async with Answering().listening() as fake:
        fake.status = status
        refused = await webhook(fake, client).send(message(), DUTY, NOW)
    assert isinstance(refused, Refused)
    assert (refused.permanent, refused.reason) == (permanent, reason)


@pytest.mark.parametrize(
    ("said", "wait_ms"), [("7", 7_000), ("999999", 3_600_000), ("Fri, 31 Dec 1999 23:59:59 GMT", 0), ("²", 0)]
)
async def test_it_waits_as_long_as_the_receiver_asks_but_no_longer_than_an_hour(
    client: httpx.AsyncClient, said: str, wait_ms: int
) -> None:
    async with HttpFake(mood=Mood.THROTTLE, headers={"retry-after": said}).listening() as fake:
        refused = await webhook(fake, client).send(message(), DUTY, NOW)
    assert refused == Refused.later(Reason.RATE, "HTTP 429", wait_ms)


async def test_it_does_not_follow_a_redirect(client: httpx.AsyncClient) -> None:
    async with (
        HttpFake().listening() as stranger,
        Answering(headers={"location": stranger.base}).listening() as fake,
    ):
        fake.status = 307
        await webhook(fake, client).send(message(), DUTY, NOW)
    assert stranger.requests == []


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_it_takes_any_success(client: httpx.AsyncClient, status: int) -> None:
    async with Answering().listening() as fake:
        fake.status = status
        assert await webhook(fake, client).send(message(), DUTY, NOW) == Delivered()


async def test_it_says_that_nobody_listens(client: httpx.AsyncClient) -> None:
    async with HttpFake().listening() as fake:
        closed = webhook(fake, client)
    refused = await closed.send(message(), DUTY, NOW)
    assert refused == Refused.later(Reason.NETWORK, "ConnectError")
