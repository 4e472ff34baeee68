"""What was removed because its time was over, and how far back each class of data reaches now."""

import asyncio
from http import HTTPStatus
from typing import Annotated

import duckdb
from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from gateway.api.asking import Asked, Viewer
from gateway.api.problems import responses
from gateway.api.shapes import Cursor, Rfc3339
from gateway.api.values import Page, json_response, read_cursor, rfc3339, write_cursor
from gateway.domain.retention import DataClass
from gateway.errors import StoreClosedError
from gateway.queries.retention import Kept, RetentionRecord
from gateway.state.retention import RetentionReport

router = APIRouter(tags=["retention"])


class KeptAnswer(BaseModel):
    """One class of data as it stands: kept so many days at most, the oldest there is."""

    data_class: DataClass
    days: int
    oldest: Rfc3339 | None


class RetentionReportAnswer(BaseModel):
    """What one removal took of one class.

    Everything before `upto` is gone but for `held`: tables that wait for somebody, a week at most. `forced`
    waited longer and went. `bytes` counts blocks of the store that others may have shared.
    """

    at: Rfc3339
    data_class: DataClass
    rows: int
    bytes: int
    upto: Rfc3339
    tables: list[str]
    held: list[str]
    forced: list[str]


class RetentionAnswer(BaseModel):
    """A page of reports, newest first, and every class as it stands."""

    items: list[RetentionReportAnswer]
    next: Cursor
    classes: list[KeptAnswer]


@router.get(
    "/retention",
    response_model=RetentionAnswer,
    responses=responses(
        HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
    ),
)
async def list_retention(services: Asked, _principal: Viewer, query: Annotated[Page, Query()]) -> Response:
    """List what was removed, newest first, and how far back each class of data reaches now."""
    before = None if query.cursor is None else read_cursor(query.cursor, int)
    reports = await asyncio.to_thread(services.retention.reports, query.limit + 1, before)
    async with services.readers:
        kept = await asyncio.to_thread(_kept, services.retention)
    page = reports[: query.limit]
    following = write_cursor(page[-1][0]) if len(reports) > query.limit else None
    return json_response(
        {
            "items": [_report(report) for _, report in page],
            "next": following,
            "classes": [_class(one) for one in kept],
        }
    )


def _kept(record: RetentionRecord) -> list[Kept]:
    try:
        return record.kept()
    except duckdb.Error as error:
        raise StoreClosedError(f"it could not be read: {error}") from error


def _report(report: RetentionReport) -> dict[str, object]:
    return {
        "at": rfc3339(report.at),
        "data_class": report.data_class,
        "rows": report.rows,
        "bytes": report.bytes,
        "upto": rfc3339(report.upto),
        "tables": report.tables,
        "held": report.held,
        "forced": report.forced,
    }


def _class(one: Kept) -> dict[str, object]:
    return {"data_class": one.data_class, "days": one.days, "oldest": rfc3339(one.oldest)}
