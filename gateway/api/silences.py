"""Silences: what nobody wants to be told of for a while, until when, and what that would hide."""

import asyncio
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response
from ulid import ULID

from gateway.api.access import Principal
from gateway.api.alert_answers import preview_answer, silence_item
from gateway.api.asking import Asked, Operator, Viewer, check_place, reaches, somebody
from gateway.api.duty_shapes import (
    MatchBody,
    PreviewAnswer,
    PreviewBody,
    SilenceAnswer,
    SilenceBody,
    SilencesAnswer,
)
from gateway.api.paging import visible_page
from gateway.api.problems import WRITES, Problem, not_found, responses
from gateway.api.services import Services
from gateway.api.values import Page, json_response, list_response, parse_time, read_cursor
from gateway.domain.local_time import DAY_MS
from gateway.domain.silences import Match, Silence
from gateway.state.audit import Deed

router = APIRouter(tags=["silences"])

LATELY_MS = 7 * DAY_MS


@router.get(
    "/silences",
    response_model=SilencesAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def list_silences(services: Asked, principal: Viewer, query: Annotated[Page, Query()]) -> Response:
    """List silences, newest first: those in force, to come, and ended."""
    before = None if query.cursor is None else read_cursor(query.cursor, str)
    page, following, hid = await asyncio.to_thread(listed, services, principal, query.limit, before)
    now = services.clock()
    return list_response((silence_item(silence, now, hid.get(silence.id)) for silence in page), following)


@router.post(
    "/silences",
    response_model=SilenceAnswer,
    status_code=HTTPStatus.CREATED,
    responses=responses(*WRITES),
)
async def add_silence(services: Asked, principal: Operator, body: SilenceBody) -> Response:
    """Hide messages until a stated end; what is about a life is told all the same."""
    match = match_of(services, principal, body.match)
    silence = _silence(services, match, body, somebody(principal, body.by))
    await asyncio.to_thread(services.state.silences.add, silence)
    item = silence_item(silence, services.clock(), None)
    await asyncio.to_thread(services.state.audit.note, _deed(services, silence.by, "silence.add", item))
    return json_response(item, HTTPStatus.CREATED)


@router.post("/silences/preview", response_model=PreviewAnswer, responses=responses(*WRITES))
async def preview_silence(services: Asked, principal: Viewer, body: PreviewBody) -> Response:
    """Say what a silence would hide now, and how much it would have hidden in the last 7 days."""
    match = match_of(services, principal, body.match)
    since = services.clock() - LATELY_MS
    return json_response(preview_answer(await asyncio.to_thread(services.alerts.hidden, match, since)))


@router.delete("/silences/{silence_id}", response_model=SilenceAnswer, responses=responses(*WRITES))
async def end_silence(services: Asked, principal: Operator, silence_id: str) -> Response:
    """End a silence now; it stays on record."""
    return json_response(await end_of(services, principal, silence_id))


async def end_of(services: Services, principal: Principal, silence_id: str) -> dict[str, object]:
    """End a silence and return it; Problem when it is not there, over, or about other regions too."""
    silences, now = services.state.silences, services.clock()
    silence = await asyncio.to_thread(silences.get, silence_id)
    if silence is None or not _sees(services, principal, silence):
        raise not_found("silence_id", silence_id)
    if not reaches(services, principal, silence.match.station_id, silence.match.region):
        detail = "this silence is about other regions too"
        raise Problem(HTTPStatus.FORBIDDEN, "path", "silence_id", detail)
    if not await asyncio.to_thread(silences.end, silence_id, now):
        raise Problem(HTTPStatus.CONFLICT, "path", "silence_id", "this silence has ended before")
    ended = await asyncio.to_thread(silences.get, silence_id)
    item = silence_item(ended or silence, now, None)
    deed = _deed(services, principal.name or "", "silence.end", item)
    await asyncio.to_thread(services.state.audit.note, deed)
    return item


def match_of(services: Services, principal: Principal, body: MatchBody) -> Match:
    """Return what a silence is about; Problem for a place or rule there is not, or of somebody else."""
    check_place(services, principal, body.station_id, body.region)
    if body.rule is not None and services.rules.rule(body.rule) is None:
        detail = f"there is no rule {body.rule!r}; GET /rules lists them"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", "match.rule", detail)
    return Match(body.station_id, body.region, body.rule, body.severity)


def _silence(services: Services, match: Match, body: SilenceBody, by: str) -> Silence:
    now = services.clock()
    start = now if body.start is None else parse_time(body.start)
    end = parse_time(body.end)
    if end <= now:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", "end", "the end has passed")
    try:
        return Silence(str(ULID.from_timestamp(now)), match, body.reason, by, start, end)
    except ValueError as error:
        detail = str(error).removeprefix("end: ")
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", "end", detail) from None


def listed(
    services: Services, principal: Principal, limit: int, before: str | None
) -> tuple[list[Silence], str | None, dict[str, int]]:
    """Return a page of silences, where the next begins, and when each last hid something."""
    silences = services.state.silences
    page, following = visible_page(
        silences.page, lambda silence: _sees(services, principal, silence), limit, before
    )
    return page, following, silences.last_hid()


def _sees(services: Services, principal: Principal, silence: Silence) -> bool:
    """Whether a silence is about something this one sees: one without place is about everything."""
    station_id, region = silence.match.station_id, silence.match.region
    everywhere = station_id is None and region is None
    return everywhere or reaches(services, principal, station_id, region)


def _deed(services: Services, by: str, action: str, item: dict[str, object]) -> Deed:
    return Deed(services.clock(), by, action, str(item["id"]), item)
