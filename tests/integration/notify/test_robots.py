"""What each maker's robot insists on beyond what all channels promise."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import httpx
import pytest

from gateway.notify.dingtalk import Dingtalk, DingtalkSettings
from gateway.notify.feishu import Feishu, FeishuSettings
from gateway.notify.notifier import Contact, Delivered, Kind, Notifier, Reason, Refused
from gateway.notify.posting import open_client
from gateway.notify.wecom import Wecom, WecomSettings
from tests.support.notices import MINUTE_MS, NOW, message, notice
from tests.support.robots import DingtalkFake, FeishuFake, RobotFake, WecomFake
from wire.measures.words import Name

SECRET = "SEC-signing-secret-51c8"
NOBODY = Contact(name="王芳")
DUTY = Contact(name="王芳", mobile="13800000000", open_id="ou_84aad3")
SMALL = notice(severity="P3")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with open_client() as opened:
        yield opened


async def flood(robot: Notifier, fake: RobotFake, calls: int, step_ms: int) -> list[bool]:
    """Try so many messages at even steps, whatever the robot says; return which went out."""
    went = []
    for number in range(calls):
        fake.now = NOW + number * step_ms
        went.append(await robot.send(message(), NOBODY, fake.now) == Delivered())
    return went


# --- WeCom


def wecom(fake: WecomFake, client: httpx.AsyncClient, *, markdown: bool = False, url: str = "") -> Wecom:
    settings = WecomSettings.model_validate({"url": url or fake.url, "markdown": markdown})
    return Wecom("duty", settings, client)


async def test_wecom_mentions_the_contact_by_mobile_number(client: httpx.AsyncClient) -> None:
    async with WecomFake().listening() as fake:
        await wecom(fake, client).send(message(), DUTY, NOW)
        assert b'"mentioned_mobile_list":["13800000000"]' in fake.requests[0].body


async def test_wecom_markdown_is_bold_in_first_lines_and_holds_twice_as_much(
    client: httpx.AsyncClient,
) -> None:
    long = notice(first_action=Name("查" * 400, "look " * 700))
    async with WecomFake().listening() as fake:
        robot = wecom(fake, client, markdown=True)
        assert await robot.send(message(long), replace(DUTY, lang="en"), NOW) == Delivered()
    assert fake.texts[0].startswith("**[P1 critical]")
    assert 2_048 < len(fake.requests[0].body) <= 4_096


@pytest.mark.parametrize("length", range(330, 1_200, 29))
async def test_wecom_never_sends_more_bytes_than_the_robot_takes(
    client: httpx.AsyncClient, length: int
) -> None:
    quoted = notice(first_action=Name("x", 'a"\\' * (length // 2)))
    async with WecomFake().listening() as fake:
        robot = wecom(fake, client)
        assert await robot.send(message(quoted), replace(DUTY, lang="en"), NOW) == Delivered()
    assert len(fake.requests[0].body) <= 2_048


async def test_wecom_is_never_called_more_often_than_it_takes(client: httpx.AsyncClient) -> None:
    async with WecomFake().listening() as fake:
        went = await flood(wecom(fake, client), fake, calls=300, step_ms=500)
    assert 45 <= sum(went) == len(fake.texts) == len(fake.requests)


async def test_wecom_keeps_some_calls_for_p1(client: httpx.AsyncClient) -> None:
    async with WecomFake().listening() as fake:
        robot = wecom(fake, client)
        for _ in range(15):
            assert await robot.send(message(SMALL), NOBODY, NOW) == Delivered()
        held = await robot.send(message(SMALL), NOBODY, NOW)
        assert held == Refused.later(Reason.RATE, "our own quota", MINUTE_MS)
        assert robot.wait_ms(message(), NOW) == 0
        assert await robot.send(message(), NOBODY, NOW) == Delivered()


async def test_wecom_says_for_good_that_a_key_is_wrong(client: httpx.AsyncClient) -> None:
    async with WecomFake().listening() as fake:
        robot = wecom(fake, client, url=fake.url.replace("key=", "key=wrong"))
        refused = await robot.send(message(), DUTY, NOW)
    assert isinstance(refused, Refused)
    assert (refused.permanent, refused.reason) == (True, Reason.BAD_ADDRESS)
    assert "93000" in refused.detail


async def test_wecom_pauses_for_a_minute_when_others_used_the_robot_up(client: httpx.AsyncClient) -> None:
    async with WecomFake().listening() as fake:
        fake.calls.extend([NOW] * 20)
        fake.now = NOW
        robot = wecom(fake, client)
        refused = await robot.send(message(), DUTY, NOW)
        assert isinstance(refused, Refused)
        assert (refused.reason, refused.permanent, refused.retry_after_ms) == (Reason.RATE, False, MINUTE_MS)
        asked = len(fake.requests)
        await robot.send(message(), DUTY, NOW + 1)
        assert len(fake.requests) == asked
        fake.now = NOW + MINUTE_MS
        assert await robot.send(message(), DUTY, NOW + MINUTE_MS) == Delivered()


@pytest.mark.parametrize("kind", [Kind.RESOLVED, Kind.DIGEST])
async def test_nobody_is_mentioned_for_what_can_wait(client: httpx.AsyncClient, kind: Kind) -> None:
    async with WecomFake().listening() as fake:
        await wecom(fake, client).send(message(kind=kind), DUTY, NOW)
    assert b"13800000000" not in fake.requests[0].body


# --- DingTalk


def dingtalk(fake: DingtalkFake, client: httpx.AsyncClient, **settings: object) -> Dingtalk:
    return Dingtalk("duty", DingtalkSettings.model_validate({"url": fake.url, **settings}), client)


async def test_dingtalk_takes_the_signature_of_any_moment(client: httpx.AsyncClient) -> None:
    """Among many signatures some hold `+` and `/`, which one encoding too many or too few spoils."""
    async with DingtalkFake(secret=SECRET).listening() as fake:
        robot = dingtalk(fake, client, secret=SECRET)
        for minute in range(40):
            fake.now = NOW + minute * MINUTE_MS
            assert await robot.send(message(), DUTY, fake.now) == Delivered()
    assert any("%2B" in request.target for request in fake.requests)


async def test_dingtalk_refuses_a_stale_signature(client: httpx.AsyncClient) -> None:
    async with DingtalkFake(secret=SECRET).listening() as fake:
        fake.now = NOW + 61 * MINUTE_MS
        refused = await dingtalk(fake, client, secret=SECRET).send(message(), DUTY, NOW)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.BAD_SIGNATURE


async def test_dingtalk_is_told_its_keyword_where_the_text_lacks_it(client: httpx.AsyncClient) -> None:
    async with DingtalkFake(keyword="驿站监控").listening() as fake:
        assert await dingtalk(fake, client, keyword="驿站监控").send(message(), DUTY, NOW) == Delivered()
    assert fake.texts[0].count("驿站监控") == 1


async def test_dingtalk_is_never_called_so_often_that_it_falls_silent(client: httpx.AsyncClient) -> None:
    async with DingtalkFake().listening() as fake:
        went = await flood(dingtalk(fake, client), fake, calls=300, step_ms=500)
    assert fake.muted_until == 0
    assert 45 <= sum(went) == len(fake.texts)


async def test_dingtalk_is_left_alone_for_ten_minutes_once_it_is_silent(client: httpx.AsyncClient) -> None:
    async with DingtalkFake().listening() as fake:
        fake.muted_until = NOW + 10 * MINUTE_MS
        fake.now = NOW
        robot = dingtalk(fake, client)
        refused = await robot.send(message(), DUTY, NOW)
        assert isinstance(refused, Refused)
        assert (refused.reason, refused.retry_after_ms) == (Reason.RATE, 10 * MINUTE_MS)
        assert robot.wait_ms(message(), NOW + MINUTE_MS) == 9 * MINUTE_MS
        fake.now = NOW + 10 * MINUTE_MS
        assert await robot.send(message(), DUTY, fake.now) == Delivered()
        assert len(fake.requests) == 2


async def test_dingtalk_calls_the_contact(client: httpx.AsyncClient) -> None:
    async with DingtalkFake().listening() as fake:
        await dingtalk(fake, client).send(message(), DUTY, NOW)
    assert fake.texts[0].endswith("@13800000000")
    assert b'"at":{"atMobiles":["13800000000"]}' in fake.requests[0].body


# --- Feishu


def feishu(fake: FeishuFake, client: httpx.AsyncClient, **settings: object) -> Feishu:
    return Feishu("duty", FeishuSettings.model_validate({"url": fake.url, **settings}), client)


async def test_feishu_takes_the_signature_with_seconds(client: httpx.AsyncClient) -> None:
    async with FeishuFake(secret=SECRET).listening() as fake:
        assert await feishu(fake, client, secret=SECRET).send(message(), DUTY, NOW + 999) == Delivered()


async def test_feishu_is_never_called_more_often_than_it_takes(client: httpx.AsyncClient) -> None:
    async with FeishuFake().listening() as fake:
        went = await flood(feishu(fake, client), fake, calls=400, step_ms=100)
    assert 100 <= sum(went) == len(fake.texts)


async def test_feishu_pauses_when_it_is_crowded(client: httpx.AsyncClient) -> None:
    async with FeishuFake().listening() as fake:
        fake.now = NOW
        fake.calls.extend([NOW] * 100)
        refused = await feishu(fake, client).send(message(), DUTY, NOW)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.permanent, refused.retry_after_ms) == (Reason.RATE, False, 10_000)


@pytest.mark.parametrize(("sentence", "permanent"), [("Bad Request", True), ("too many request", False)])
async def test_feishu_tells_a_bad_request_from_too_many(
    client: httpx.AsyncClient, sentence: str, *, permanent: bool
) -> None:
    class Old(FeishuFake):
        def refusal(self, *_: object) -> object:
            return {"code": 9499, "data": {}, "msg": sentence}

    async with Old().listening() as fake:
        refused = await feishu(fake, client).send(message(), DUTY, NOW)
    assert isinstance(refused, Refused)
    assert refused.permanent is permanent


async def test_feishu_calls_the_contact_by_open_id_and_nobody_else(client: httpx.AsyncClient) -> None:
    hostile = notice(station=Name('<at user_id="all">', "x"))
    async with FeishuFake().listening() as fake:
        await feishu(fake, client).send(message(hostile), DUTY, NOW)
    assert fake.texts[0].count("<at ") == 1
    assert fake.texts[0].endswith('<at user_id="ou_84aad3">王芳</at>')


async def test_feishu_splits_a_body_of_more_than_twenty_thousand_bytes(client: httpx.AsyncClient) -> None:
    many = message(*(notice(number, first_action=Name("x", "look " * 80)) for number in range(1, 61)))
    async with FeishuFake().listening() as fake:
        outcome = await feishu(fake, client).send(many, replace(DUTY, lang="en"), NOW)
    assert isinstance(outcome, Delivered)
    assert outcome.rest is not None
    assert 18_000 < len(fake.requests[0].body) <= 20_000


async def test_a_code_nobody_knows_is_worth_another_try(client: httpx.AsyncClient) -> None:
    class New(WecomFake):
        def refusal(self, *_: object) -> object:
            return {"errcode": 99999, "errmsg": f"something new about {self.key}"}

    async with New().listening() as fake:
        refused = await wecom(fake, client).send(message(), DUTY, NOW)
    assert refused == Refused.later(Reason.OTHER, "99999: something new about (secret)")


async def test_an_answer_of_ten_megabytes_is_not_kept(client: httpx.AsyncClient) -> None:
    class Endless(WecomFake):
        def refusal(self, *_: object) -> object:
            return {"filler": "x" * 10_000_000, "errcode": 0}

    async with Endless().listening() as fake:
        refused = await wecom(fake, client).send(message(), DUTY, NOW)
    assert refused == Refused.later(Reason.BAD_ANSWER, "an answer without a code")


# --- both that sign


@pytest.mark.parametrize(("robot", "fake_type"), [(dingtalk, DingtalkFake), (feishu, FeishuFake)])
@pytest.mark.parametrize(
    ("wants", "settings", "reason"),
    [
        ({"secret": SECRET}, {}, Reason.BAD_SIGNATURE),
        ({"secret": SECRET}, {"secret": "another-secret"}, Reason.BAD_SIGNATURE),
        ({"keyword": "驿站监控"}, {}, Reason.KEYWORD),
        ({"key": "another-key"}, {}, Reason.BAD_ADDRESS),
    ],
)
async def test_a_robot_says_for_good_what_is_wrong_with_the_settings(
    client: httpx.AsyncClient,
    robot: Callable[..., Notifier],
    fake_type: type[DingtalkFake | FeishuFake],
    wants: dict[str, str],
    settings: dict[str, str],
    reason: Reason,
) -> None:
    async with fake_type().listening() as fake:
        channel = robot(fake, client, **settings)
        for name, value in wants.items():
            setattr(fake, name, value)
        refused = await channel.send(message(), DUTY, NOW)
    assert isinstance(refused, Refused)
    assert (refused.permanent, refused.reason) == (True, reason)
