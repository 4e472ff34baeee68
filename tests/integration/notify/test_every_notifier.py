"""What holds for every channel, whoever is at the other end and however that end behaves."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from gateway.notify.channels import open_channels
from gateway.notify.console_log import ConsoleLogSettings
from gateway.notify.notifier import Contact, Delivered, Message, Outcome, Reason, Refused
from gateway.notify.posting import open_client
from gateway.observability import Metrics
from tests.integration.notify.rigs import DUTY, HASTY_S, KINDS, Rig, rig_of
from tests.support.http_fake import Mood
from tests.support.notices import ACTION, NOW, OVERSTAY, STATION, alert_id, message, notice
from wire.measures.words import Name

ROBOTS = ("wecom", "dingtalk", "feishu")
SPLIT_APART = 60_000
"""Between requests, so that no quota is in the way."""


@pytest.fixture(params=KINDS)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with rig_of(request.param) as made:
        yield made


@pytest.fixture(params=KINDS)
async def hasty(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """A rig whose channel soon gives up."""
    async with rig_of(request.param, HASTY_S) as made:
        yield made


async def send_all(rig: Rig, told: Message, contact: Contact = DUTY, now: int = NOW) -> list[Outcome]:
    """Send a message request by request, as the dispatcher does."""
    outcomes: list[Outcome] = []
    rest: Message | None = told
    while rest is not None:
        outcomes.append(await rig.channel.send(rest, contact, now))
        rest = outcomes[-1].rest if isinstance(outcomes[-1], Delivered) else None
        now += SPLIT_APART
        if hasattr(rig.fake, "now"):
            rig.fake.now = now
    return outcomes


async def test_it_says_level_station_what_since_value_action_link_and_id(rig: Rig) -> None:
    assert await send_all(rig, message()) == [Delivered()]
    [text] = rig.texts()
    essentials = ("P1 紧急", STATION.zh, OVERSTAY.zh, "16:49", "31 分钟", "30 分钟", ACTION.zh)
    for part in (*essentials, "https://yizhan.example.org/a/token1", alert_id()):
        assert part in text
    assert "第 1 次" not in text


@pytest.mark.parametrize("rig", sorted(set(KINDS) - {"webhook"}), indirect=True)
async def test_it_speaks_the_languages_of_the_contact(rig: Rig) -> None:
    reader = Contact(name="Li", lang="both", mobile="13900000000", email="li@example.org")
    await send_all(rig, message(attempt=2), reader)
    [text] = rig.texts()
    assert "P1 critical" in text
    assert STATION.en in text
    assert "copy 2" in text


async def test_it_splits_between_alerts_and_loses_none(rig: Rig) -> None:
    many = message(*(notice(number, first_action=Name("查" * 150, "look " * 60)) for number in range(1, 31)))
    outcomes = await send_all(rig, many)
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert len(rig.texts()) == len(outcomes)
    told = "\n".join(rig.texts())
    for number in range(1, 31):
        assert f"https://yizhan.example.org/a/token{number}" in told
    for text in rig.texts():
        assert text.count("https://") == text.count("告警号")
        assert text.count("https://") >= 1


async def test_it_shortens_an_alert_that_is_too_large_but_never_its_essentials(rig: Rig) -> None:
    endless = notice(first_action=Name("查看" * 9_000, "look " * 9_000))
    assert await send_all(rig, message(endless)) == [Delivered()]
    [text] = rig.texts()
    for part in ("P1 紧急", STATION.zh, OVERSTAY.zh, "https://yizhan.example.org/a/token1", alert_id()):
        assert part in text


async def test_it_keeps_names_from_outside_in_their_place(rig: Rig) -> None:
    hostile = Name('<at user_id="all">\n{mobile} "}]} %0a&\u202e', "<@all>\r\nBcc: everybody@example.org")
    assert await send_all(rig, message(notice(station=hostile))) == [Delivered()]
    [text] = rig.texts()
    for part in ("<at", "<@", "\u202e"):
        assert part not in text


@pytest.mark.parametrize("mood", [Mood.ERROR, Mood.DROP, Mood.THROTTLE])
async def test_it_asks_for_another_try_when_the_service_is_unwell(rig: Rig, mood: Mood) -> None:
    rig.behave(mood)
    outcome = await rig.channel.send(message(), DUTY, NOW)
    assert isinstance(outcome, Refused)
    assert not outcome.permanent


@pytest.mark.parametrize("mood", [Mood.HANG, Mood.DRIP])
async def test_it_gives_up_in_time_on_a_service_that_does_not_answer(hasty: Rig, mood: Mood) -> None:
    hasty.behave(mood)
    began = time.monotonic()
    outcome = await hasty.channel.send(message(), DUTY, NOW)
    assert outcome == Refused.later(Reason.TIMEOUT, getattr(outcome, "detail", ""))
    assert time.monotonic() - began < HASTY_S + 2


async def test_it_works_again_when_the_service_is_well_again(rig: Rig) -> None:
    for number, mood in enumerate((Mood.ERROR, Mood.DROP)):
        rig.behave(mood)
        await rig.channel.send(message(), DUTY, NOW + number)
    rig.behave(Mood.WELL)
    with capture_logs() as logs:
        assert await rig.channel.send(message(), DUTY, NOW + 10) == Delivered()
    assert [entry["event"] for entry in logs] == ["channel_works_again"]


async def test_it_is_loud_once_and_then_quiet(rig: Rig) -> None:
    rig.behave(Mood.DROP)
    with capture_logs() as logs:
        for number in range(3):
            await rig.channel.send(message(), DUTY, NOW + number)
    assert [entry["log_level"] for entry in logs] == ["warning", "debug", "debug"]


async def test_it_shows_no_secret_whatever_goes_wrong(hasty: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    outcomes = []
    with capture_logs() as logs:
        for number, mood in enumerate(Mood):
            hasty.behave(mood)
            outcomes.append(await hasty.channel.send(message(), DUTY, NOW + number))
    shown = f"{outcomes} {logs} {caplog.text} {hasty.channel!r}"
    assert "channel_fails" in shown
    for secret in (*hasty.secrets, "13800000000", "wang@example.org"):
        assert secret not in shown


async def test_it_counts_what_came_of_every_request(rig: Rig) -> None:
    await rig.channel.send(message(), DUTY, NOW)
    rig.behave(Mood.DROP)
    await rig.channel.send(message(), DUTY, NOW + 1)
    counted = {
        sample.labels["outcome"]: sample.value
        for metric in rig.metrics.messages.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
    assert counted.pop("delivered") == 1
    assert sum(counted.values()) == 1


async def test_it_never_delays_another_channel(rig: Rig) -> None:
    rig.behave(Mood.HANG)
    async with rig_of("wecom") as well:
        hanging = asyncio.create_task(rig.channel.send(message(), DUTY, NOW))
        assert await well.channel.send(message(), DUTY, NOW) == Delivered()
        assert not hanging.done()
        hanging.cancel()
        await asyncio.wait([hanging])


@pytest.mark.parametrize("mood", [Mood.ERROR, Mood.THROTTLE], ids=["500", "too much"])
async def test_its_refusals_hold_up_no_other_channel(rig: Rig, mood: Mood) -> None:
    """Robots say that it is too much in an answer of 200; they then hear nothing for a while."""
    rig.behave(mood)
    async with rig_of("wecom") as well:
        assert isinstance(await rig.channel.send(message(), DUTY, NOW), Refused)
        assert well.channel.wait_ms(message(), NOW) == 0
        assert await well.channel.send(message(), DUTY, NOW) == Delivered()


@pytest.mark.parametrize("kind", ROBOTS)
async def test_it_does_not_take_a_page_of_the_network_for_a_delivery(kind: str) -> None:
    async with rig_of(kind) as rig:
        rig.behave(Mood.NONSENSE)
        outcome = await rig.channel.send(message(), DUTY, NOW)
        assert isinstance(outcome, Refused)
        assert (outcome.permanent, outcome.reason) == (False, Reason.BAD_ANSWER)


async def test_the_console_writes_the_text_with_its_link() -> None:
    async with open_client() as client:
        channel = open_channels({"log": ConsoleLogSettings()}, client, Metrics())["log"]
        with capture_logs() as logs:
            assert await channel.send(message(), DUTY, NOW) == Delivered()
    assert logs[0]["event"] == "message"
    assert "https://yizhan.example.org/a/token1" in logs[0]["text"]
    assert "13800000000" not in json.dumps(logs, ensure_ascii=False)
