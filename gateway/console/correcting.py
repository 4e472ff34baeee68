"""The page on which a value of a reading is corrected, once one has seen what changes."""

import asyncio
import json
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api.access import Principal
from gateway.api.asking import Asked, visible_station
from gateway.api.corrections import make_correction
from gateway.api.services import Services
from gateway.console.forms import Form, Refusal, carry_out, check_operator, form_of, page_or_refusal, why
from gateway.console.rendering import Language, Person, page
from gateway.console.showing import clock, shown_value
from gateway.console.stored import Named, correct_path, found, named, station_path
from gateway.console.texts import Lang, field_name
from gateway.console.values import choices, range_of, value_of
from gateway.timeseries.corrections import Found

_NEW = ("value", "remove")

router = APIRouter(include_in_schema=False)


@router.get("/stations/{station_id}/corrections/new")
async def correct_page(
    services: Asked, person: Person, lang: Language, station_id: str, request: Request
) -> Response:
    """Show what a reading says, a form for what is right, and what that would change."""
    form = Form(dict(request.query_params))

    async def making() -> Response:
        check_operator(person)
        visible_station(services, person, station_id)
        return await _page(services, person, lang, station_id, form)

    return await page_or_refusal(making, lang, f"{station_path(station_id)}/readings?lang={lang}")


@router.post("/stations/{station_id}/corrections")
async def correct(
    services: Asked, person: Person, lang: Language, station_id: str, request: Request
) -> Response:
    """Correct what was shown, unless somebody has done so since."""
    form = await form_of(request)

    async def doing() -> None:
        visible_station(services, person, station_id)
        one = named(form)
        by, reason = form.doer(person), form.needed("reason", "reason_needed")
        there = await found(services, one.wanted(station_id))
        if form.text("old") != json.dumps(there.value):
            told = shown_value(one.domain, one.field, there.value, lang)
            raise Refusal("already_corrected", HTTPStatus.CONFLICT, value=told)
        body = one.corrected(station_id, _new(one, there, form), reason, by)
        await make_correction(services, person, body)

    then = f"{station_path(station_id)}/corrections?lang={lang}"
    return await carry_out(doing, person, lang, then, _back(station_id, lang, form))


async def _page(services: Services, person: Principal, lang: Lang, station_id: str, form: Form) -> Response:
    one = named(form)
    there = await found(services, one.wanted(station_id))
    new, fault = _preview(one, there, form, lang)
    return page(
        "correct.html",
        lang,
        station_id=station_id,
        named=one.asked(),
        field=field_name(one.domain, one.field, lang),
        time=clock(there.ts, services.registry.tz(station_id)),
        says=shown_value(one.domain, one.field, there.value, lang),
        old=json.dumps(there.value),
        is_corrected=await asyncio.to_thread(_is_corrected, services, station_id, one, there),
        type=one.measure.type,
        choices=choices(one.measure, lang),
        range=range_of(one.measure),
        by=person.name,
        query=urlencode(one.asked() | form.given(*_NEW)),
        asked={name: form.text(name) for name in _NEW},
        new=new,
        fault=fault,
    )


def _preview(one: Named, there: Found, form: Form, lang: Lang) -> tuple[str | None, str | None]:
    """Return what would stand there, and why it cannot; None while nothing is asked for."""
    if not form.given(*_NEW):
        return None, None
    try:
        return shown_value(one.domain, one.field, _new(one, there, form), lang), None
    except Refusal as refusal:
        return None, why(refusal, lang)


def _new(one: Named, there: Found, form: Form) -> object:
    value = value_of(one.measure, form)
    if value == there.value:
        raise Refusal("value_same")
    return value


def _is_corrected(services: Services, station_id: str, one: Named, there: Found) -> bool:
    within = (there.ts, there.ts + 1)
    before = services.state.corrections.touched(station_id, one.domain, one.field, within)
    return there.identity in before


def _back(station_id: str, lang: Lang, form: Form) -> str:
    """Return the page the form stands on, with what was asked for there."""
    try:
        return correct_path(station_id, lang, named(form), **form.given(*_NEW))
    except Refusal:
        return f"{station_path(station_id)}/readings?lang={lang}"
