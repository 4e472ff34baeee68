"""The dispatcher over a real state and real HTTP: order, failures, neighbours that hang, a full disk."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import cast

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from gateway.alerting.response.assembly import Alerting, Plan
from gateway.alerting.response.dispatcher import Dispatcher
from gateway.alerting.response.settings import AlertSettings
from gateway.domain.alerts import Change, Key, Transition, alert_id
from gateway.domain.holidays import Holidays
from gateway.notify.webhook import Webhook
from gateway.notify.wecom import Wecom, WecomSettings
from gateway.state.alert_rows import AlertRow, Verdict
from gateway.state.database import State
from gateway.state.notification_rows import Delivery
from tests.integration.alerting.hooks import ON_CALL, alerting_over, hook_channel, three_hooks
from tests.support.http_fake import HttpFake, Mood
from tests.support.robots import WecomFake
from tests.support.waiting import until
from tests.unit.alerting.response.desk import MINUTE, NOON, SECOND


@dataclass
class House:
    """A dispatcher at work, three webhooks, and a clock the test may push on."""

    alerting: Alerting
    dispatcher: Dispatcher
    hooks: dict[str, HttpFake]
    ahead: list[int] = field(default_factory=lambda: [0])

    def opens(self, rule: str, severity: str = "P1", station: str = "a") -> AlertRow:
        """Let an alert open."""
        now = self.alerting.desk.clock()
        made = Transition(Key(rule, station, "d"), Change.OPENED, severity, now, now, now, 28.0, 25.0)
        self.alerting.alerts.apply([made], 1, now)
        row = self.alerting.state.alerts.get(alert_id(made.key, made.opened))
        assert row is not None
        return row

    def texts(self, hook: str) -> list[dict[str, object]]:
        """What a webhook was told."""
        return [json.loads(request.body) for request in self.hooks[hook].requests]

    def told(self, hook: str) -> list[object]:
        """The kinds of what a webhook was told."""
        return [said["kind"] for said in self.texts(hook)]

    def named(self, hook: str) -> set[object]:
        """The stations a webhook has read of."""
        alerts = [
            alert for said in self.texts(hook) for alert in cast("list[dict[str, object]]", said["alerts"])
        ]
        return {alert["station_id"] for alert in alerts}

    def has(self, hook: str, messages: int) -> bool:
        """Whether a webhook has been told so often."""
        return len(self.told(hook)) == messages

    def failed(self, channel: str, times: int) -> bool:
        """Whether so many sends in a row have failed."""
        return self.dispatcher.errors(self.alerting.desk.clock())[channel] == times

    def journal(self, row: AlertRow) -> list[str]:
        """What the journal says of sending."""
        return [
            f"{entry.kind} {entry.detail['channel']}"
            for entry in self.alerting.state.alerts.timeline(row.alert_id)
            if "channel" in entry.detail
        ]


@asynccontextmanager
async def house(
    path: Path, public_url: str | None = None, robot: WecomFake | None = None
) -> AsyncIterator[House]:
    """Open a house; ``robot`` is the channel `one` instead of a webhook."""
    ahead = [0]
    loop = asyncio.get_running_loop()
    begun = loop.time()

    def clock() -> int:
        return NOON + int((loop.time() - begun) * 1_000) + ahead[0]

    async with three_hooks() as hooks, httpx.AsyncClient() as client:
        with State.open(path, NOON, reserve_bytes=4_096) as state:
            plan = Plan(AlertSettings(), Holidays(), ON_CALL, public_url)
            alerting = alerting_over(state, plan, clock)
            channels = {name: hook_channel(name, hook, client) for name, hook in hooks.items()}
            if robot is not None:
                hooks["one"] = robot
                channels["one"] = Wecom("one", WecomSettings.model_validate({"url": robot.url}), client)
            async with alerting.open_dispatcher(channels) as dispatcher:
                running = asyncio.create_task(dispatcher.run(), name="dispatcher")
                yield House(alerting, dispatcher, hooks, ahead)
                dispatcher.stop()
                await running


async def test_a_p1_is_out_within_a_second_with_all_there_is_to_say(tmp_path: Path) -> None:
    async with house(tmp_path, "https://yizhan.example") as at:
        row = at.opens("WA-02")
        await until(lambda: at.told("one") == ["alert"], 1.0, "the message")
        (said,) = at.texts("one")
        assert said["attempt"] == 1
        (alert,) = cast("list[dict[str, object]]", said["alerts"])
        assert alert["alert_id"] == row.alert_id
        assert alert["station"] == {"zh": "a驿站", "en": "Station a"}
        assert (alert["value"], alert["limit"]) == (28.0, 25.0)
        assert str(alert["link"]).startswith("https://yizhan.example/a/")
        await until(lambda: at.journal(row) == ["sent one"])


async def test_every_alert_about_a_life_is_named_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Webhook, "max_bytes", 16_384)
    stations = {f"station-{number}" for number in range(150)}
    async with house(tmp_path) as at:
        for station in sorted(stations):
            at.opens("EN-01", station=station)
        await until(lambda: at.named("one") == stations, 10)
        assert {"alert", "storm"} == set(at.told("one"))
        assert len(at.told("one")) < 40, "and not one by one"


async def test_what_failed_is_tried_again_with_its_number_and_then_by_the_next_channel(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as at:
        at.hooks["one"].mood = Mood.ERROR
        row = at.opens("WA-02")
        for failures in (1, 2, 3):
            await until(partial(at.failed, "one", failures))
            at.ahead[0] += 6 * SECOND
        await until(lambda: at.told("two") == ["alert"])
        assert [said["attempt"] for said in at.texts("one")] == [1, 2, 3]
        assert at.texts("two")[0]["attempt"] == 4
        await until(lambda: at.journal(row)[-1] == "sent two")
        assert at.journal(row) == ["not_sent one"] * 3 + ["sent two"]


async def test_when_a_person_s_channels_all_fail_the_next_person_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.hooks["one"].mood = at.hooks["two"].mood = Mood.ERROR
        at.opens("WA-02")

        def pushed() -> bool:
            at.ahead[0] += SECOND
            return at.told("three") == ["alert"]

        await until(pushed, 20)


@pytest.mark.parametrize(
    "mood", [Mood.HANG, Mood.ERROR, Mood.THROTTLE], ids=["hangs", "500", "200 with a code"]
)
async def test_a_robot_that_is_unwell_delays_no_other_channel(tmp_path: Path, mood: Mood) -> None:
    async with WecomFake(mood).listening() as robot, house(tmp_path, robot=robot) as at:
        at.opens("WA-02")
        await until(lambda: len(at.hooks["one"].requests) == 1)
        await until(partial(at.failed, "one", 0 if mood is Mood.HANG else 1))
        with at.alerting.state.begin() as connection:
            # somebody else is told over another channel meanwhile
            (waiting,) = at.alerting.state.notifications.page(1)
            other = replace(
                waiting, id="other", channel="three", person="wang", state=Delivery.WAITING, owner=None,
                leased_until=None, attempts=0, failures=0, due=waiting.created,
            )  # fmt: skip
            at.alerting.state.notifications.add(connection, [other])
        at.dispatcher.wake()
        await until(lambda: at.told("three") == ["alert"], 2.0, "the neighbour's message")
        for talk in list(at.hooks["one"]._talks):  # noqa: SLF001 - the server hangs up
            talk.cancel()


async def test_an_acknowledgement_stops_everything_that_waits(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        row = at.opens("WA-02")
        await until(lambda: at.told("one") == ["alert"])
        at.alerting.alerts.acknowledge(row.alert_id, "Li", "on my way", at.alerting.desk.clock())
        tended = at.dispatcher.tended
        at.ahead[0] += 6 * MINUTE
        await until(lambda: at.dispatcher.tended > tended + 6 * MINUTE)
        assert at.told("one") == ["alert"]
        at.alerting.alerts.resolve(row.alert_id, "Li", "hose", Verdict.REAL, at.alerting.desk.clock())
        await until(lambda: at.told("one") == ["alert", "resolved"])


async def test_what_waits_when_somebody_acknowledges_is_never_sent(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.hooks["one"].mood = Mood.ERROR
        row = at.opens("WA-02")
        await until(lambda: at.told("one") == ["alert"])
        at.alerting.alerts.acknowledge(row.alert_id, "Li", "", at.alerting.desk.clock())
        at.hooks["one"].mood = Mood.WELL
        at.ahead[0] += 6 * SECOND
        at.dispatcher.wake()

        def cancelled() -> bool:
            (found,) = at.alerting.state.notifications.page(10)
            return found.state is Delivery.CANCELLED

        await until(cancelled)
        assert at.told("one") == ["alert"]


async def test_an_escalation_that_waits_when_somebody_acknowledges_is_never_sent(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        row = at.opens("WA-02")
        await until(partial(at.has, "one", 1))
        at.hooks["one"].mood = Mood.ERROR
        at.ahead[0] += 5 * MINUTE
        await until(partial(at.has, "one", 2))
        at.alerting.alerts.acknowledge(row.alert_id, "Li", "", at.alerting.desk.clock())
        at.hooks["one"].mood = Mood.WELL
        at.ahead[0] += 6 * SECOND

        def cancelled() -> bool:
            return at.alerting.state.notifications.page(1)[0].state is Delivery.CANCELLED

        await until(cancelled)
        assert at.told("one") == ["alert", "escalation"]


async def test_what_a_killed_gateway_was_sending_is_taken_up_at_once(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.hooks["one"].mood = Mood.ERROR
        at.opens("WA-02")
        await until(partial(at.has, "one", 1))
    with State.open(tmp_path, NOON, reserve_bytes=4_096) as state:
        assert state.notifications.claim("one", NOON + MINUTE, "killed", MINUTE) is not None
    async with house(tmp_path) as at:
        await until(lambda: at.told("one") == ["alert"], 10, "the message, long before the lease is over")
        assert at.texts("one")[0]["attempt"] == 3


async def test_it_escalates_every_five_minutes_until_acknowledged(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.opens("WA-02")
        for times in range(1, 4):
            await until(partial(at.has, "one", times))
            at.ahead[0] += 5 * MINUTE
        assert at.told("one")[:3] == ["alert", "escalation", "escalation"]
        assert at.texts("one")[2]["step"] == 2


async def test_messages_for_a_channel_that_is_gone_go_to_another(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.hooks["one"].mood = Mood.ERROR
        at.opens("WA-02")
        await until(lambda: at.told("one") == ["alert"])
    with State.open(tmp_path, NOON, reserve_bytes=4_096) as state:
        (row,) = state.notifications.page(1)
        with state.begin() as connection:
            state.notifications.update(connection, replace(row, channel="gone"))
    async with house(tmp_path) as at:
        at.ahead[0] += MINUTE
        await until(lambda: at.told("one") == ["alert"])


async def test_a_clean_stop_leaves_nothing_half_sent(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.opens("WA-02")
        await until(lambda: len(at.hooks["one"].requests) == 1)
    with State.open(tmp_path, NOON, reserve_bytes=4_096) as state:
        assert [row.state for row in state.notifications.page(10)] == [Delivery.SENT]


async def test_what_cannot_be_written_is_told_from_memory_and_not_again(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        now = at.alerting.desk.clock()
        smoke = Transition(Key("EN-01", "a", "d"), Change.OPENED, "P1", now, now, now)
        at.alerting.emergency.hear([smoke], now)
        at.alerting.emergency.hear([smoke], now)
        at.dispatcher.wake()
        await until(lambda: at.told("one") == ["alert"], 2.0, "the message from memory")
        await until(lambda: at.alerting.emergency.told(alert_id(smoke.key, now), "li", "one"))
        at.alerting.alerts.apply([smoke], 1, now)
        row = at.opens("WA-02", "P1")
        await until(lambda: at.journal(row) == ["sent one"])
        assert at.told("one") == ["alert", "alert"]


async def test_what_is_about_a_life_goes_out_once_though_no_row_can_be_changed(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.hooks["one"].mood = Mood.ERROR
        at.opens("EN-01")
        at.opens("WA-02")
        await until(lambda: [n.failures for n in at.alerting.state.notifications.page(10)] == [1, 1])
        engine = at.alerting.state._engine  # noqa: SLF001 - the disk is under the state

        def refuse(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if statement.startswith("UPDATE"):
                raise OperationalError(statement, {}, Exception("database or disk is full"))

        event.listen(engine, "before_cursor_execute", refuse)
        at.hooks["one"].mood = Mood.WELL
        at.ahead[0] += 6 * SECOND
        at.dispatcher.wake()
        await until(partial(at.has, "one", 3))
        event.remove(engine, "before_cursor_execute", refuse)
        at.dispatcher.wake()
        await until(partial(at.has, "one", 4))
        rules = [
            alert["rule"]
            for said in at.texts("one")
            for alert in cast("list[dict[str, str]]", said["alerts"])
        ]
        assert sorted(rules) == ["EN-01", "EN-01", "WA-02", "WA-02"]
