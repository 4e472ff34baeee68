"""The page of overrides: who stands in for whom, and somebody else."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api.access import Principal
from gateway.api.asking import Asked
from gateway.api.rota import may_change, stand_down, stand_in
from gateway.api.rota_shapes import OverrideBody
from gateway.api.services import Services
from gateway.api.values import rfc3339
from gateway.console.forms import Form, Refusal, carry_out, form_of, may_act, shaped
from gateway.console.rendering import Language, Person, page
from gateway.console.showing import Line, minute, words
from gateway.console.texts import Lang, translator
from gateway.domain.local_time import earliest, latest
from gateway.domain.oncall import Override, Rota

PAGE = "/on-call/overrides"

router = APIRouter(include_in_schema=False)


@router.get(PAGE)
async def overrides_page(services: Asked, person: Person, lang: Language) -> Response:
    """Show who stands in for whom, now and later, and a form for another."""
    view = await asyncio.to_thread(services.on_call.view, services.clock(), person.regions)
    return page(
        "overrides.html",
        lang,
        rota=view.rota,
        lines=[_line(view.rota, person, lang, one) for one in view.overrides] if view.rota else [],
        by=person.name,
        may_act=may_act(person) and view.rota is not None,
    )


@router.post(PAGE)
async def add_override(services: Asked, person: Person, lang: Language, request: Request) -> Response:
    """Put somebody else on call."""
    form = await form_of(request)
    return await carry_out(
        lambda: stand_in(services, person, _body(services, form, person)), person, lang, f"{PAGE}?lang={lang}"
    )


@router.post(f"{PAGE}/{{override_id}}/end")
async def end_override(services: Asked, person: Person, lang: Language, override_id: str) -> Response:
    """Let the plan hold again."""
    return await carry_out(
        lambda: stand_down(services, person, override_id), person, lang, f"{PAGE}?lang={lang}"
    )


def _line(rota: Rota, person: Principal, lang: Lang, override: Override) -> Line:
    who = rota.people.get(override.person)
    where = words(override.layer or translator(lang)("all_layers"), override.region)
    when = f"{minute(override.start, rota.tz)} – {minute(override.end, rota.tz)}"
    told = (where, when, f"{override.reason} ({override.by})")
    may_end = may_act(person) and may_change(person, override)
    return Line(override.id, override.person if who is None else who.name, told, may_end)


def _body(services: Services, form: Form, person: Principal) -> OverrideBody:
    by, rota = form.doer(person), services.on_call.rota
    if rota is None:
        raise Refusal("on_call_unset")
    given: dict[str, object] = {
        "person": _chosen(form, rota),
        "start": rfc3339(earliest(form.on_the_wall("start"), rota.tz)),
        "end": rfc3339(latest(form.on_the_wall("end"), rota.tz)),
        "by": by,
    }
    return shaped(OverrideBody, {**given, **form.given("layer", "region", "reason")})


def _chosen(form: Form, rota: Rota) -> str:
    person, layer = form.text("person"), form.text("layer")
    if person not in rota.people or layer not in {"", *(one.name for one in rota.layers)}:
        raise Refusal("choice_needed")
    return person
