"""The page of silences: those there are, and a new one, once one has seen what it would hide."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response
from ulid import ULID

from gateway.api.access import Principal
from gateway.api.alert_answers import silence_state
from gateway.api.asking import Asked
from gateway.api.duty_shapes import MatchBody
from gateway.api.problems import Problem
from gateway.api.services import Services
from gateway.api.silences import LATELY_MS, end_of, listed, match_of
from gateway.console.forms import Form, Refusal, carry_out, form_of, may_act, shaped, why
from gateway.console.rendering import Language, Person, page
from gateway.console.showing import Line, clock, lengths, words
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
            fault = why(refusal, lang)
    return await _shown(services, person, lang, asked, hidden=hidden, fault=fault)


@router.post("/silences")
async def add_silence(services: Asked, person: Person, lang: Language, request: Request) -> Response:
    """Silence what was shown."""
    form, now = await form_of(request), services.clock()

    async def doing() -> None:
        by, reason = form.doer(person), form.needed("reason", "reason_needed")
        match = _match(services, person, form)
        end = now + form.number("minutes", LENGTHS_MIN) * MINUTE_MS
        silence = Silence(str(ULID.from_timestamp(now)), match, reason, by, now, end)
        await asyncio.to_thread(services.state.silences.add, silence)
        deed = Deed(now, by, "silence.add", silence.id, {"reason": reason})
        await asyncio.to_thread(services.state.audit.note, deed)

    return await carry_out(doing, person, lang, f"/silences?lang={lang}")


@router.post("/silences/{silence_id}/end")
async def end_silence(services: Asked, person: Person, lang: Language, silence_id: str) -> Response:
    """End a silence now."""
    return await carry_out(
        lambda: end_of(services, person, silence_id), person, lang, f"/silences?lang={lang}"
    )


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
    now = services.clock()
    return page(
        "silences.html",
        lang,
        lines=[_line(silence, person, lang, now) for silence in page_of],
        asked=asked,
        hidden=hidden,
        fault=fault,
        by=person.name,
        may_act=may_act(person),
        lengths=lengths(LENGTHS_MIN, lang),
        query=urlencode({name: value for name, value in asked.items() if value}),
    )


def _line(silence: Silence, person: Principal, lang: Lang, now: int) -> Line:
    t, match = translator(lang), silence.match
    what = words(match.station_id, match.region, match.rule, match.severity)
    since, until = clock(silence.start, DEFAULT_TZ), clock(silence.end, DEFAULT_TZ)
    when = f"{t('from')} {since} {t('until')} {until}"
    told = (what, when, f"{silence.reason} ({silence.by})")
    return Line(silence.id, t(silence_state(silence, now)), told, may_act(person) and silence.end > now)
