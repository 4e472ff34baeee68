"""The page of corrections: what people corrected at a station, and whether the store has done it."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from gateway.api.asking import Asked, visible_station
from gateway.api.paging import visible_page
from gateway.api.services import Services
from gateway.api.values import read_cursor, write_cursor
from gateway.console.forms import may_act, page_or_refusal
from gateway.console.rendering import Language, Person, page
from gateway.console.showing import clock, shown_value
from gateway.console.stored import Named, ask_store, correct_path, station_path
from gateway.console.texts import Lang, field_name, translator
from gateway.state.corrections import Correction
from gateway.timeseries.corrections import undone

CORRECTIONS_A_PAGE = 100

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ShownCorrection:
    """One correction as people read it; ``again`` is the page that corrects its one reading once more."""

    made: str
    point: str
    time: str
    field: str
    old: str
    new: str
    reason: str
    by: str
    waits: bool
    again: str | None


@router.get("/stations/{station_id}/corrections")
async def corrections_page(
    services: Asked,
    person: Person,
    lang: Language,
    station_id: str,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> Response:
    """Show what people corrected at a station, newest first."""

    async def making() -> Response:
        visible_station(services, person, station_id)
        before = None if cursor is None else read_cursor(cursor, str)
        listed, following = await asyncio.to_thread(_made, services, station_id, before)
        counts = {one.id: one.count for one in listed}
        waiting = await ask_store(services, lambda store: undone(store, counts))
        tz = services.registry.tz(station_id)
        return page(
            "corrections.html",
            lang,
            station_id=station_id,
            lines=[_line(one, tz, lang, waiting) for one in listed],
            may_act=may_act(person),
            next_page=following and _address(station_id, lang, following),
        )

    return await page_or_refusal(making, lang, f"/?lang={lang}")


def _made(services: Services, station_id: str, before: str | None) -> tuple[list[Correction], str | None]:
    def fetch(limit: int, before: str | None) -> Sequence[Correction]:
        return services.state.corrections.page(limit, before, station_id=station_id)

    return visible_page(fetch, lambda _: True, CORRECTIONS_A_PAGE, before)


def _address(station_id: str, lang: Lang, following: str) -> str:
    asked = urlencode({"lang": lang, "cursor": write_cursor(following)})
    return f"{station_path(station_id)}/corrections?{asked}"


def _line(one: Correction, tz: str, lang: Lang, waiting: Collection[str]) -> ShownCorrection:
    t, first = translator(lang), one.readings[0]
    time = clock(first.ts, tz)
    old = shown_value(one.domain, one.field, first.old, lang)
    is_single = one.count == 1
    return ShownCorrection(
        made=clock(one.at, tz),
        point=f"{t(one.domain)} {one.device}",
        time=time if is_single else t("several_readings", n=one.count, time=time),
        field=field_name(one.domain, one.field, lang),
        old=old if is_single else t("and_more", value=old),
        new=t("taken_away") if one.removed else shown_value(one.domain, one.field, one.value, lang),
        reason=one.reason,
        by=one.by,
        waits=one.id in waiting,
        again=correct_path(one.station_id, lang, Named.of(one)) if is_single else None,
    )
