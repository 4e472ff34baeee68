"""Readings of one station, raw or in buckets."""

import asyncio
from contextlib import closing
from http import HTTPStatus
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import duckdb
import structlog
from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field
from starlette.responses import Response

from gateway.api.answers import reading_item
from gateway.api.asking import Asked, Viewer, check_visible
from gateway.api.problems import Problem, responses
from gateway.api.services import Services
from gateway.api.shapes import ReadingsAnswer
from gateway.api.values import Page, Time, list_response, parse_time, read_cursor
from gateway.domain.buckets import Every
from gateway.domain.registry import check_zone
from gateway.errors import StoreClosedError
from gateway.timeseries.asked import Fn, Position, ReadingQuery, StoredReading, fields_for
from gateway.timeseries.corrections import Stream, streams_of
from gateway.timeseries.reader import read

log = structlog.get_logger(__name__)

router = APIRouter(tags=["readings"])

DAY_MS = 86_400_000
MOST_DAYS = 3_700
"""Ten years and a bit: aggregates are kept for five."""

Domain = Literal["occupancy", "access", "water", "power", "environment", "facility", "agent"]


class ReadingsQuery(Page):
    """What to read: `start` <= ts < `end`, without them the last 24 hours."""

    device: str | None = Field(None, max_length=4_096, description="Devices, separated by commas.")
    fields: str | None = Field(None, max_length=4_096, description="Fields, separated by commas.")
    every: Every = Every.RAW
    fn: Fn | None = Field(None, description="With `every`; `mean` unless said otherwise.")
    tz: Annotated[str, AfterValidator(check_zone)] | None = Field(
        None, description="Time zone of days, months and years; the station's own unless said otherwise."
    )
    start: Time | None = None
    end: Time | None = None
    identity: bool = Field(
        default=False, description="With raw readings: `stream`, `seq` and `index`, which a correction names."
    )


@router.get(
    "/stations/{station_id}/readings/{domain}",
    response_model=ReadingsAnswer,
    responses=responses(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
async def list_readings(
    services: Asked,
    principal: Viewer,
    station_id: str,
    domain: Domain,
    query: Annotated[ReadingsQuery, Query()],
) -> Response:
    """List a station's readings, oldest first. A bucket carries its start, and is there if it has values."""
    check_visible(services, principal, station_id)
    asked = _reading_query(services, station_id, domain, query)
    async with services.readers:
        found, streams = await asyncio.to_thread(_read_store, services, asked, identity=query.identity)
    page = found[: query.limit]
    following = page[-1].position if len(found) > query.limit else None
    return list_response((reading_item(one, streams.get(one.position.frame)) for one in page), following)


def _read_store(
    services: Services, query: ReadingQuery, *, identity: bool
) -> tuple[list[StoredReading], dict[int, Stream]]:
    try:
        with closing(services.cursor()) as cursor:
            found = read(cursor, query)
            frames = {one.position.frame for one in found} if identity and query.every is Every.RAW else set()
            return found, streams_of(cursor, frames)
    except duckdb.Error as error:
        log.exception("store_cannot_be_read", station_id=query.station_id, domain=query.domain)
        raise StoreClosedError("it could not be read; the log says why") from error


def _reading_query(services: Services, station_id: str, domain: str, query: ReadingsQuery) -> ReadingQuery:
    start, end = _span(query, services.clock())
    return ReadingQuery(
        station_id=station_id,
        domain=domain,
        start=start,
        end=end,
        devices=_split(query.device),
        fields=_fields(domain, query),
        every=query.every,
        fn=query.fn or Fn.MEAN,
        tz=ZoneInfo(query.tz or services.registry.tz(station_id)),
        limit=query.limit + 1,
        after=None if query.cursor is None else read_cursor(query.cursor, Position),
    )


def _span(query: ReadingsQuery, now: int) -> tuple[int, int]:
    end = now if query.end is None else parse_time(query.end)
    start = end - DAY_MS if query.start is None else parse_time(query.start)
    if query.start is not None and query.end is not None and start >= end:
        raise _unfit("end", "end comes after start: start <= ts < end")
    if end - start > MOST_DAYS * DAY_MS:
        raise _unfit("start", f"at most {MOST_DAYS} days at a time")
    return start, max(start, end)


def _fields(domain: str, query: ReadingsQuery) -> tuple[str, ...]:
    if query.fn is not None and query.every is Every.RAW:
        raise _unfit("fn", "fn goes with every=1m, 15m, 1h, 1d, 1mo or 1y")
    fit = fields_for(domain, query.every, query.fn or Fn.MEAN)
    asked = _split(query.fields)
    strange = [name for name in asked if name not in fit]
    if strange:
        manner = query.every if query.every is Every.RAW else f"fn={query.fn or Fn.MEAN}"
        raise _unfit(
            "fields", f"no {', '.join(strange)} in {domain} for {manner}; there are {', '.join(fit)}"
        )
    if not fit:
        raise _unfit("fn", f"{domain} has nothing to {query.fn}")
    return asked


def _split(names: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in (names or "").split(",") if name.strip()))


def _unfit(field: str, detail: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "query", field, detail)
