"""From a reading on the wire to a message at a person's door, and back by their acknowledgement."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.config import Settings
from tests.integration.station_peer import StationPeer
from tests.integration.test_gateway_session import birth, frame, now, running
from tests.support.http_fake import HttpFake
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import until
from wire.topics import Channel


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running_broker:
        yield running_broker


def settings(tmp_path: Path, broker: Mosquitto, hook: HttpFake) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": tmp_path / "data",
            "broker": {"url": broker.url},
            "http": {"port": 0, "public_url": "https://yizhan.example"},
            "ingest": {"tick_ms": 10, "commit_ms": 20},
            "channels": {"hook": {"kind": "webhook", "url": f"{hook.base}/", "secret": "shared-secret"}},
            "on_call": {"people": {"li": {"name": "Li", "channels": ["hook"]}}, "fallback": "li"},
        }
    )


def smoke(seq: int, state: str) -> bytes:
    reading = {"device": "lounge", "ts": now(), "smoke_alarm": state}
    return frame(seq, frame_class="alarm", readings={"environment": [reading]})


def said(hook: HttpFake) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in hook.requests]


def of_rule(hook: HttpFake, rule: str) -> list[dict[str, Any]]:
    return [one for one in said(hook) if rule in {alert["rule"] for alert in one["alerts"]}]


async def test_smoke_reaches_a_person_and_waits_until_they_say_so(tmp_path: Path, broker: Mosquitto) -> None:
    async with HttpFake().listening() as hook, running(settings(tmp_path, broker, hook)) as gateway:
        peer = await asyncio.to_thread(StationPeer(broker.port, "louxing-07").__enter__)
        try:
            await asyncio.to_thread(peer.say, Channel.STATUS, birth(1))
            await asyncio.to_thread(peer.say, Channel.TELEMETRY, smoke(1, "normal"))
            await asyncio.to_thread(peer.say, Channel.TELEMETRY, smoke(2, "alarm"))
            await until(lambda: of_rule(hook, "EN-01"), 15, "the message about smoke")
            (told,) = of_rule(hook, "EN-01")
            (alert,) = told["alerts"]
            assert (alert["station_id"], alert["device"], alert["severity"]) == ("louxing-07", "lounge", "P1")
            assert alert["link"].startswith("https://yizhan.example/a/")
            async with httpx.AsyncClient(base_url=gateway.http_url) as api:
                path = f"/api/v1/alerts/{alert['alert_id']}"
                assert (await api.get(path)).json()["state"] == "firing"
                taken = await api.post(f"{path}/acknowledge", json={"by": "Li", "comment": "on my way"})
                assert taken.status_code == 200
                assert taken.json()["state"] == "acknowledged"
                timeline = (await api.get(path)).json()["timeline"]
                kinds = [entry["kind"] for entry in timeline]
                assert kinds[:3] == ["opened", "announced", "sent"]
                assert kinds[-1] == "acknowledged"
        finally:
            await asyncio.to_thread(peer.__exit__, None, None, None)
        assert len(of_rule(hook, "EN-01")) == 1


async def test_an_alert_and_its_message_survive_a_restart(tmp_path: Path, broker: Mosquitto) -> None:
    async with HttpFake().listening() as hook:
        chosen = settings(tmp_path, broker, hook)
        async with running(chosen):
            peer = await asyncio.to_thread(StationPeer(broker.port, "louxing-07").__enter__)
            try:
                await asyncio.to_thread(peer.say, Channel.STATUS, birth(1))
                await asyncio.to_thread(peer.say, Channel.TELEMETRY, smoke(1, "alarm"))
                await until(lambda: of_rule(hook, "EN-01"), 15, "the message about smoke")
            finally:
                await asyncio.to_thread(peer.__exit__, None, None, None)
        async with running(chosen) as gateway, httpx.AsyncClient(base_url=gateway.http_url) as api:
            listed = (await api.get("/api/v1/alerts", params={"state": "firing", "rule": "EN-01"})).json()
            assert len(listed["items"]) == 1
        assert len(of_rule(hook, "EN-01")) == 1
