"""The page of maintenance windows: those there are, and a new one, once or again and again."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api.access import Principal
from gateway.api.asking import Asked
from gateway.api.duty_shapes import MaintenanceBody, ScopeBody
from gateway.api.maintenance import plan, take_out, visible_windows
from gateway.api.services import Services
from gateway.console.forms import Form, Refusal, carry_out, form_of, may_act, shaped
from gateway.console.rendering import Language, Person, page
from gateway.console.showing import Line, lengths, minute, words
from gateway.console.texts import Lang, translator
from gateway.domain.registry import DEFAULT_TZ
from gateway.domain.schedules import Maintenance, next_windows

LENGTHS_MIN = (30, 60, 120, 240, 480, 720, 1_440, 2_880, 10_080)
REPEATS: Mapping[str, str] = {
    "repeats_daily": "FREQ=DAILY",
    "repeats_weekly": "FREQ=WEEKLY",
    "repeats_monthly": "FREQ=MONTHLY",
}
"""What is offered: on the day of the week or month on which it first begins."""
MOST_WINDOWS = 200
_WHERE = ("station_id", "region", "device")

router = APIRouter(include_in_schema=False)


@router.get("/maintenance")
async def maintenance_page(services: Asked, person: Person, lang: Language) -> Response:
    """Show the windows, and a form for another."""
    windows = await asyncio.to_thread(visible_windows, services, person)
    return page(
        "maintenance.html",
        lang,
        lines=await asyncio.to_thread(
            lambda: [_line(services, person, lang, window) for window in windows[:MOST_WINDOWS]]
        ),
        by=person.name,
        may_act=may_act(person),
        lengths=lengths(LENGTHS_MIN, lang),
        repeats=REPEATS,
    )


@router.post("/maintenance")
async def add_window(services: Asked, person: Person, lang: Language, request: Request) -> Response:
    """Plan a window."""
    form = await form_of(request)
    return await carry_out(
        lambda: plan(services, person, _body(form, person)), person, lang, f"/maintenance?lang={lang}"
    )


@router.post("/maintenance/{window_id}/end")
async def end_window(services: Asked, person: Person, lang: Language, window_id: str) -> Response:
    """Take a window out, with all its times to come."""
    return await carry_out(
        lambda: take_out(services, person, window_id), person, lang, f"/maintenance?lang={lang}"
    )


def _body(form: Form, person: Principal) -> MaintenanceBody:
    by, where = form.doer(person), form.given(*_WHERE)
    if not {"station_id", "region"} & where.keys():
        raise Refusal("window_where")
    if "device" in where and "station_id" not in where:
        raise Refusal("device_of_which")
    given: dict[str, object] = {
        "match": shaped(ScopeBody, where),
        "start": form.on_the_wall("start").isoformat(timespec="minutes"),
        "duration_s": form.number("minutes", LENGTHS_MIN) * 60,
        "reason": form.needed("reason", "reason_needed"),
        "by": by,
    }
    return shaped(MaintenanceBody, {**given, **form.given("rrule")})


def _line(services: Services, person: Principal, lang: Lang, window: Maintenance) -> Line:
    t, scope = translator(lang), window.scope
    tz = window.when.tz or (
        DEFAULT_TZ if scope.station_id is None else services.registry.tz(scope.station_id)
    )
    now = services.clock()
    coming = next(iter(next_windows(window.when, now, tz, 1)), None)
    if coming is None:
        state, when = "ended", window.when.begins.strftime("%Y-%m-%d %H:%M")
    else:
        state = "in_force" if coming[0] <= now else "to_come"
        when = " – ".join(minute(at, tz) for at in coming)
    if window.when.rule:
        known = next((key for key, rule in REPEATS.items() if rule == window.when.rule), None)
        when += f" · {t(known) if known else window.when.rule}"
    where = words(scope.station_id, scope.device, scope.region)
    told = (where, when, f"{window.reason} ({window.by})")
    return Line(window.id, t(state), told, may_act(person) and coming is not None)
