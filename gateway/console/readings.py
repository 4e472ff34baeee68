"""The page of a station's readings: a device, a stretch of time, and each value that can be corrected."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import duckdb
from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api.access import Principal
from gateway.api.asking import Asked, visible_station
from gateway.api.services import Services
from gateway.api.values import read_cursor, rfc3339, write_cursor
from gateway.console.forms import Form, Refusal, may_act, page_or_refusal, why
from gateway.console.rendering import Language, Person, page
from gateway.console.showing import ShownValue, clock, shown_values
from gateway.console.stored import Named, ask_store, correct_path, station_path
from gateway.console.texts import Lang, translator
from gateway.domain.local_time import DAY_MS, HOUR_MS, MINUTE_MS, earliest, latest, wall
from gateway.timeseries.asked import Position, ReadingQuery, StoredReading
from gateway.timeseries.corrections import Stream, streams_of
from gateway.timeseries.reader import read
from wire.measures import MEASURES
from wire.topics import DEVICE_PATTERN

READINGS_A_PAGE = 200
MOST_DAYS = 31
NO_STREAM = Stream(None, None)

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ShownReading:
    """One reading: its local time, its values with the page that corrects each, whether any was put in."""

    time: str
    values: Sequence[tuple[ShownValue, str | None]]
    is_substituted: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """What a page lists, and the address of the page after it."""

    rows: Sequence[ShownReading]
    next_page: str | None


@router.get("/stations/{station_id}/readings")
async def readings_page(
    services: Asked, person: Person, lang: Language, station_id: str, request: Request
) -> Response:
    """Show what a device said in a stretch of time, and a form to choose another."""
    form = Form(dict(request.query_params))

    async def making() -> Response:
        visible_station(services, person, station_id)
        return await _page(services, person, lang, station_id, form)

    return await page_or_refusal(making, lang, f"{station_path(station_id)}?lang={lang}")


async def _page(services: Services, person: Principal, lang: Lang, station_id: str, form: Form) -> Response:
    listed, fault = None, None
    tz = services.registry.tz(station_id)
    try:
        query = _query(form, station_id, tz) if form.text("start") else None
    except Refusal as refusal:
        query, fault = None, why(refusal, lang)
    if query is not None:
        listed = await _listed(services, person, lang, query, form)
    asked = _asked(form, services.clock(), tz)
    return page(
        "readings.html",
        lang,
        station_id=station_id,
        points=_points(services, lang, station_id, asked["point"]),
        asked=asked,
        tz=tz,
        listed=listed,
        fault=fault,
        may_act=may_act(person),
        query=urlencode(asked),
    )


async def _listed(
    services: Services, person: Principal, lang: Lang, query: ReadingQuery, form: Form
) -> Listed:
    def answer(cursor: duckdb.DuckDBPyConnection) -> tuple[list[StoredReading], dict[int, Stream]]:
        there = read(cursor, query)
        return there, streams_of(cursor, {one.position.frame for one in there})

    there, streams = await ask_store(services, answer)
    rows = [
        _row(one, streams.get(one.position.frame, NO_STREAM), query, lang, may_correct=may_act(person))
        for one in there[:READINGS_A_PAGE]
    ]
    if len(there) <= READINGS_A_PAGE:
        return Listed(rows, None)
    last = write_cursor(there[READINGS_A_PAGE - 1].position)
    asked = {"lang": lang, **form.given("point", "start", "end"), "cursor": last}
    return Listed(rows, f"{station_path(query.station_id)}/readings?{urlencode(asked)}")


def _query(form: Form, station_id: str, tz: str) -> ReadingQuery:
    domain, _, device = form.text("point").partition(":")
    if domain not in MEASURES or not re.fullmatch(DEVICE_PATTERN, device):
        raise Refusal("choice_needed")
    start, end = earliest(form.on_the_wall("start"), tz), latest(form.on_the_wall("end"), tz)
    if start >= end:
        raise Refusal("span_wrong")
    if end - start > MOST_DAYS * DAY_MS:
        raise Refusal("span_long", n=MOST_DAYS)
    return ReadingQuery(
        station_id,
        domain,
        start,
        end,
        devices=(device,),
        tz=ZoneInfo(tz),
        limit=READINGS_A_PAGE + 1,
        after=read_cursor(form.text("cursor"), Position) if form.text("cursor") else None,
    )


def _row(
    reading: StoredReading, stream: Stream, query: ReadingQuery, lang: Lang, *, may_correct: bool
) -> ShownReading:
    ts, index = reading.position.ts, reading.position.idx
    named = {"domain": query.domain, "device": reading.device, "ts": rfc3339(ts), "index": index}

    def link(field: str) -> str | None:
        if not may_correct or field not in MEASURES[query.domain]:
            return None
        one = Named.model_validate({**named, **stream._asdict(), "field": field})
        return correct_path(query.station_id, lang, one)

    values = shown_values(query.domain, reading.fields, reading.suspect, lang)
    return ShownReading(
        clock(ts, str(query.tz)),
        [(value, link(value.field)) for value in values],
        reading.quality == "substituted",
    )


def _points(services: Services, lang: Lang, station_id: str, asked: str) -> dict[str, str]:
    """Return the devices to choose from, by what the form says of them, and the one that was asked for."""
    station, t = services.details.get(station_id, services.clock()), translator(lang)
    devices = () if station is None else station.devices
    points = {f"{one.domain}:{one.device}": f"{t(one.domain)} {one.device}" for one in devices}
    return {asked: asked, **points} if asked else points


def _asked(form: Form, now: int, tz: str) -> dict[str, str]:
    """Return what was asked for, the last hour at first."""
    hour = {"start": _written(now - HOUR_MS, tz), "end": _written(now + MINUTE_MS, tz)}
    return {"point": "", **hour, **form.given("point", "start", "end")}


def _written(ms: int, tz: str) -> str:
    """Write a time as a field of a form takes it."""
    return wall(ms, tz).isoformat(timespec="minutes")
