"""Decides and sends alerts as a process of its own, to be killed at any instant.

``python -m tests.support.notifying DATA URL ALERTS``: for every line on stdin a child is forked that goes on
where the last one was killed: it applies the transitions of ``ALERTS`` stations, one a frame, and posts every
message to the webhook at ``URL``. The parent prints the child's id, and `ended` when it is gone.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

import httpx
from pydantic import SecretStr

from catalogue.model import Rule
from gateway.alerting.response import outbox
from gateway.alerting.response.assembly import Alerting, Plan
from gateway.alerting.response.settings import AlertSettings, OnCallSettings
from gateway.alerting.response.surroundings import StationFacts, Surroundings
from gateway.domain.alerts import Change, Key, Transition
from gateway.domain.holidays import Holidays
from gateway.notify.links import Links
from gateway.notify.webhook import Webhook, WebhookSettings
from gateway.state.database import State

OPENED = 1_795_334_400_000
CHANNEL = "hook"

BURST = Rule.model_validate(
    {
        "id": "WA-02",
        "name": {"zh": "爆管", "en": "Burst"},
        "kind": "threshold",
        "subject": "water.water_flow_l_per_min",
        "with": {},
        "levels": [{"severity": "P1"}],
        "first_action": {"zh": "关阀", "en": "Close the valve"},
        "reason": {"zh": "测试", "en": "Test"},
        "source": "own",
    }
)
ON_CALL = OnCallSettings.model_validate(
    {"people": {"li": {"name": "Li", "channels": [CHANNEL]}}, "fallback": "li"}
)


def now_ms() -> int:
    """Read the clock."""
    return time.time_ns() // 1_000_000  # noqa: TID251 - a program of its own


def transition(number: int) -> Transition:
    """What frame ``number`` leads to."""
    key = Key(BURST.id, f"station-{number}", "main")
    at = OPENED + number
    return Transition(key, Change.OPENED, "P1", at, at, at, 28.0, 25.0)


async def decide_and_send(data: Path, url: str, alerts: int) -> None:
    """Go on where the database says we were, until killed."""
    outbox.URGENT_ONE_BY_ONE = 10 * alerts  # every alert is counted here, so none may go into a summary
    settings = WebhookSettings(url=SecretStr(url), secret=SecretStr("shared"))
    with State.open(data, OPENED, reserve_bytes=4_096) as state:
        alerting = Alerting.over(
            state,
            Surroundings(lambda _rule: BURST, lambda _station: StationFacts(heard=now_ms())),
            Plan(AlertSettings(), Holidays(), ON_CALL),
            lambda station: {"zh": station, "en": station},
            Links(b"k" * 32),
            now_ms,
        )
        async with httpx.AsyncClient() as client:
            hook = Webhook(CHANNEL, settings, client)
            async with alerting.open_dispatcher({CHANNEL: hook}) as dispatcher:
                sending = asyncio.create_task(dispatcher.run(), name="dispatcher")
                for number in range(alerting.alerts.watermark() + 1, alerts):
                    await asyncio.to_thread(alerting.alerts.apply, [transition(number)], number, now_ms())
                await sending


def main() -> None:
    """Fork a child for every line on stdin."""
    data, url, alerts = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            # the parent alone speaks on stdout: what a child logged there was taken for its end
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            asyncio.run(decide_and_send(data, url, alerts))
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
