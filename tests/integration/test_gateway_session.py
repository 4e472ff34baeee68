"""The gateway on a real broker: its session, what it takes, what it answers, what it does beside another."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gmqtt.mqtt.handler import MqttPackageHandler

from gateway.app import Gateway
from gateway.config import Settings
from tests.integration.station_peer import TOPICS, StationPeer
from tests.support.certificates import Certificates
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import until
from tests.unit.gateway_ingest.ticks import OTHER_STREAM, STREAM
from wire.codec import encode_frame
from wire.frames import Birth, Claim, StreamSummary
from wire.messages import encode_message
from wire.topics import Channel

OTHER_GATEWAY = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"
FAST = {"tick_ms": 10, "commit_ms": 20}


def now() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251 - these frames go to a gateway on real time


def frame(seq: int, station_id: str = "louxing-07", stream: str = STREAM, **changed: Any) -> bytes:  # noqa: ANN401 - keys of an envelope
    said = {
        "station_id": station_id,
        "stream": stream,
        "seq": seq,
        "oldest": 1,
        "frame_class": "sample",
        "sent": now(),
        "readings": {"power": [{"device": "main", "ts": now(), "voltage_v": 229.8}]},
        **changed,
    }
    return encode_frame(**said)


def birth(session: int, last: int = 0, gateway: str | None = None) -> bytes:
    stream = StreamSummary(stream=STREAM, oldest=1, kept=1, last=last)
    return encode_message(
        Birth(
            session=session,
            boot_id=STREAM,
            gateway=gateway,
            version="1",
            started=now(),
            streams=[stream],
            devices=[],
        )
    )


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


def settings(data_dir: Path, broker: dict[str, Any], **more: Any) -> Settings:  # noqa: ANN401 - any setting
    return Settings.model_validate(
        {"data_dir": data_dir, "broker": broker, "http": {"port": 0}, "ingest": FAST, **more}
    )


@contextlib.asynccontextmanager
async def running(settings: Settings, *, take_over: bool = False) -> AsyncIterator[Gateway]:
    """Open a gateway, run it until the block ends, and stop it cleanly."""
    async with Gateway.open(settings, take_over=take_over) as gateway, asyncio.TaskGroup() as group:
        task = group.create_task(gateway.run())
        try:
            await gateway.until_ready()
            yield gateway
        finally:
            gateway.stop()
            await task


@pytest.fixture
async def gateway(broker: Mosquitto, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with running(settings(tmp_path / "data", {"url": broker.url})) as opened:
        yield opened


def stored(gateway: Gateway) -> list[tuple[int, ...]]:
    return gateway.services.cursor().execute("SELECT seq FROM frames ORDER BY seq").fetchall()


# -- the way there and back


async def test_it_stores_and_then_acknowledges(gateway: Gateway, broker: Mosquitto) -> None:
    with StationPeer(broker.port, "louxing-07") as station:
        for seq in range(1, 17):
            station.say(Channel.TELEMETRY, frame(seq))
        await until(lambda: station.acknowledged(STREAM) == set(range(1, 17)))
        ack = station.on("/ack")[-1]
    assert ack["gateway"] == gateway.services.state.gateway
    assert 0 < ack["credit"] <= 64
    assert abs(ack["now"] - now()) < 10_000
    assert stored(gateway) == [(seq,) for seq in range(1, 17)]


async def test_it_reads_what_stations_say_without_the_client_library(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_slowly: list[bytes] = []
    read = MqttPackageHandler._handle_publish_packet  # noqa: SLF001 - there is no other way to see it

    def handle(self: MqttPackageHandler, cmd: int, packet: bytes) -> None:
        read_slowly.append(packet)
        read(self, cmd, packet)

    monkeypatch.setattr(MqttPackageHandler, "_handle_publish_packet", handle)
    async with running(settings(tmp_path / "data", {"url": broker.url})) as gateway:
        with StationPeer(broker.port, "louxing-07") as station:
            station.say(Channel.TELEMETRY, frame(1))
            await until(lambda: station.acknowledged(STREAM) == {1})
        assert stored(gateway) == [(1,)]
    assert not [packet for packet in read_slowly if b"telemetry" in packet]


async def test_it_takes_both_lanes_and_acknowledges_what_it_knows_again(
    gateway: Gateway, broker: Mosquitto
) -> None:
    with StationPeer(broker.port, "louxing-07") as station:
        station.say(Channel.TELEMETRY, frame(1))
        station.say(Channel.BACKLOG, frame(2))
        await until(lambda: station.acknowledged(STREAM) == {1, 2})
        station.heard.clear()
        station.say(Channel.BACKLOG, frame(1))
        await until(lambda: station.acknowledged(STREAM) == {1, 2})
    assert gateway.ingest.completeness("louxing-07")["duplicate"] == 1


async def test_it_acknowledges_what_it_holds_but_not_what_only_a_newer_gateway_understands(
    gateway: Gateway, broker: Mosquitto
) -> None:
    with StationPeer(broker.port, "louxing-07") as station, StationPeer(broker.port, "louxing-08") as other:
        station.say(Channel.TELEMETRY, frame(1))
        await until(lambda: stored(gateway) == [(1,)])
        station.say(Channel.TELEMETRY, frame(2).replace(b'"v":1', b'"v":2'))
        station.say(Channel.TELEMETRY, frame(3).replace(b'"sample"', b'"humor"'))
        station.say(Channel.TELEMETRY, bytes(10_000_000))
        other.say(Channel.TELEMETRY, frame(9, "louxing-08"))
        await until(lambda: station.acknowledged(STREAM) == {1, 3} and other.acknowledged(STREAM) == {9})
    reasons = sorted(entry.item.reason for entry in gateway.services.state.quarantine.page(10))
    assert reasons == ["bad_class", "foreign_stream", "too_big", "unknown_version"]
    counted = gateway.ingest.completeness("louxing-07")
    assert (counted["received"], counted["quarantined"]) == (3, 2)


async def test_it_knows_everything_again_after_a_restart(broker: Mosquitto, tmp_path: Path) -> None:
    wanted = settings(tmp_path / "data", {"url": broker.url})
    with StationPeer(broker.port, "louxing-07") as station:
        async with running(wanted) as first:
            station.say(Channel.STATUS, birth(1, last=9))
            station.say(Channel.TELEMETRY, frame(1, gone=[(4, 5)]))
            station.say(Channel.TELEMETRY, frame(3, oldest=3))
            station.say(Channel.TELEMETRY, frame(7).replace(b'"sample"', b'"humor"'))
            station.say(Channel.TELEMETRY, b"who knows")
            await until(lambda: station.acknowledged(STREAM) == {1, 3, 7})
            station.say(Channel.BACKLOG, frame(1))
            station.say(Channel.BACKLOG, b"who knows")
            await until(lambda: first.ingest.completeness("louxing-07")["duplicate"] == 2)
        station.heard.clear()
        async with running(wanted) as again:
            figures = again.ingest.completeness("louxing-07")
            for seq in (1, 3, 7):
                station.say(Channel.BACKLOG, frame(seq))
            await until(lambda: station.acknowledged(STREAM) == {1, 3, 7})
            await until(lambda: again.ingest.completeness("louxing-07")["duplicate"] == 5)
            assert stored(again) == [(1,), (3,)]
    assert figures == {
        "received": 4,
        "duplicate": 2,
        "late": 0,
        "missing": 1,
        "gone": 2,
        "quarantined": 2,
    }


async def test_it_takes_a_replayed_reading_once_under_its_frame(gateway: Gateway, broker: Mosquitto) -> None:
    impossible = {
        "power": [{"device": "main", "ts": now() - 1, "voltage_v": 1.0}, {"device": "main", "ts": 1}]
    }
    with StationPeer(broker.port, "louxing-07") as station:
        station.say(Channel.TELEMETRY, frame(1, readings=impossible))
        await until(lambda: station.acknowledged(STREAM) == {1})
    [entry] = gateway.services.state.quarantine.page(10)
    refused = await gateway.ingest.replay(entry.id)
    assert (refused.taken, refused.reason) == (False, "no_field"), "it is as bad as it was"
    assert (await gateway.ingest.replay("01K0Q0A1B2C3D4E5F6G7H8J9KM")).reason == "unknown"


# -- the session


async def test_it_comes_back_when_its_broker_was_killed(gateway: Gateway, broker: Mosquitto) -> None:
    with StationPeer(broker.port, "louxing-07") as station:
        station.say(Channel.TELEMETRY, frame(1))
        await until(lambda: station.acknowledged(STREAM) == {1})
    broker.kill()
    await until(lambda: not gateway.ingest.subscriber.is_connected)
    async with httpx.AsyncClient(base_url=gateway.http_url) as client:
        assert (await client.get("/readyz")).json()["broker"] == "not connected"
    broker.start()
    await until(lambda: gateway.ingest.subscriber.is_connected, seconds=30)
    with StationPeer(broker.port, "louxing-07") as station:
        station.say(Channel.TELEMETRY, frame(2))
        await until(lambda: 2 in station.acknowledged(STREAM))


async def test_it_is_calm_once_a_frozen_broker_thaws(
    broker: Mosquitto,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Connections given up came up at the thaw, and each new session was ended by an older one's farewell."""
    monkeypatch.setattr("gateway.ingest.subscriber.CONNECT_S", 0.2)
    said: list[str] = []

    def told(word: str) -> bool:
        heard = capsys.readouterr()
        said.append(heard.out + heard.err)
        return word in "".join(said)

    broker.pause()
    wanted = settings(tmp_path / "data", {"url": broker.url})
    async with Gateway.open(wanted) as gateway, asyncio.TaskGroup() as group:
        task = group.create_task(gateway.run())
        await until(lambda: told("broker_unreachable"))
        broker.resume()
        await until(lambda: gateway.ingest.subscriber.is_connected, seconds=30)
        with StationPeer(broker.port, "louxing-07") as station:
            station.say(Channel.TELEMETRY, frame(1))
            await until(lambda: station.acknowledged(STREAM) == {1})
        assert not told("broker_lost")
        gateway.stop()
        await task


async def test_it_speaks_tls_with_a_password(tmp_path: Path) -> None:
    certificates = Certificates.make(tmp_path / "tls")
    users = {"gateway": "secret-of-the-gateway", "louxing-07": "secret-of-the-station"}
    secret = tmp_path / "password"
    secret.write_text(users["gateway"] + "\n")
    with Mosquitto(tmp_path / "broker", users=users, certificates=certificates) as broker:
        access = {
            "url": broker.url,
            "username": "gateway",
            "password": users["gateway"],
            "ca": certificates.ca,
        }
        user = ("louxing-07", users["louxing-07"])
        async with running(settings(tmp_path / "data", access)) as gateway:
            with StationPeer(broker.port, "louxing-07", user=user, ca=certificates.ca) as station:
                station.say(Channel.TELEMETRY, frame(1))
                await until(lambda: station.acknowledged(STREAM) == {1})
            assert stored(gateway) == [(1,)]


@pytest.mark.parametrize("wrong", ["password", "certificate"])
async def test_it_keeps_trying_and_says_why_when_it_is_not_let_in(
    tmp_path: Path, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    certificates, strangers = Certificates.make(tmp_path / "tls"), Certificates.make(tmp_path / "strangers")
    with Mosquitto(tmp_path / "broker", users={"gateway": "right"}, certificates=certificates) as broker:
        access = {
            "url": broker.url,
            "username": "gateway",
            "password": "guessed" if wrong == "password" else "right",
            "ca": certificates.ca if wrong == "password" else strangers.ca,
        }
        async with Gateway.open(settings(tmp_path / "data", access)) as gateway, asyncio.TaskGroup() as group:
            task = group.create_task(gateway.run())
            said: list[str] = []

            def told() -> bool:
                heard = capsys.readouterr()
                said.append(heard.out + heard.err)
                return "broker_unreachable" in "".join(said)

            await until(told, seconds=20)
            gateway.stop()
            await task
    assert "guessed" not in "".join(said)


# -- claims


async def claims_on(broker: Mosquitto) -> list[dict[str, Any]]:
    with StationPeer(broker.port, "listener") as listener:
        await until(lambda: listener.on("gateways/louxing"))
        found: list[dict[str, Any]] = listener.on("gateways/louxing")
        return found


async def test_it_claims_a_named_region_at_the_start_and_any_other_at_its_first_message(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with running(settings(tmp_path / "named", {"url": broker.url}, regions=["louxing"])) as named:
        [claim] = await claims_on(broker)
        assert claim["gateway"] == named.services.state.gateway
        with StationPeer(broker.port, "shuangfeng-01", "shuangfeng") as stranger:
            stranger.say(Channel.TELEMETRY, frame(1, "shuangfeng-01"))
            async with running(settings(tmp_path / "any", {"url": broker.url})) as other:
                stranger.say(Channel.TELEMETRY, frame(2, "shuangfeng-01"))
                await until(lambda: stranger.on("gateways/shuangfeng"))
                await until(lambda: stranger.acknowledged(STREAM) == {2})
                assert stranger.on("gateways/shuangfeng")[-1]["gateway"] == other.services.state.gateway
                assert stored(named) == []


async def test_it_leaves_a_region_alone_that_another_gateway_claimed(
    broker: Mosquitto, tmp_path: Path
) -> None:
    claim = Claim(gateway=OTHER_GATEWAY, since=now() - 1_000)
    with (
        StationPeer(broker.port, "louxing-07") as station,
        StationPeer(broker.port, "other-01", "other") as free,
    ):
        station.publish(TOPICS.claim("louxing"), encode_message(claim), retain=True)
        async with running(settings(tmp_path / "data", {"url": broker.url})) as gateway:
            await until(lambda: gateway.ingest.claims.foreign() == {"louxing": OTHER_GATEWAY})
            station.say(Channel.TELEMETRY, frame(1))
            free.say(Channel.TELEMETRY, frame(1, "other-01", OTHER_STREAM))
            await until(lambda: free.acknowledged(OTHER_STREAM) == {1})
            rows = gateway.services.cursor().execute("SELECT station_id FROM frames").fetchall()
            async with httpx.AsyncClient(base_url=gateway.http_url) as client:
                answer = await client.get("/readyz")
        assert rows == [("other-01",)]
        assert station.on("/ack") == []
        assert answer.status_code == 503
        assert OTHER_GATEWAY in answer.json()["regions"]
        [still] = await claims_on(broker)
        assert still["gateway"] == OTHER_GATEWAY


async def test_it_does_not_acknowledge_what_it_stored_once_the_region_is_another_gateways(
    broker: Mosquitto, tmp_path: Path
) -> None:
    patient = settings(tmp_path / "data", {"url": broker.url}, ack={"after_ms": 60_000})
    with StationPeer(broker.port, "louxing-07") as station:
        async with running(patient) as gateway:
            station.say(Channel.TELEMETRY, frame(1))
            await until(lambda: stored(gateway) == [(1,)])
            replaced = [gateway.services.state.gateway]
            claim = Claim(gateway=OTHER_GATEWAY, since=now(), replaces=replaced)
            station.publish(TOPICS.claim("louxing"), encode_message(claim), retain=True)
            await until(lambda: gateway.ingest.claims.foreign() == {"louxing": OTHER_GATEWAY})
            async with httpx.AsyncClient(base_url=gateway.http_url) as client:
                station_now = (await client.get("/api/v1/stations/louxing-07")).json()
                refused = await client.post(
                    "/api/v1/stations/louxing-07/commands", json={"name": "birth", "args": {}}
                )
        # what is closed has acknowledged everything that it ever will
        assert station.on("/ack") == []
    assert station_now["state"] == "unknown"
    assert refused.status_code == 409
    assert "louxing" in refused.json()["detail"]


async def test_a_take_over_replaces_the_claim_and_everybody_named_in_births(
    broker: Mosquitto, tmp_path: Path
) -> None:
    third = "01K0Q0A1B2C3D4E5F6G7H8J9KY"
    claim = Claim(gateway=OTHER_GATEWAY, since=now() - 1_000)
    with StationPeer(broker.port, "louxing-07") as station:
        station.publish(TOPICS.claim("louxing"), encode_message(claim), retain=True)
        station.say(Channel.STATUS, birth(1, gateway=third), retain=True)
        wanted = settings(tmp_path / "data", {"url": broker.url})
        async with running(wanted, take_over=True) as gateway:
            ours = gateway.services.state.gateway

            def replaced() -> bool:
                said = station.on("gateways/louxing")[-1]
                return said["gateway"] == ours and set(said["replaces"]) == {OTHER_GATEWAY, third}

            station.say(Channel.TELEMETRY, frame(1))
            await until(replaced)
            station.say(Channel.TELEMETRY, frame(2))
            await until(lambda: 2 in station.acknowledged(STREAM))


async def test_a_take_over_replaces_whom_a_station_set_back_to_a_backup_obeys(
    broker: Mosquitto, tmp_path: Path
) -> None:
    """Its sessions begin again below those known, so its retained birth is not the newest."""
    third = "01K0Q0A1B2C3D4E5F6G7H8J9KY"
    wanted = settings(tmp_path / "data", {"url": broker.url})
    with StationPeer(broker.port, "louxing-07") as station:
        async with running(wanted):
            station.say(Channel.STATUS, birth(9))
            station.say(Channel.TELEMETRY, frame(1))
            await until(lambda: station.acknowledged(STREAM) == {1})
        station.say(Channel.STATUS, birth(2, gateway=third), retain=True)
        async with running(wanted, take_over=True):
            await until(lambda: third in station.on("gateways/louxing")[-1]["replaces"])


# -- births


async def test_a_station_that_moved_leaves_nothing_retained_behind(
    gateway: Gateway, broker: Mosquitto
) -> None:
    with (
        StationPeer(broker.port, "louxing-07", also=["stations/louxing/+/status"]) as old,
        StationPeer(broker.port, "louxing-07", "shuangfeng") as new,
    ):
        old.say(Channel.STATUS, birth(1), retain=True)
        await until(lambda: gateway.services.fleet.station("louxing-07").session == 1)
        new.say(Channel.STATUS, birth(2), retain=True)
        await until(lambda: old.on("/status")[-1] is None)
        new.say(Channel.TELEMETRY, frame(1))
        await until(lambda: new.acknowledged(STREAM) == {1})
        assert old.on("/ack") == [], "acknowledged where it is now"
    with StationPeer(broker.port, "late", also=["stations/louxing/+/status"]) as late:
        late.say(Channel.STATUS, birth(1))
        await until(lambda: late.on("/status"))
        assert [said["session"] for said in late.on("/status")] == [1], "its own, and no ghost"


async def test_it_answers_with_a_command_and_takes_the_result(gateway: Gateway, broker: Mosquitto) -> None:
    with StationPeer(broker.port, "louxing-07") as station:
        station.say(Channel.STATUS, birth(1))
        await until(lambda: gateway.services.fleet.station("louxing-07").session == 1)
        async with httpx.AsyncClient(base_url=f"{gateway.http_url}/api/v1") as client:
            body = {"name": "birth", "args": {}, "by": "li", "ttl_s": 60}
            issued = await client.post("/stations/louxing-07/commands", json=body)
            await until(lambda: station.on("/command"))
            command = station.on("/command")[0]
            result = {"v": 1, "id": command["id"], "state": "done", "at": now()}
            station.say(Channel.RESULT, json.dumps(result).encode())
            table = gateway.services.state.commands

            def settled() -> bool:
                known = table.get(command["id"])
                return known is not None and known.state == "done"

            await until(settled)
    assert issued.status_code in {200, 201, 202}
    assert command["gateway"] == gateway.services.state.gateway
