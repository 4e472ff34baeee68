"""What the forms on the page of an alert do."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.alerting.response.life import Alerts
from gateway.api.alerts import act
from gateway.api.asking import Asked, visible_alert
from gateway.console.alerts import SNOOZES_MIN
from gateway.console.forms import Form, Refusal, carry_out, form_of
from gateway.console.rendering import Language, Person
from gateway.domain.local_time import MINUTE_MS
from gateway.state.alert_rows import Verdict
from gateway.state.audit import Deed

router = APIRouter(include_in_schema=False)


def _acknowledge(life: Alerts, alert_id: str, form: Form, by: str, now: int) -> None:
    life.acknowledge(alert_id, by, form.text("comment"), now)


def _snooze(life: Alerts, alert_id: str, form: Form, by: str, now: int) -> None:
    until = now + form.number("minutes", SNOOZES_MIN) * MINUTE_MS
    life.snooze(alert_id, by, form.text("comment"), until, now)


def _resolve(life: Alerts, alert_id: str, form: Form, by: str, now: int) -> None:
    verdict = form.needed("verdict", "choice_needed")
    if verdict not in set(Verdict):
        raise Refusal("choice_needed")
    life.resolve(alert_id, by, form.text("comment"), Verdict(verdict), now)


_DEEDS: Mapping[str, Callable[[Alerts, str, Form, str, int], None]] = {
    "acknowledge": _acknowledge,
    "snooze": _snooze,
    "resolve": _resolve,
}


@router.post("/alerts/{alert_id}/{deed}")
async def act_on_alert(
    services: Asked,
    person: Person,
    lang: Language,
    alert_id: str,
    deed: Literal["acknowledge", "snooze", "resolve"],
    request: Request,
) -> Response:
    """Acknowledge, snooze or resolve, and show the alert again."""
    back = f"/alerts/{quote(alert_id, safe='')}?lang={lang}"
    form, now = await form_of(request), services.clock()

    async def doing() -> None:
        by = form.doer(person)
        view = await visible_alert(services, person, alert_id)
        await act(services, view, lambda: _DEEDS[deed](services.life, alert_id, form, by, now))
        done = Deed(now, by, f"alert.{deed}", alert_id, {"comment": form.text("comment")})
        await asyncio.to_thread(services.state.audit.note, done)

    return await carry_out(doing, person, lang, back)
