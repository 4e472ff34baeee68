"""The fleet, worst first, and its stations one by one."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gateway.api.answers import station_answer, station_item
from gateway.api.asking import Asked, Viewer, check_visible
from gateway.api.problems import not_found, responses
from gateway.api.shapes import StationDetailAnswer, StationsAnswer
from gateway.api.values import Page, json_response, list_response, read_cursor
from gateway.domain.fleet import StationState
from gateway.queries.fleet_list import FleetFilter, Place
from wire.topics import REGION_PATTERN

router = APIRouter(tags=["stations"])


class StationsQuery(Page):
    """Which stations to list."""

    region: str | None = Field(None, pattern=REGION_PATTERN)
    state: StationState | None = None


@router.get(
    "/stations",
    response_model=StationsAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def list_stations(
    services: Asked, principal: Viewer, query: Annotated[StationsQuery, Query()]
) -> Response:
    """List the stations, worst first: offline, late, unknown, online; the longest silent first."""
    wanted = FleetFilter(principal.regions, query.region, query.state)
    after = None if query.cursor is None else read_cursor(query.cursor, Place)
    page, following = services.fleet_list.page(services.clock(), query.limit, wanted, after)
    return list_response(map(station_item, page), following)


@router.get(
    "/stations/{station_id}",
    response_model=StationDetailAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def get_station(services: Asked, principal: Viewer, station_id: str) -> Response:
    """Describe one station with its devices; `_gateway` is the gateway itself."""
    check_visible(services, principal, station_id)
    detail = services.details.get(station_id, services.clock())
    if detail is None:
        raise not_found("station_id", station_id)
    return json_response(station_answer(detail))
