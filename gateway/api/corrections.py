"""Corrections of stored readings by people who answer for them, and the record of all of them."""

import asyncio
from http import HTTPStatus
from typing import Annotated

import duckdb
import structlog
from fastapi import APIRouter, Query
from starlette.responses import Response

from gateway.api.access import Principal
from gateway.api.asking import Asked, Operator, Viewer, somebody
from gateway.api.correction_shapes import (
    CorrectionAnswer,
    CorrectionBody,
    CorrectionMadeAnswer,
    CorrectionsAnswer,
    CorrectionsQuery,
)
from gateway.api.correction_wishes import naming, wish_of, wrong
from gateway.api.paging import visible_page
from gateway.api.problems import WRITES, not_found, responses
from gateway.api.services import Services
from gateway.api.values import json_response, list_response, parse_time, read_cursor, rfc3339
from gateway.domain.corrections import MOST_READINGS, AmbiguousError, NoReadingError, TooManyError
from gateway.errors import StoreClosedError
from gateway.state.audit import Deed
from gateway.state.corrections import Correction

log = structlog.get_logger(__name__)

router = APIRouter(tags=["readings"])


@router.post(
    "/readings/corrections",
    response_model=CorrectionMadeAnswer,
    status_code=HTTPStatus.CREATED,
    responses=responses(*WRITES, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def correct_readings(services: Asked, principal: Operator, body: CorrectionBody) -> Response:
    """Correct one field of a reading, or remove it from a stretch of them; totals follow within a minute."""
    return json_response(await make_correction(services, principal, body), HTTPStatus.CREATED)


@router.get(
    "/readings/corrections",
    response_model=CorrectionsAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def list_corrections(
    services: Asked, principal: Viewer, query: Annotated[CorrectionsQuery, Query()]
) -> Response:
    """List corrections, newest first; they are kept for good."""
    since = 0 if query.since is None else parse_time(query.since)

    def fetch(limit: int, before: str | None) -> list[Correction]:
        return services.state.corrections.page(limit, before, station_id=query.station_id, since=since)

    before = None if query.cursor is None else read_cursor(query.cursor, str)
    page, following = await asyncio.to_thread(
        visible_page, fetch, lambda one: _sees(services, principal, one.station_id), query.limit, before
    )
    return list_response(map(correction_item, page), following)


@router.get(
    "/readings/corrections/{correction_id}",
    response_model=CorrectionAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def get_correction(services: Asked, principal: Viewer, correction_id: str) -> Response:
    """Describe one correction with all its readings and what stood in them before."""
    correction = await asyncio.to_thread(services.state.corrections.get, correction_id)
    if correction is None or not _sees(services, principal, correction.station_id):
        raise not_found("correction_id", correction_id)
    return json_response(correction_item(correction))


async def make_correction(
    services: Services, principal: Principal, body: CorrectionBody
) -> dict[str, object]:
    """Make a correction and return it; Problem when it cannot be, or is not this one's business."""
    if not _sees(services, principal, body.station_id):
        raise wrong("station_id", f"there is no station {body.station_id!r}")
    wish = wish_of(body, services.clock(), somebody(principal, body.by))
    try:
        decided, carried_out = await services.correct(wish)
    except NoReadingError as error:
        raise wrong(naming(body), f"{error}; GET …/readings/{body.domain}?identity=true lists them") from None
    except AmbiguousError as error:
        named = ", ".join(f"({stream}, {seq}, {index})" for stream, seq, index in error.identities)
        raise wrong("ts", f"several readings fit: give stream, seq and index, of {named}") from None
    except TooManyError:
        raise wrong("end", f"more than {MOST_READINGS} readings; take a shorter stretch") from None
    except duckdb.Error as error:
        log.exception("store_cannot_be_read", station_id=body.station_id, domain=body.domain)
        raise StoreClosedError("it could not be read; the log says why") from error
    item = correction_item(decided)
    deed = Deed(decided.at, decided.by, "reading.correct", decided.station_id, {**item, "readings": []})
    await asyncio.to_thread(services.state.audit.note, deed)
    return {**item, "carried_out": carried_out}


def correction_item(correction: Correction) -> dict[str, object]:
    """Write one correction, with the readings that are with it."""
    return {
        "id": correction.id,
        "at": rfc3339(correction.at),
        "by": correction.by,
        "reason": correction.reason,
        "station_id": correction.station_id,
        "domain": correction.domain,
        "device": correction.device,
        "field": correction.field,
        "value": correction.value,
        "removed": correction.removed,
        "count": correction.count,
        "readings": [
            {
                "ts": rfc3339(one.ts),
                "stream": one.identity.stream,
                "seq": one.identity.seq,
                "index": one.identity.idx,
                "old": one.old,
            }
            for one in correction.readings
        ],
    }


def _sees(services: Services, principal: Principal, station_id: str) -> bool:
    station = services.fleet.get(station_id)
    return station is not None and principal.sees(station.region)
