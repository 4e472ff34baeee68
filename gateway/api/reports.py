"""Reports: asked for in three formats, published, and listed by version."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import duckdb
import structlog
from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from gateway.api.accepted import preferred
from gateway.api.access import Principal, Role
from gateway.api.asking import Asked, Operator, Viewer, somebody
from gateway.api.problems import WRITES, Problem, responses
from gateway.api.report_files import (
    CSV,
    JSON,
    MEDIA_TYPES,
    XLSX,
    as_csv,
    as_json,
    as_workbook,
    publication_item,
)
from gateway.api.report_shapes import (
    PublicationAnswer,
    PublicationsAnswer,
    PublishBody,
    ReportAnswer,
    ReportQuery,
    VersionsQuery,
)
from gateway.api.services import Services
from gateway.api.values import json_response, list_response
from gateway.domain.registry import DEFAULT_TZ
from gateway.errors import StoreClosedError
from gateway.queries.reports.kinds import KINDS
from gateway.queries.reports.period import Period
from gateway.queries.reports.reports import NothingChangedError, Report, TooManyStationsError, Wanted
from gateway.queries.reports.table import Kind
from gateway.state.audit import Deed

log = structlog.get_logger(__name__)

router = APIRouter(tags=["reports"])

T = TypeVar("T")
_FILES: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {}, XLSX: {}}}}


@router.get(
    "/reports/{kind}",
    response_model=ReportAnswer,
    responses=_FILES
    | responses(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.NOT_ACCEPTABLE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
async def get_report(
    services: Asked,
    principal: Viewer,
    kind: str,
    query: Annotated[ReportQuery, Query()],
    accept: Annotated[str, Header()] = "*/*",
) -> Response:
    """Tell a report as it was published, else as it is now; `kind` may end in .json, .csv or .xlsx."""
    name, _, ending = kind.partition(".")
    of, media_type = _kind(name), _media_type(ending, accept)
    period, wanted = _asked(services, principal, query)
    report = await _read(services, lambda: _found(services, of, period, wanted, query.version))
    is_public = query.public or principal.role < Role.OPERATOR
    rows = of.hides(list(report.rows)) if is_public else report.rows
    if media_type == JSON:
        return json_response(as_json(report, rows, query.lang))
    written = as_csv if media_type == CSV else as_workbook
    content = await asyncio.to_thread(written, report, rows, query.lang)
    ending = "csv" if media_type == CSV else "xlsx"
    headers = {
        "Content-Disposition": f'attachment; filename="{of.key}-{period.text}.{ending}"',
        "Cache-Control": "no-store",
    }
    return Response(content, headers=headers, media_type=media_type)


@router.get(
    "/reports/{kind}/versions",
    response_model=PublicationsAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def list_versions(
    services: Asked, principal: Operator, kind: str, query: Annotated[VersionsQuery, Query()]
) -> Response:
    """List what was published of a region, the newest first, each with what changed."""
    of = _kind(kind)
    _check_region(principal, query.region, "query")
    found = await asyncio.to_thread(services.state.publications.versions, of.key, query.period, query.region)
    return list_response((publication_item(one) for one in found), None)


@router.post(
    "/reports/{kind}/publish",
    response_model=PublicationAnswer,
    status_code=HTTPStatus.CREATED,
    responses=responses(*WRITES, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def publish(services: Asked, principal: Operator, kind: str, body: PublishBody) -> Response:
    """Freeze a region's figures; published again, what changed since is told cell by cell."""
    of, period, now = _kind(kind), Period.parse(body.period), services.clock()
    region = _region(services, principal, body.region)
    by = somebody(principal, body.by)
    there = services.reports.stations(Wanted(region=region))
    if any(period.span(station.tz)[1] > now for station in there):
        raise _unfit("body", "period", "the period is not over yet")
    try:
        made = await _read(services, lambda: services.reports.publish(of, period, region, by, now))
    except NothingChangedError as error:
        raise Problem(HTTPStatus.CONFLICT, "body", "period", str(error)) from None
    detail: dict[str, object] = {"period": made.period, "region": made.region, "version": made.version}
    await asyncio.to_thread(services.state.audit.note, Deed(now, by, "report.publish", of.key, detail))
    return json_response(publication_item(made), HTTPStatus.CREATED)


def _found(services: Services, of: Kind, period: Period, wanted: Wanted, version: int | None) -> Report:
    reports, now = services.reports, services.clock()
    if version is None:
        return reports.report(of, period, wanted, now)
    if version and wanted.region is None:
        raise _unfit("query", "version", "versions are counted by region: give one")
    report = reports.version(of, period, wanted, now, version)
    if report is None:
        raise Problem(HTTPStatus.NOT_FOUND, "query", "version", f"there is no version {version}")
    return report


async def _read(services: Services, ask: Callable[[], T]) -> T:
    async with services.readers:
        return await asyncio.to_thread(_ask, ask)


def _ask(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except TooManyStationsError as error:
        raise _unfit("query", "region", str(error)) from None
    except duckdb.Error as error:
        log.exception("store_cannot_be_read")
        raise StoreClosedError("it could not be read; the log says why") from error


def _kind(name: str) -> Kind:
    found = KINDS.get(name)
    if found is None:
        detail = f"there is no report {name!r}; there are {', '.join(KINDS)}"
        raise Problem(HTTPStatus.NOT_FOUND, "path", "kind", detail)
    return found


def _media_type(ending: str, accept: str) -> str:
    """Return the format asked for by the ending of the address, else by the header; JSON if any will do."""
    if ending:
        if ending not in MEDIA_TYPES:
            detail = f"reports end in {', '.join(f'.{one}' for one in MEDIA_TYPES)}, not .{ending}"
            raise Problem(HTTPStatus.NOT_FOUND, "path", "kind", detail)
        return MEDIA_TYPES[ending]
    wanted = preferred(accept)
    if wanted is not None:
        return wanted
    detail = f"a report is {', '.join(MEDIA_TYPES.values())}"
    raise Problem(HTTPStatus.NOT_ACCEPTABLE, "header", "Accept", detail)


def _asked(services: Services, principal: Principal, query: ReportQuery) -> tuple[Period, Wanted]:
    period = Period.parse(query.period)
    wanted = Wanted(principal.regions, query.station_id, query.region)
    try:
        there = services.reports.stations(wanted)
    except TooManyStationsError as error:
        raise _unfit("query", "region", str(error)) from None
    for field, value in (("station_id", query.station_id), ("region", query.region)):
        if value is not None and not there:
            raise Problem(HTTPStatus.NOT_FOUND, "query", field, f"there is no station of {field} {value!r}")
    zones = {station.tz for station in there} or {DEFAULT_TZ}
    if all(period.span(tz)[0] > services.clock() for tz in zones):
        raise _unfit("query", "period", "the period has not begun yet")
    return period, wanted


def _region(services: Services, principal: Principal, region: str | None) -> str:
    there = {station.region for station in services.reports.stations(Wanted(principal.regions))} - {None}
    if region is None and len(there) != 1:
        raise _unfit("body", "region", "a report is published region by region: give one")
    chosen = str(there.pop()) if region is None else region
    _check_region(principal, chosen, "body")
    if region is not None and region not in there:
        raise _unfit("body", "region", f"there is no station in {region}")
    return chosen


def _check_region(principal: Principal, region: str, location: str) -> None:
    if not principal.sees(region):
        raise Problem(HTTPStatus.FORBIDDEN, location, "region", f"this token is not for {region}")


def _unfit(location: str, field: str, detail: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, location, field, detail)
