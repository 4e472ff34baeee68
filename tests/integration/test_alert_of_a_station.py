"""One alert from a reading on the wire to a tap on a phone, on a whole gateway."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx

from gateway.domain.local_time import HOUR_MS
from gateway.notify.links import Link, Links, load_key
from tests.integration.station_peer import StationPeer
from tests.integration.test_gateway_session import birth, frame, now, running, settings
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import until
from wire.topics import Channel

ON_CALL = {
    "people": {"li": {"name": "李", "channels": ["console"]}},
    "layers": [{"name": "first", "people": ["li"], "first_day": "2026-01-01"}],
    "fallback": "li",
}


async def firing(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get("/api/v1/alerts?state=firing")).json()["items"]
    return items


async def test_smoke_on_the_wire_becomes_an_alert_that_a_phone_acknowledges(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        asked = settings(tmp_path / "data", {"url": broker.url}, on_call=ON_CALL)
        async with (
            running(asked) as gateway,
            httpx.AsyncClient(base_url=gateway.http_url, timeout=10) as client,
        ):
            with StationPeer(broker.port, "louxing-07") as station:
                station.say(Channel.STATUS, birth(1), retain=True)
                smoke = [{"device": "lounge", "ts": now(), "smoke_alarm": "alarm"}]
                station.say(Channel.TELEMETRY, frame(1, frame_class="alarm", readings={"environment": smoke}))
                counted = gateway.services.fleet_list.open_alerts
                await until(lambda: counted("louxing-07")["P1"] == 1, 30, "the open alert")
            [alert] = [item for item in await firing(client) if item["station_id"] == "louxing-07"]
            assert (alert["severity"], alert["device"]) == ("P1", "lounge")
            assert "P1 1" in unescape((await client.get("/?lang=en")).text)

            links = Links(load_key(tmp_path / "data"))
            path = f"/a/{links.token(Link(alert['alert_id'], 'li', now() + HOUR_MS))}?lang=en"
            opened = await client.get(path)
            assert "Acknowledge: 李 takes it" in unescape(opened.text)
            assert alert in await firing(client)
            tapped = await client.post(path)
            assert "Acknowledged, thank you." in tapped.text
            alone = (await client.get(f"/api/v1/alerts/{alert['alert_id']}")).json()
            assert (alone["state"], alone["by"]) == ("acknowledged", "li")
            assert {"opened", "announced", "acknowledged"} <= {entry["kind"] for entry in alone["timeline"]}
            ready = (await client.get("/readyz")).json()
            assert "on_call" not in ready.get("warning", "")
            assert re.fullmatch("ok", ready["engine"])
