"""Short messages through anybody's HTTP gateway."""

import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import ValidationError

from gateway.notify.notifier import Contact, Delivered, Kind, Outcome, Reason, Refused
from gateway.notify.posting import open_client
from gateway.notify.sms import Sms, SmsSettings
from tests.support.http_fake import HttpFake, Request
from tests.support.notices import NOW, alert_id, message, notice
from wire.measures.words import Name

DUTY = Contact(name="王芳", mobile="13800000000")
TEMPLATE = {
    "template": "SMS_1",
    "to": ["{mobile}"],
    "params": {"station": "{station}", "type": "{what}", "phone": "{mobile}"},
    "sign": "【工会】",
    "key": "{key}",
}


class Gateway(HttpFake):
    """Answers as told."""

    said: object = {"data": [{"code": "OK"}]}
    status = 200

    def answer(self, request: Request) -> tuple[int, object]:  # noqa: ARG002 - the protocol names it
        return self.status, self.said


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with open_client() as opened:
        yield opened


def sms(fake: HttpFake, client: httpx.AsyncClient, **settings: object) -> Sms:
    given = {"url": f"{fake.base}/send", "secrets": {"key": "key-of-the-gateway"}, **settings}
    return Sms("sms", SmsSettings.model_validate(given), client)


async def test_it_fills_named_values_into_json(client: httpx.AsyncClient) -> None:
    async with Gateway().listening() as fake:
        hostile = notice(station=Name('港桥"},{key}', "x"))
        assert await sms(fake, client, body=TEMPLATE).send(message(hostile), DUTY, NOW) == Delivered()
    said = json.loads(fake.requests[0].body)
    assert said["to"] == ["13800000000"]
    assert said["params"] == {"station": '港桥"},{key}', "type": "淋浴间超时滞留", "phone": "13800000000"}
    assert said["key"] == "key-of-the-gateway"


async def test_it_fills_named_values_into_a_form(client: httpx.AsyncClient) -> None:
    async with Gateway().listening() as fake:
        body = {"mobile": "{mobile}", "content": "{level}&to=all {what}", "pin": "{key}"}
        await sms(fake, client, body=body, encoding="form").send(message(), DUTY, NOW)
    [request] = fake.requests
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode())["content"] == ["P1 紧急&to=all 淋浴间超时滞留"]


async def test_it_fills_named_values_into_an_address(client: httpx.AsyncClient) -> None:
    async with Gateway().listening() as fake:
        url = f"{fake.base}/send?to={{mobile}}&text={{text}}&key={{key}}"
        await sms(fake, client, url=url, method="GET").send(message(notice(device="a&b=c#d")), DUTY, NOW)
    [request] = fake.requests
    assert (request.method, request.body) == ("GET", b"")
    assert request.query["to"] == "13800000000"
    assert "a&b=c#d" in request.query["text"]


async def test_it_sends_one_alert_a_message(client: httpx.AsyncClient) -> None:
    async with Gateway().listening() as fake:
        outcome = await sms(fake, client, body={"id": "{alert_id}"}).send(
            message(notice(1), notice(2), notice(3)), DUTY, NOW
        )
    assert isinstance(outcome, Delivered)
    assert outcome.rest is not None
    assert outcome.rest.alert_ids == (alert_id(2), alert_id(3))
    assert json.loads(fake.requests[0].body) == {"id": alert_id(1)}


async def test_it_sends_messages_without_alerts(client: httpx.AsyncClient) -> None:
    async with Gateway().listening() as fake:
        test = message(kind=Kind.TEST)
        await sms(fake, client, body={"text": "{text}"}).send(test.only(()), DUTY, NOW)
    assert json.loads(fake.requests[0].body) == {"text": "【测试】这是一条测试消息，无需处理"}


async def test_it_keeps_to_the_length_it_is_told(client: httpx.AsyncClient) -> None:
    async with Gateway().listening() as fake:
        long = notice(first_action=Name("查看" * 200, "look"))
        await sms(fake, client, body={"text": "{text}"}, characters=180).send(message(long), DUTY, NOW)
    text = json.loads(fake.requests[0].body)["text"]
    assert 150 < len(text) <= 180
    assert alert_id() in text


async def tell(client: httpx.AsyncClient, said: object, status: int = 200) -> Outcome:
    """Send one message to a gateway that answers so."""
    async with Gateway().listening() as fake:
        fake.said, fake.status = said, status
        success = {"path": "data.0.code", "equals": "OK", "permanent": ["INVALID_KEY"]}
        return await sms(fake, client, body={"text": "{text}"}, success=success).send(message(), DUTY, NOW)


async def test_it_believes_what_stands_at_the_path(client: httpx.AsyncClient) -> None:
    assert await tell(client, {"data": [{"code": "OK"}]}) == Delivered()
    answers: tuple[object, ...] = (
        {"data": [{"code": "LIMIT"}]},
        {"data": []},
        {"data": 7},
        "OK",
        None,
        {"data": [{"code": True}]},
    )
    for said in answers:
        refused = await tell(client, said)
        assert isinstance(refused, Refused)
        assert not refused.permanent


async def test_it_knows_what_the_settings_call_permanent(client: httpx.AsyncClient) -> None:
    refused = await tell(client, {"data": [{"code": "INVALID_KEY"}]})
    assert refused == Refused.never(Reason.OTHER, "data.0.code is INVALID_KEY")


@pytest.mark.parametrize(("status", "permanent"), [(500, False), (401, True), (202, False)])
async def test_it_believes_the_status_first(
    client: httpx.AsyncClient, status: int, *, permanent: bool
) -> None:
    refused = await tell(client, {"data": [{"code": "OK"}]}, status)
    assert isinstance(refused, Refused)
    assert refused.permanent is permanent


async def test_it_needs_a_number(client: httpx.AsyncClient) -> None:
    async with Gateway().listening() as fake:
        refused = await sms(fake, client).send(message(), Contact(name="x"), NOW)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.NO_ADDRESS


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"body": {"text": "{txt}"}}, "no value is called 'txt'"),
        ({"body": {"text": "{text.__class__}"}}, "is no plain name"),
        ({"body": {"text": "{0}"}}, "is no plain name"),
        ({"body": {"text": "{text!r}"}}, "is no plain name"),
        ({"body": {"text": "{"}}, "'{'"),
        ({"secrets": {"text": "x"}}, "these names are taken"),
        ({"url": "ftp://127.0.0.1/"}, "beginning with https://"),
        ({"success": {"path": "code"}}, "go together"),
        ({"subject": "x"}, "Extra inputs"),
    ],
)
async def test_it_refuses_a_template_that_cannot_be_filled(
    settings: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        SmsSettings.model_validate({"url": "https://sms.example.org", **settings})
