"""Keeping the roll-ups of a running gateway, in the pauses that commits leave."""

import asyncio
from collections.abc import Callable

from gateway.ingest.pipeline import FULL_CREDIT, Pipeline
from gateway.timeseries.rollups import Rollups

EVERY_S = 1.0
PAUSE_S = 0.05
"""Between two portions: a backlog of quarters leaves at least half of the time to commits, and more of it
while frames wait longer than they should."""


async def keep(rollups: Rollups, pipeline: Pipeline, clock: Callable[[], int]) -> None:
    """Work until cancelled, a portion at a time."""
    while True:
        more = await pipeline.between_commits(rollups.step, clock(), pipeline.durable_upto)
        await asyncio.sleep(PAUSE_S if more and pipeline.credit == FULL_CREDIT else EVERY_S)
