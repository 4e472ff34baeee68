"""A running pipeline keeps the roll-ups, beside its commits."""

import asyncio
from pathlib import Path

from gateway.ingest.rolling import keep
from gateway.state.database import State
from gateway.timeseries.rollups import Rollups
from gateway.timeseries.store import Store
from tests.support.waiting import until
from tests.unit.gateway_ingest.test_pipeline import Works
from tests.unit.gateway_ingest.ticks import NOW, payload

HOUR = 3_600_000


async def test_it_rolls_up_what_was_committed(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.duckdb")
    store.open()
    with State.open(tmp_path, NOW, reserve_bytes=4_096) as state:
        works = Works(tmp_path, store, state)
        async with works.running():
            keeping = asyncio.create_task(keep(Rollups(store), works.pipeline, lambda: NOW + HOUR))
            works.put(payload(1))
            told = "SELECT name, mean FROM power_quarters WHERE count > 0"
            await until(lambda: store.cursor().execute(told).fetchall() == [("voltage_v", 229.8)])
            works.put(payload(2))
            await until(lambda: works.held() == 2)
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
    store.close()
