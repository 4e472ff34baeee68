"""Maintenance windows: planned work, once or again and again, in local time."""

import asyncio
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response
from ulid import ULID

from gateway.api.access import Principal
from gateway.api.alert_answers import maintenance_item
from gateway.api.asking import Asked, Operator, Viewer, check_place, reaches, somebody
from gateway.api.duty_shapes import MaintenanceAnswer, MaintenanceBody, MaintenanceListAnswer
from gateway.api.problems import WRITES, Problem, not_found, responses
from gateway.api.services import Services
from gateway.api.values import Page, json_response, list_response, read_cursor
from gateway.domain.registry import DEFAULT_TZ, check_zone
from gateway.domain.schedules import Maintenance, Recurrence, Scope
from gateway.state.audit import Deed

router = APIRouter(tags=["maintenance"])


@router.get(
    "/maintenance",
    response_model=MaintenanceListAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def list_maintenance(services: Asked, principal: Viewer, query: Annotated[Page, Query()]) -> Response:
    """List maintenance windows with the next times of each, newest first."""
    before = None if query.cursor is None else read_cursor(query.cursor, str)
    seen = await asyncio.to_thread(visible_windows, services, principal)
    windows = [window for window in seen if before is None or window.id < before]
    page = windows[: query.limit]
    items = await asyncio.to_thread(lambda: [_item(services, window) for window in page])
    return list_response(items, page[-1].id if len(windows) > query.limit else None)


@router.post(
    "/maintenance",
    response_model=MaintenanceAnswer,
    status_code=HTTPStatus.CREATED,
    responses=responses(*WRITES),
)
async def add_maintenance(services: Asked, principal: Operator, body: MaintenanceBody) -> Response:
    """Plan work; while it goes on, alerts it may cause are not told."""
    return json_response(await plan(services, principal, body), HTTPStatus.CREATED)


@router.delete("/maintenance/{window_id}", response_model=MaintenanceAnswer, responses=responses(*WRITES))
async def remove_maintenance(services: Asked, principal: Operator, window_id: str) -> Response:
    """Take a window out, with all its times to come."""
    return json_response(await take_out(services, principal, window_id))


def visible_windows(services: Services, principal: Principal) -> list[Maintenance]:
    """List the windows that are this one's business, newest first."""
    seen = (window for window in services.state.maintenance.all() if _sees(services, principal, window))
    return sorted(seen, key=lambda window: window.id, reverse=True)


async def plan(services: Services, principal: Principal, body: MaintenanceBody) -> dict[str, object]:
    """Plan work; Problem when it cannot be, or is not this one's business."""
    check_place(services, principal, body.match.station_id, body.match.region)
    now = services.clock()
    window = Maintenance(
        id=str(ULID.from_timestamp(now)),
        scope=Scope(body.match.station_id, body.match.region, body.match.device),
        when=await asyncio.to_thread(_recurrence, body),
        reason=body.reason,
        by=somebody(principal, body.by),
        created=now,
    )
    item = _item(services, window)
    if not item["next"]:
        raise _wrong("start", "the window is over; begin it later, or give an rrule")
    await asyncio.to_thread(services.state.maintenance.add, window)
    deed = Deed(now, window.by, "maintenance.add", window.id, item)
    await asyncio.to_thread(services.state.audit.note, deed)
    return item


async def take_out(services: Services, principal: Principal, window_id: str) -> dict[str, object]:
    """Take a window out; Problem 404 when there is none, or none this one sees."""
    window = await asyncio.to_thread(services.state.maintenance.get, window_id)
    if window is None or not _sees(services, principal, window):
        raise not_found("window_id", window_id)
    if not await asyncio.to_thread(services.state.maintenance.remove, window_id):
        raise not_found("window_id", window_id)
    item = _item(services, window)
    deed = Deed(services.clock(), principal.name or "", "maintenance.remove", window_id, item)
    await asyncio.to_thread(services.state.audit.note, deed)
    return item


def _recurrence(body: MaintenanceBody) -> Recurrence:
    try:
        tz = None if body.tz is None else check_zone(body.tz)
    except ValueError as error:
        raise _wrong("tz", str(error)) from None
    try:
        begins = datetime.fromisoformat(body.start)
    except ValueError:
        raise _wrong("start", "write local time like 2026-11-24T22:00") from None
    try:
        return Recurrence(begins, timedelta(seconds=body.duration_s), body.rrule, tz)
    except ValueError as error:
        raise _wrong("rrule", str(error).removeprefix("rule: ")) from None


def _item(services: Services, window: Maintenance) -> dict[str, object]:
    station_id = window.scope.station_id
    tz = DEFAULT_TZ if station_id is None else services.registry.tz(station_id)
    return maintenance_item(window, services.clock(), tz)


def _sees(services: Services, principal: Principal, window: Maintenance) -> bool:
    return reaches(services, principal, window.scope.station_id, window.scope.region)


def _wrong(field: str, detail: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", field, detail)
