"""What could not be taken, and taking it after all."""

import asyncio
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gateway.api.access import Principal
from gateway.api.answers import quarantine_item
from gateway.api.asking import Asked, Operator, Viewer
from gateway.api.problems import Problem, not_found, responses
from gateway.api.services import Services
from gateway.api.shapes import QuarantineListAnswer, ReplayAnswer
from gateway.api.values import Page, json_response, list_response, read_cursor
from gateway.state.audit import Deed
from gateway.state.quarantined import Entry
from wire.topics import STATION_ID_PATTERN

router = APIRouter(tags=["quarantine"])


class QuarantineQuery(Page):
    """Which entries to list."""

    station_id: str | None = Field(None, pattern=STATION_ID_PATTERN)
    reason: str | None = Field(None, pattern="^[a-z_]{1,40}$")


@router.get(
    "/quarantine",
    response_model=QuarantineListAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def list_quarantine(
    services: Asked, principal: Viewer, query: Annotated[QuarantineQuery, Query()]
) -> Response:
    """List what could not be taken, newest first."""
    entries = await asyncio.to_thread(
        services.state.quarantine.page,
        query.limit + 1,
        None if query.cursor is None else read_cursor(query.cursor, str),
        station_id=query.station_id,
        reason=query.reason,
        regions=principal.regions,
    )
    page = entries[: query.limit]
    following = page[-1].id if len(entries) > query.limit else None
    return list_response((quarantine_item(entry, principal) for entry in page), following)


@router.post(
    "/quarantine/{entry_id}/replay",
    response_model=ReplayAnswer,
    responses=responses(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    ),
)
async def replay_quarantined(services: Asked, principal: Operator, entry_id: str) -> Response:
    """Offer an entry to ingest again, under its own identity; it is taken once at most."""
    entry = await asyncio.to_thread(_visible_entry, services, principal, entry_id)
    if entry.replayed is not None:
        raise Problem(HTTPStatus.CONFLICT, "path", "entry_id", "this entry was taken before")
    outcome = await services.replay(entry_id)
    answer = {
        "id": entry_id,
        "taken": outcome.taken,
        "reason": outcome.reason,
        "detail": outcome.detail,
    }
    deed = Deed(services.clock(), principal.name or "", "quarantine.replay", entry_id, answer)
    await asyncio.to_thread(services.state.audit.note, deed)
    return json_response(answer)


def _visible_entry(services: Services, principal: Principal, entry_id: str) -> Entry:
    entry = services.state.quarantine.get(entry_id)
    if entry is None or not principal.sees(entry.item.region):
        raise not_found("entry_id", entry_id)
    return entry
