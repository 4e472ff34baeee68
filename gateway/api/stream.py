"""Server-sent events: what changed in the fleet and among its alerts."""

from collections.abc import AsyncIterator
from http import HTTPStatus

import orjson
from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from gateway.api.alert_answers import alert_item
from gateway.api.answers import station_item
from gateway.api.asking import Asked, Viewer
from gateway.api.problems import Problem, responses
from gateway.api.services import Services
from gateway.queries.alerts import AlertView
from gateway.queries.feed import Change
from gateway.queries.fleet_list import FleetFilter

router = APIRouter(tags=["stream"])

KEEP_ALIVE_S = 15.0
MOST_LISTENERS = 200


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `station` and `alert`, their data an item of the list.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **responses(
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.SERVICE_UNAVAILABLE,
        ),
    },
)
async def stream_changes(services: Asked, principal: Viewer) -> Response:
    """Tell each station and alert that changed, once a second; a slow client misses what was overtaken."""
    if services.feed.listeners >= MOST_LISTENERS:
        detail = f"{MOST_LISTENERS} clients listen already; ask again later"
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "server", "stream", detail)
    events = _events(services, FleetFilter(regions=principal.regions))
    return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _events(services: Services, wanted: FleetFilter) -> AsyncIterator[bytes]:
    yield b": the stations and alerts that change follow\n\n"
    async for changes in services.feed.listen(wanted, services.clock(), KEEP_ALIVE_S):
        if not changes:
            yield b": still here\n\n"
        for change in changes:
            yield _event(change)


def _event(change: Change) -> bytes:
    if isinstance(change, AlertView):
        return b"event: alert\ndata: " + orjson.dumps(alert_item(change)) + b"\n\n"
    return b"event: station\ndata: " + orjson.dumps(station_item(change)) + b"\n\n"
