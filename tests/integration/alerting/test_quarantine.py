"""What was held back and is taken later is judged then, as old as it is at that time."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.state.alert_rows import AlertRow
from gateway.state.quarantined import Quarantined
from tests.integration.station_peer import StationPeer
from tests.integration.test_gateway_session import birth, frame, now, running, settings
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import until
from tests.unit.gateway_ingest.ticks import STREAM
from wire.topics import Channel, Topics

STATION, REGION = "louxing-07", "louxing"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    with Mosquitto(tmp_path / "broker") as broker:
        async with running(settings(tmp_path / "data", {"url": broker.url})) as gateway:
            with StationPeer(broker.port, STATION) as station:
                station.say(Channel.STATUS, birth(1))
                station.say(Channel.TELEMETRY, frame(1))
                await until(lambda: station.acknowledged(STREAM) == {1})
            yield gateway


async def taken(gateway: Gateway, age_ms: int) -> list[AlertRow]:
    """Take a smoke alarm of that age out of quarantine; the alerts there are then."""
    smoke = {"environment": [{"device": "lounge", "ts": now() - age_ms, "smoke_alarm": "alarm"}]}
    said = json.loads(frame(1, readings=smoke))
    topic = Topics().of(REGION, STATION, Channel.TELEMETRY)
    held = Quarantined(
        STATION, REGION, topic, "bad_field", "", json.dumps(said).encode(), STREAM, 1, "environment", 0
    )
    gateway.services.state.quarantine.add([held], now())
    [entry] = gateway.services.state.quarantine.page(1)
    assert (await gateway.ingest.replay(entry.id)).taken
    return gateway.services.state.alerts.page(10)


async def test_smoke_taken_out_of_quarantine_at_once_is_an_alert(gateway: Gateway) -> None:
    [alert] = await taken(gateway, 1_000)
    assert (alert.rule, alert.station_id, alert.device) == ("EN-01", STATION, "lounge")
    assert not alert.retrospective


async def test_what_is_taken_a_day_later_pages_nobody(gateway: Gateway) -> None:
    [alert] = await taken(gateway, 25 * 3_600_000)
    assert (alert.rule, alert.retrospective, alert.announced) == ("EN-01", True, None)
    stored = gateway.services.cursor().execute("SELECT smoke_alarm FROM environment_samples").fetchall()
    assert stored == [("alarm",)]
