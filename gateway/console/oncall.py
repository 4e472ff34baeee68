"""The page of who is on call: now, and what is wrong in the 14 days ahead."""

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from gateway.api.asking import Asked
from gateway.console.rendering import Language, Person, page
from gateway.console.showing import clock, minute
from gateway.console.texts import Lang, translator
from gateway.domain.oncall import FALLBACK, OVERRIDE, Duty, Rota
from gateway.domain.registry import DEFAULT_TZ
from gateway.queries.rota import RotaView

GAPS_SHOWN = 100

router = APIRouter(include_in_schema=False)


@router.get("/on-call")
async def on_call_page(services: Asked, person: Person, lang: Language) -> Response:
    """Show who is called now, the gaps, whom no channel reaches, and who stands in."""
    view = await asyncio.to_thread(services.on_call.view, services.clock(), person.regions)
    tz = DEFAULT_TZ if view.rota is None else view.rota.tz
    return page(
        "oncall.html",
        lang,
        view=view,
        elsewhere=translator(lang)("other_regions" if _tells_apart(view) else "all_regions"),
        called=[(one, _names(view.rota, one.chain, lang)) for one in view.called if view.rota],
        gaps=[(gap, minute(gap.start, tz), minute(gap.end, tz)) for gap in view.gaps[:GAPS_SHOWN]],
        fallback=_fallback(view),
        unreachable=[(_name(view, who), minute(since, tz)) for who, since in view.unreachable.items()],
        overrides=[
            (_name(view, one.person), one, minute(one.start, tz), minute(one.end, tz))
            for one in view.overrides
        ],
        as_of=clock(view.at, tz),
    )


def _names(rota: Rota, chain: tuple[Duty, ...], lang: Lang) -> str:
    t = translator(lang)
    words = {FALLBACK: t("fallback"), OVERRIDE: t("override")}
    return " → ".join(f"{rota.people[duty.person].name} ({words.get(duty.by, duty.by)})" for duty in chain)


def _tells_apart(view: RotaView) -> bool:
    return any(called.region is not None for called in view.called)


def _fallback(view: RotaView) -> str:
    return "" if view.rota is None else _name(view, view.rota.fallback)


def _name(view: RotaView, person: str) -> str:
    people = {} if view.rota is None else view.rota.people
    return people[person].name if person in people else person
