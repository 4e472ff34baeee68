"""Letting the alert engine know that time passes, in the pauses that commits leave."""

import asyncio
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
SAVE_EVERY_MS = 60_000
"""A start judges again what came since the engine's memory was written down. It is written soon after a start
too: killed within the minute again and again, each start would have judged more than the one before."""
SAVE_SHARE = 0.01
"""How much of the time commits may wait for it: gathering a country takes a second, and live frames wait."""


async def judge(
    alerts: AlertConsumer, pipeline: Pipeline, connected: Callable[[], bool], clock: Callable[[], int]
) -> None:
    """Work off deadlines while nothing arrives, and write down what the engine remembers; until cancelled."""
    noticed = clock()
    save_at = noticed
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
        if now >= save_at:
            # half a gigabyte for a country: commits wait until it is gathered, not until the disk has it
            gathered = await pipeline.between_commits(alerts.gather)
            save_at = now + max(SAVE_EVERY_MS, round((clock() - now) / SAVE_SHARE))
            if gathered is not None:
                await asyncio.to_thread(alerts.write_down, gathered)


async def _between_commits(pipeline: Pipeline, function: Callable[[*Args], None], *args: *Args) -> None:
    try:
        await pipeline.between_commits(function, *args)
    except NotDurableError as error:
        log.warning("alerts_not_written", reason=str(error), next="trying again")
