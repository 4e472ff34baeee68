"""The pages: the fleet, worst first, and one station with its devices."""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Query
from starlette.responses import FileResponse, Response

from gateway.api.asking import Asked, check_visible
from gateway.api.problems import Problem
from gateway.api.values import read_cursor, write_cursor
from gateway.console import (
    alert_forms,
    alerts,
    correcting,
    corrections,
    links,
    maintenance,
    oncall,
    overrides,
    readings,
    silences,
)
from gateway.console.rendering import Language, Person, page
from gateway.console.showing import age, clock, shown_values
from gateway.console.texts import Lang
from gateway.domain.fleet import StationState
from gateway.domain.registry import DEFAULT_TZ
from gateway.queries.fleet_list import OWN_STATION, FleetFilter, Place

STATIONS_A_PAGE = 200
STYLE = Path(__file__).parent / "console.css"

router = APIRouter(include_in_schema=False)


def add_console(app: FastAPI) -> None:
    """Add the pages to the application that `create_api` made."""
    parts = (alerts, alert_forms, silences, maintenance, oncall, overrides, links)
    for part in (*parts, corrections, correcting, readings):
        app.include_router(part.router)
    app.include_router(router)


@router.get("/")
async def fleet_page(
    services: Asked,
    person: Person,
    lang: Language,
    state: StationState | None = None,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> Response:
    """Show the fleet, worst first."""
    now = services.clock()
    wanted = FleetFilter(person.regions, state=state)
    after = None if cursor is None else read_cursor(cursor, Place)
    listed, following = services.fleet_list.page(now, STATIONS_A_PAGE, wanted, after)
    counts = services.fleet_list.counts(now, wanted)
    return page(
        "fleet.html",
        lang,
        stations=[(summary, age(summary.last_seen, now, lang)) for summary in listed],
        counts=counts,
        total=sum(counts.values()),
        state=state,
        next_page=None if following is None else _address(lang, state, write_cursor(following)),
        first_page=None if cursor is None else _address(lang, state, None),
        as_of=clock(now, DEFAULT_TZ),
    )


@router.get("/stations/{station_id}")
async def station_page(services: Asked, person: Person, lang: Language, station_id: str) -> Response:
    """Show one station with its devices."""
    now = services.clock()
    try:
        check_visible(services, person, station_id)
    except Problem:
        return page("missing.html", lang, HTTPStatus.NOT_FOUND, station_id=station_id)
    detail = services.details.get(station_id, now)
    if detail is None:
        return page("missing.html", lang, HTTPStatus.NOT_FOUND, station_id=station_id)
    return page(
        "station.html",
        lang,
        station=detail,
        is_station=station_id != OWN_STATION,
        heard=age(detail.summary.last_seen, now, lang),
        anchored=age(detail.occupancy.anchored_at, now, lang),
        devices=[
            (
                device,
                age(device.ts, now, lang),
                list(shown_values(device.domain, device.reading, device.suspect, lang)),
            )
            for device in detail.devices
        ],
        as_of=clock(now, services.registry.tz(station_id)),
    )


@router.get("/console.css")
async def style() -> Response:
    """Return the style of the pages."""
    return FileResponse(STYLE, media_type="text/css", headers={"Cache-Control": "max-age=300"})


def _address(lang: Lang, state: StationState | None, cursor: str | None) -> str:
    asked = {"lang": lang, "state": state, "cursor": cursor}
    return "/?" + urlencode({name: value for name, value in asked.items() if value is not None})
