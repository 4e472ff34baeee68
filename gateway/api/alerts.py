"""Alerts, and what people do with them."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gateway.alerting.response.life import AlertOverError, NoSuchAlertError
from gateway.api.alert_answers import alert_answer, alert_item
from gateway.api.alert_shapes import (
    AlertDetailAnswer,
    AlertsAnswer,
    AlertStateWord,
    SeverityWord,
    VerdictWord,
)
from gateway.api.asking import Asked, Operator, Viewer, somebody, visible_alert
from gateway.api.duty_shapes import STATION, By
from gateway.api.problems import WRITES, Problem, not_found, responses
from gateway.api.services import Services
from gateway.api.values import Page, Strict, Time, json_response, list_response, parse_time, read_cursor
from gateway.queries.alerts import PENDING, AlertView, Wanted
from gateway.state.alert_rows import Verdict
from gateway.state.audit import Deed

router = APIRouter(tags=["alerts"])


class AlertsQuery(Page):
    """Which alerts to list; `since` is compared with when they last changed."""

    state: AlertStateWord | None = None
    station_id: str | None = Field(None, pattern=STATION)
    rule: str | None = Field(None, min_length=1, max_length=64)
    severity: SeverityWord | None = None
    since: Time | None = None


class AcknowledgeBody(Strict):
    """Who takes an alert."""

    by: By = None
    comment: str = Field("", max_length=500)


class SnoozeBody(AcknowledgeBody):
    """Who wants to be left alone with an alert, and until when."""

    until: Time


class ResolveBody(AcknowledgeBody):
    """Who closes an alert, what it turned out to be, and, as the comment, what caused it."""

    verdict: VerdictWord


@router.get(
    "/alerts",
    response_model=AlertsAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def list_alerts(services: Asked, principal: Viewer, query: Annotated[AlertsQuery, Query()]) -> Response:
    """List alerts, newest first."""
    wanted = Wanted(
        principal.regions,
        query.state,
        query.station_id,
        query.rule,
        query.severity,
        None if query.since is None else parse_time(query.since),
    )
    before = None if query.cursor is None else read_cursor(query.cursor, str)
    page, following = await asyncio.to_thread(services.alerts.page, query.limit, before, wanted)
    return list_response(map(alert_item, page), following)


@router.get(
    "/alerts/{alert_id}",
    response_model=AlertDetailAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def get_alert(services: Asked, principal: Viewer, alert_id: str) -> Response:
    """Describe one alert with all that happened to it."""
    return await _answer(services, await visible_alert(services, principal, alert_id))


@router.post("/alerts/{alert_id}/acknowledge", response_model=AlertDetailAnswer, responses=responses(*WRITES))
async def acknowledge_alert(
    services: Asked, principal: Operator, alert_id: str, body: AcknowledgeBody
) -> Response:
    """Take an alert: nobody else is told any more. Whoever acknowledges again takes it over."""
    view = await visible_alert(services, principal, alert_id)
    by, now = somebody(principal, body.by), services.clock()
    await act(services, view, lambda: services.life.acknowledge(alert_id, by, body.comment, now))
    return await _done(services, Deed(now, by, "alert.acknowledge", alert_id, {"comment": body.comment}))


@router.post("/alerts/{alert_id}/snooze", response_model=AlertDetailAnswer, responses=responses(*WRITES))
async def snooze_alert(services: Asked, principal: Operator, alert_id: str, body: SnoozeBody) -> Response:
    """Leave people alone with an alert until a time."""
    view = await visible_alert(services, principal, alert_id)
    by, now, until = somebody(principal, body.by), services.clock(), parse_time(body.until)
    await act(services, view, lambda: services.life.snooze(alert_id, by, body.comment, until, now))
    told = {"comment": body.comment, "until": body.until}
    return await _done(services, Deed(now, by, "alert.snooze", alert_id, told))


@router.post("/alerts/{alert_id}/resolve", response_model=AlertDetailAnswer, responses=responses(*WRITES))
async def resolve_alert(services: Asked, principal: Operator, alert_id: str, body: ResolveBody) -> Response:
    """Close an alert and say what it turned out to be; one that is over may still get its verdict."""
    view = await visible_alert(services, principal, alert_id)
    by, now, verdict = somebody(principal, body.by), services.clock(), Verdict(body.verdict)
    await act(services, view, lambda: services.life.resolve(alert_id, by, body.comment, verdict, now))
    told = {"comment": body.comment, "verdict": body.verdict}
    return await _done(services, Deed(now, by, "alert.resolve", alert_id, told))


async def act(services: Services, view: AlertView, deed: Callable[[], object]) -> None:
    """Do something to an alert; Problem 409 when it is past or before its time, 422 for a wrong time."""
    if view.state == PENDING:
        detail = "this alert is pending: its condition has not held long enough; wait until it fires"
        raise Problem(HTTPStatus.CONFLICT, "path", "alert_id", detail)
    try:
        await asyncio.to_thread(deed)
    except NoSuchAlertError:
        raise not_found("alert_id", view.alert_id) from None
    except AlertOverError:
        detail = "this alert is resolved; a new one opens if it comes back"
        raise Problem(HTTPStatus.CONFLICT, "path", "alert_id", detail) from None
    except ValueError as error:
        field, _, detail = str(error).partition(": ")
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", field, detail) from None
    await services.watch.look()


async def _done(services: Services, deed: Deed) -> Response:
    await asyncio.to_thread(services.state.audit.note, deed)
    view = await asyncio.to_thread(services.alerts.get, deed.target)
    if view is None:
        raise not_found("alert_id", deed.target)
    return await _answer(services, view)


async def _answer(services: Services, view: AlertView) -> Response:
    timeline = await asyncio.to_thread(services.alerts.timeline, view.alert_id)
    return json_response(alert_answer(view, timeline))
