import asyncio

import httpx
from pydantic import SecretStr

from gateway.alerting.response.heartbeat import Heartbeat
from gateway.alerting.response.settings import HeartbeatSettings
from tests.support.http_fake import HttpFake, Mood
from tests.support.waiting import until


async def test_it_beats_only_while_engine_and_dispatcher_live() -> None:
    alive = [True]
    async with HttpFake().listening() as watcher, httpx.AsyncClient() as client:
        settings = HeartbeatSettings.model_construct(url=SecretStr(f"{watcher.base}/ping/abc"), every=20)
        beating = asyncio.create_task(Heartbeat(settings, client, lambda: alive[0]).run())
        await until(lambda: len(watcher.requests) >= 2)
        assert watcher.requests[0].path == "/ping/abc"
        watcher.mood = Mood.ERROR
        await until(lambda: len(watcher.requests) >= 4)
        alive[0] = False
        asked: list[int] = []

        def not_alive() -> bool:
            asked.append(len(watcher.requests))
            return False

        beating.cancel()
        silent = asyncio.create_task(Heartbeat(settings, client, not_alive).run())
        await until(lambda: len(asked) >= 5)
        silent.cancel()
        assert asked[0] == asked[-1]
        await asyncio.gather(beating, silent, return_exceptions=True)
