"""The page of silences: those there are, and a new one, once one has seen what it would hide."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response
from ulid import ULID

from gateway.api.access import Principal, Role
from gateway.api.alert_answers import silence_state
from gateway.api.asking import Asked
from gateway.api.duty_shapes import MatchBody
from gateway.api.problems import Problem
from gateway.api.services import Services
from gateway.api.silences import LATELY_MS, end_of, listed, match_of
from gateway.console.alerts import length
from gateway.console.forms import Form, Refusal, check_operator, form_of, refused, see, shaped
from gateway.console.rendering import Language, Person, page
from gateway.console.showing import clock
from gateway.console.texts import Lang, translator
from gateway.domain.local_time import MINUTE_MS
from gateway.domain.registry import DEFAULT_TZ
from gateway.domain.silences import Match, Silence
from gateway.queries.alerts import Hidden
from gateway.state.audit import Deed

LENGTHS_MIN = (60, 240, 480, 1_440, 4_320, 10_080)
MOST_SILENCES = 200
_FIELDS = ("station_id", "region", "rule", "severity")

router = APIRouter(include_in_schema=False)


@router.get("/silences")
async def silences_page(services: Asked, person: Person, lang: Language, request: Request) -> Response:
    """Show the silences, and what the one asked for in the address would hide."""
    asked = {name: request.query_params.get(name, "").strip() for name in _FIELDS}
    hidden, fault = None, None
    if any(asked.values()):
        try:
            hidden = await _hidden(services, _match(services, person, Form(asked)))
        except (Refusal, Problem) as refusal:
            fault = _words(refusal, lang)
    return await _shown(services, person, lang, asked, hidden=hidden, fault=fault)


@router.post("/silences")
async def add_silence(services: Asked, person: Person, lang: Language, request: Request) -> Response:
    """Silence what was shown."""
    form, now = await form_of(request), services.clock()
    try:
        by, reason = form.doer(person), form.needed("reason", "reason_needed")
        match = _match(services, person, form)
        end = now + form.number("minutes", LENGTHS_MIN) * MINUTE_MS
    except (Refusal, Problem) as refusal:
        return refused(refusal, lang, f"/silences?lang={lang}")
    silence = Silence(str(ULID.from_timestamp(now)), match, reason, by, now, end)
    await asyncio.to_thread(services.state.silences.add, silence)
    deed = Deed(now, by, "silence.add", silence.id, {"reason": reason})
    await asyncio.to_thread(services.state.audit.note, deed)
    return see(f"/silences?lang={lang}")


@router.post("/silences/{silence_id}/end")
async def end_silence(services: Asked, person: Person, lang: Language, silence_id: str) -> Response:
    """End a silence now."""
    try:
        check_operator(person)
        await end_of(services, person, silence_id)
    except (Refusal, Problem) as refusal:
        return refused(refusal, lang, f"/silences?lang={lang}")
    return see(f"/silences?lang={lang}")


def _match(services: Services, person: Principal, form: Form) -> Match:
    given = form.given(*_FIELDS)
    if not given:
        raise Refusal("silence_empty")
    return match_of(services, person, shaped(MatchBody, given))


async def _hidden(services: Services, match: Match) -> Hidden:
    return await asyncio.to_thread(services.alerts.hidden, match, services.clock() - LATELY_MS)


async def _shown(
    services: Services,
    person: Principal,
    lang: Lang,
    asked: Mapping[str, str],
    *,
    hidden: Hidden | None,
    fault: str | None,
) -> Response:
    page_of, _, _ = await asyncio.to_thread(listed, services, person, MOST_SILENCES, None)
    now, may_act = services.clock(), person.role >= Role.OPERATOR
    return page(
        "silences.html",
        lang,
        silences=[
            (
                silence,
                silence_state(silence, now),
                clock(silence.start, DEFAULT_TZ),
                clock(silence.end, DEFAULT_TZ),
                may_act and silence.end > now,
            )
            for silence in page_of
        ],
        asked=asked,
        hidden=hidden,
        fault=fault,
        by=person.name,
        may_act=may_act,
        lengths=[(minutes, length(minutes, lang)) for minutes in LENGTHS_MIN],
    )


def _words(refusal: Refusal | Problem, lang: Lang) -> str:
    if isinstance(refusal, Refusal):
        return translator(lang)(refusal.key, **refusal.told)
    return refusal.detail
