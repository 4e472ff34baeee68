"""Everything about alerts beside judging, as one service: it runs, looks after people, and stops."""

import asyncio
from pathlib import Path

import httpx
from pydantic import SecretStr

from gateway.alerting.response.assembly import Plan
from gateway.alerting.response.life import Alerts
from gateway.alerting.response.service import AlertService
from gateway.alerting.response.settings import AlertSettings, HeartbeatSettings
from gateway.domain.alerts import Change, Key, Transition
from gateway.domain.holidays import Holidays
from gateway.notify.console_log import ConsoleLog, ConsoleLogSettings
from gateway.state.database import State
from tests.integration.alerting.hooks import ON_CALL, alerting_over, hook_channel, three_hooks
from tests.support.http_fake import HttpFake, Mood
from tests.support.waiting import until
from tests.unit.alerting.response.desk import HOUR, NOON


async def test_it_finds_who_cannot_be_reached_beats_and_stops(tmp_path: Path) -> None:
    ticked = [NOON]
    async with HttpFake().listening() as watcher, three_hooks() as hooks, httpx.AsyncClient() as client:
        with State.open(tmp_path, NOON, reserve_bytes=4_096) as state:
            heartbeat = HeartbeatSettings(url=SecretStr(f"{watcher.base}/ping"))
            plan = Plan(AlertSettings(heartbeat=heartbeat), Holidays(), ON_CALL)
            alerting = alerting_over(state, plan, lambda: NOON)
            channels = {name: hook_channel(name, hooks[name], client) for name in ("one", "two")}
            async with AlertService.open(alerting, channels, client, lambda: ticked[0]) as service:
                running = asyncio.create_task(service.run(), name="alert-service")
                await until(lambda: "ONC-02" in {row.rule for row in state.alerts.page(10)})
                await until(lambda: watcher.requests)
                assert service.working() == {"one", "two"}
                service.stop()
                await running


async def test_a_channel_that_fails_is_observed_until_it_works(tmp_path: Path) -> None:
    ahead = [0]
    async with three_hooks() as hooks, httpx.AsyncClient() as client:
        with State.open(tmp_path, NOON, reserve_bytes=4_096) as state:
            plan = Plan(AlertSettings(), Holidays(), ON_CALL)
            alerting = alerting_over(state, plan, lambda: NOON + ahead[0])
            channels = {name: hook_channel(name, hook, client) for name, hook in hooks.items()}
            hooks["one"].mood = Mood.ERROR
            async with AlertService.open(alerting, channels, client, lambda: NOON) as service:
                running = asyncio.create_task(service.run(), name="alert-service")
                burst(alerting.alerts)

                def failing() -> bool:
                    ahead[0] += 1_000
                    return "one" not in service.working()

                await until(failing, 20)
                told = {one.device: one.fields for one in service.observations(NOON + ahead[0])}
                assert told["one"] == {"notify_errors_count": 3}
                assert told["two"] == {"notify_errors_count": 0}
                assert told["gateway"] == {"test_message_waiting_s": 0}
                assert service.working() == {"two", "three"}
                assert service.observations(NOON + HOUR)[0].fields == {"notify_errors_count": 0}
                service.stop()
                await running


async def test_without_anybody_on_call_messages_go_to_the_console(tmp_path: Path) -> None:
    async with httpx.AsyncClient() as client:
        with State.open(tmp_path, NOON, reserve_bytes=4_096) as state:
            alerting = alerting_over(state, Plan(AlertSettings(), Holidays()), lambda: NOON)
            console = ConsoleLog("console", ConsoleLogSettings(), client)
            async with AlertService.open(alerting, {"console": console}, client, lambda: NOON) as service:
                running = asyncio.create_task(service.run(), name="alert-service")
                burst(alerting.alerts)
                await until(lambda: [row.state for row in state.notifications.page(10)] == ["sent"])
                assert not [row for row in state.alerts.page(10) if row.rule.startswith("ONC")]
                service.stop()
                await running


def burst(alerts: Alerts) -> None:
    """Let a burst open."""
    opened = Transition(Key("WA-02", "a", "d"), Change.OPENED, "P1", NOON, NOON, NOON, 28.0, 25.0)
    alerts.apply([opened], 1, NOON)
