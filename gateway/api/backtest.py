"""What other rules would have done: stored frames judged again, in the order they were received."""

import asyncio
import tempfile
import threading
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.responses import Response

from catalogue.catalogue import Catalogue
from catalogue.documents import CatalogueError
from catalogue.loading import load
from gateway.api.alert_answers import alert_item
from gateway.api.alert_shapes import BacktestAnswer
from gateway.api.asking import Asked, Operator
from gateway.api.problems import WRITES, Problem, responses
from gateway.api.values import Strict, Time, json_response, parse_time, rfc3339
from gateway.domain.local_time import DAY_MS
from gateway.queries.backtest import Judged, Would

router = APIRouter(tags=["rules"])

LONGEST_MS = 31 * DAY_MS
PATIENCE_S = 120.0
SHOWN = 1_000

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.yaml$")]


class BacktestBody(Strict):
    """Which rules, over what time of receipt; without ``rules`` those in force."""

    start: Time
    end: Time
    rules: dict[FileName, str] | None = Field(
        None, max_length=200, description="Rule files by name, read over the built-in rules."
    )


@router.post(
    "/rules/backtest",
    response_model=BacktestAnswer,
    responses=responses(*WRITES, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def backtest_rules(services: Asked, principal: Operator, body: BacktestBody) -> Response:
    """Judge what is stored by other rules, for two minutes at most; one such question at a time.

    It goes no further than now: rules about silence would tell of what has not happened.
    """
    start, end = _span(body, services.clock())
    if services.judging.locked():
        detail = "another backtest is under way; ask again when it is done"
        raise Problem(HTTPStatus.CONFLICT, "server", "backtest", detail)
    catalogue = services.rules.catalogue()
    if body.rules is not None:
        catalogue = await asyncio.to_thread(_catalogue, body.rules)
    time_is_up = threading.Event()
    async with services.judging:
        timer = asyncio.get_running_loop().call_later(PATIENCE_S, time_is_up.set)
        try:
            judge = partial(services.backtest.judge, catalogue, start, end, principal.regions)
            judged = await asyncio.to_thread(judge, lambda: time_is_up.is_set() or services.stopping.is_set())
        finally:
            timer.cancel()
            time_is_up.set()  # the worker of a client that went away must not go on alone
    return json_response(_answer(judged, start, end))


def _span(body: BacktestBody, now: int) -> tuple[int, int]:
    start, end = parse_time(body.start), parse_time(body.end)
    if not start < end <= start + LONGEST_MS:
        raise _wrong("end", "it must be after start, and within 31 days of it")
    if start >= now:
        raise _wrong("start", "it must be in the past")
    return start, min(end, now)


def _catalogue(files: Mapping[str, str]) -> Catalogue:
    with tempfile.TemporaryDirectory(prefix="yizhan-rules-") as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        try:
            return load([Path(folder)])
        except CatalogueError as error:
            raise _wrong("rules", str(error).replace(f"{folder}/", "")) from None


def _answer(judged: Judged, start: int, end: int) -> dict[str, object]:
    return {
        "start": rfc3339(start),
        "judged_until": rfc3339(judged.until),
        "complete": judged.until == end,
        "frames": judged.frames,
        "would": list(map(_would_item, judged.would[:SHOWN])),
        "would_count": len(judged.would),
        "missed": list(map(alert_item, judged.missed[:SHOWN])),
        "missed_count": len(judged.missed),
        "failed": dict(judged.off),
    }


def _would_item(would: Would) -> dict[str, object]:
    first = would.fired.first
    return {
        "alert_id": would.fired.alert_id,
        "rule": first.key.rule,
        "name": would.name,
        "station_id": first.key.station_id,
        "region": would.region,
        "device": first.key.device,
        "severity": would.fired.worst,
        "opened": rfc3339(first.opened),
        "received": rfc3339(first.received),
        "cleared": rfc3339(would.fired.cleared),
        "value": first.value,
        "limit": first.limit,
        "retrospective": first.retrospective,
        "incomplete": first.incomplete,
        "told": would.told,
        "was_live": would.was_live,
    }


def _wrong(field: str, detail: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", field, detail)
