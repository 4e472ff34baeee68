"""Three webhooks, and alerts over a state of their own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from pydantic import SecretStr

from gateway.alerting.response.assembly import Alerting, Plan
from gateway.alerting.response.settings import OnCallSettings
from gateway.alerting.response.surroundings import StationFacts, Surroundings
from gateway.notify.links import Links
from gateway.notify.notifier import Notifier
from gateway.notify.webhook import Webhook, WebhookSettings
from gateway.state.database import State
from tests.support.http_fake import HttpFake
from tests.unit.alerting.response.desk import RULES

ON_CALL = OnCallSettings.model_validate(
    {
        "people": {
            "li": {"name": "Li", "channels": ["one", "two"]},
            "wang": {"name": "Wang", "channels": ["three"]},
        },
        "layers": [{"name": "first", "people": ["li"], "first_day": "2026-01-01"}],
        "fallback": "wang",
        "steps": {"P1": [{"to": ["first"], "channels": "first"}]},
    }
)


@asynccontextmanager
async def three_hooks() -> AsyncIterator[dict[str, HttpFake]]:
    """Listen on three doors."""
    one, two, three = HttpFake(), HttpFake(), HttpFake()
    async with one.listening(), two.listening(), three.listening():
        yield {"one": one, "two": two, "three": three}


def hook_channel(name: str, hook: HttpFake, client: httpx.AsyncClient) -> Notifier:
    """Return the channel that posts to a webhook."""
    return Webhook(name, WebhookSettings(url=SecretStr(f"{hook.base}/"), secret=SecretStr("s")), client)


def alerting_over(state: State, plan: Plan, clock: Callable[[], int]) -> Alerting:
    """Return the life of alerts over a state, at stations that were heard just now."""
    return Alerting.over(
        state,
        Surroundings(RULES.get, lambda _station: StationFacts(heard=clock())),
        plan,
        lambda station: {"zh": f"{station}驿站", "en": f"Station {station}"},
        Links(b"k" * 32),
        clock,
    )
