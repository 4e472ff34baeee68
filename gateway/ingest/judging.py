"""Letting the alert engine know that time passes, in the pauses that commits leave."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVarTuple

import structlog

from gateway.alerting.detection.consumer import AlertConsumer
from gateway.errors import NotDurableError
from gateway.ingest.pipeline import Pipeline

Args = TypeVarTuple("Args")

log = structlog.get_logger(__name__)

EVERY_S = 1.0
NOTICE_EVERY_MS = 10_000
SAVE_EVERY_S = 60.0
"""A start judges again what came since the engine's memory was written down. It is written soon after a start
too: killed within the minute again and again, each start would have judged more than the one before."""
SAVE_SHARE, SAVE_WITHIN_S = 0.01, 600.0
"""How much of the time commits may wait for it, and after how long it is written all the same: gathering a
country may take a second, in which live frames wait, and a start judges whatever came since."""


async def judge(
    alerts: AlertConsumer, pipeline: Pipeline, connected: Callable[[], bool], clock: Callable[[], int]
) -> None:
    """Work off deadlines while nothing arrives, and write down what the engine remembers; until cancelled."""
    noticed = clock()
    save_at = time.monotonic()
    while True:
        await asyncio.sleep(EVERY_S)
        # a commit that has begun comes first, on the same thread: then all received until now is judged
        now = clock()
        if now - noticed >= NOTICE_EVERY_MS:
            noticed = now
            for one in pipeline.noticing.observations(now, connected=connected(), ticked=alerts.ticked):
                alerts.observe(one)
        if pipeline.idle:
            await _between_commits(pipeline, alerts.advance, now)
        if time.monotonic() >= save_at:
            save_at = time.monotonic() + await _save(alerts, pipeline)


async def _save(alerts: AlertConsumer, pipeline: Pipeline) -> float:
    """Write down what the engine remembers; return in how many seconds to do it again."""
    begun = time.monotonic()
    # half a gigabyte for a country: commits wait until it is gathered, not until the disk has it
    gathered = await pipeline.between_commits(alerts.gather)
    took_s = time.monotonic() - begun
    if gathered is not None:
        await asyncio.to_thread(alerts.write_down, gathered)
    return min(max(SAVE_EVERY_S, took_s / SAVE_SHARE), SAVE_WITHIN_S)


async def _between_commits(pipeline: Pipeline, function: Callable[[*Args], None], *args: *Args) -> None:
    try:
        await pipeline.between_commits(function, *args)
    except NotDurableError as error:
        log.warning("alerts_not_written", reason=str(error), next="trying again")
