"""The page of maintenance windows: those there are, and a new one, once or again and again."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api.access import Principal, Role
from gateway.api.asking import Asked
from gateway.api.duty_shapes import MaintenanceBody, ScopeBody
from gateway.api.maintenance import plan, take_out, visible_windows
from gateway.api.problems import Problem
from gateway.api.services import Services
from gateway.console.alerts import length
from gateway.console.forms import Form, Refusal, check_operator, form_of, refused, see, shaped
from gateway.console.rendering import Language, Person, page
from gateway.console.showing import minute
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
        windows=await asyncio.to_thread(
            lambda: [_shown(services, person, window) for window in windows[:MOST_WINDOWS]]
        ),
        by=person.name,
        may_act=person.role >= Role.OPERATOR,
        lengths=[(minutes, length(minutes, lang)) for minutes in LENGTHS_MIN],
        repeats=REPEATS,
    )


@router.post("/maintenance")
async def add_window(services: Asked, person: Person, lang: Language, request: Request) -> Response:
    """Plan a window."""
    form = await form_of(request)
    try:
        await plan(services, person, _body(form, person))
    except (Refusal, Problem) as refusal:
        return refused(refusal, lang, f"/maintenance?lang={lang}")
    return see(f"/maintenance?lang={lang}")


@router.post("/maintenance/{window_id}/end")
async def end_window(services: Asked, person: Person, lang: Language, window_id: str) -> Response:
    """Take a window out, with all its times to come."""
    try:
        check_operator(person)
        await take_out(services, person, window_id)
    except (Refusal, Problem) as refusal:
        return refused(refusal, lang, f"/maintenance?lang={lang}")
    return see(f"/maintenance?lang={lang}")


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


def _shown(
    services: Services, person: Principal, window: Maintenance
) -> tuple[Maintenance, str, str, str, bool]:
    """Return a window, its state, when it is or was, its own name for how it repeats, who may end it."""
    tz = window.when.tz or (
        DEFAULT_TZ if window.scope.station_id is None else services.registry.tz(window.scope.station_id)
    )
    now = services.clock()
    coming = next(iter(next_windows(window.when, now, tz, 1)), None)
    repeats = next((key for key, rule in REPEATS.items() if rule == window.when.rule), "")
    may_end = person.role >= Role.OPERATOR and coming is not None
    if coming is None:
        return window, "ended", window.when.begins.strftime("%Y-%m-%d %H:%M"), repeats, may_end
    begin, end = coming
    state = "in_force" if begin <= now else "to_come"
    return window, state, f"{minute(begin, tz)} – {minute(end, tz)}", repeats, may_end
