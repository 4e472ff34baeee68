"""The agent's link: rebuilt when it is dead, trusted only where it should be."""

import gc
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from station_agent.app import Agent, real_sources
from station_agent.clock import Sources
from station_agent.errors import StorageError
from station_agent.session import Patience
from tests.integration.acking_peer import NOW, Peer, acking_peer
from tests.integration.agent_inside import Meter, running, settings
from tests.support.certificates import Certificates
from tests.support.mosquitto import Mosquitto
from tests.support.proxy import Proxy
from tests.support.waiting import until
from tests.unit.station_agent.boxes import draft, written

IMPATIENT = Patience(keep_alive=2, connect=2.0, puback=1.5)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as started:
        yield started


@pytest.fixture
def peer(broker: Mosquitto) -> Iterator[Peer]:
    with acking_peer(broker.port) as connected:
        yield connected


async def test_it_rebuilds_a_link_on_which_nothing_is_acknowledged(
    tmp_path: Path, broker: Mosquitto, peer: Peer
) -> None:
    meter = Meter()
    with Proxy(broker.port) as proxy:
        async with running(settings(tmp_path, proxy.url), [meter], patience=IMPATIENT) as agent:
            await until(lambda: peer.lines() == [0.0], what="the first reading")
            proxy.blackhole = True
            meter.volume = 1.0
            await until(lambda: not agent.parts.uplink.up, 15, "giving the dead link up")
            proxy.blackhole = False
            await until(lambda: 1.0 in peer.lines() and not agent.parts.outbox.depth, 20, "all settled")
            assert agent.parts.uplink.reconnects_total >= 1


async def test_it_rebuilds_a_link_on_which_nothing_is_heard(
    tmp_path: Path, broker: Mosquitto, peer: Peer
) -> None:
    patience = Patience(keep_alive=2, connect=2.0, puback=60.0)
    with Proxy(broker.port) as proxy:
        async with running(settings(tmp_path, proxy.url), patience=patience) as agent:
            await until(lambda: peer.births() and not agent.parts.outbox.depth, what="the first delivery")
            proxy.blackhole = True
            await until(lambda: not agent.parts.uplink.up, 15, "giving the silent link up")
            proxy.blackhole = False
            await until(lambda: len(peer.births()) >= 2, 15, "another birth")


async def test_it_never_sends_an_old_frame_on_the_live_lane(
    tmp_path: Path, broker: Mosquitto, peer: Peer
) -> None:
    meter = Meter()
    with Proxy(broker.port) as proxy:
        async with running(settings(tmp_path, proxy.url), [meter], patience=IMPATIENT) as agent:
            await until(lambda: peer.lines() == [0.0], what="the first reading")
            for volume in range(1, 6):
                proxy.blackhole = True
                meter.volume = float(volume)
                await until(lambda: agent.parts.outbox.depth, what="a frame on disk")
                await until(lambda: not agent.parts.uplink.up, 15, "the link given up")
                proxy.blackhole = False
                await until(lambda: not agent.parts.outbox.depth, 20, "all settled")
    lanes: dict[tuple[str, int], list[str]] = {}
    for lane, frame in peer.frames:
        lanes.setdefault((frame["stream"], frame["seq"]), []).append(lane)
    assert all("telemetry" not in seen[1:] for seen in lanes.values())
    assert sorted(peer.lines()) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


async def test_it_counts_a_frame_once_although_the_link_repeats_it(
    tmp_path: Path, broker: Mosquitto, peer: Peer
) -> None:
    meter = Meter()
    with Proxy(broker.port) as proxy:
        proxy.duplicate_every = 2
        async with running(settings(tmp_path, proxy.url), [meter]) as agent:
            for volume in range(1, 20):
                meter.volume = float(volume)
                await until(lambda: float(volume) in peer.lines(), what="the reading")  # noqa: B023 - awaited here
            await until(lambda: not agent.parts.outbox.depth, what="all settled")
    assert proxy.duplicated
    assert sorted(set(peer.lines())) == sorted(peer.lines())


async def test_it_speaks_tls_with_user_and_password(tmp_path: Path) -> None:
    certificates = Certificates.make(tmp_path / "certificates")
    secret = tmp_path / "secret"
    secret.write_text("right horse\n")
    users = {"louxing-07": "right horse"}
    with Mosquitto(tmp_path / "broker", users=users, certificates=certificates) as broker:
        of = settings(tmp_path, broker.url, password=str(secret), ca=str(certificates.ca))
        async with running(of) as agent:
            await until(lambda: agent.parts.uplink.up, what="the connection")
        assert "louxing-07" in broker.log


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho forgets the socket
async def test_it_does_not_trust_a_stranger_certificate(tmp_path: Path) -> None:
    certificates = Certificates.make(tmp_path / "certificates")
    others = Certificates.make(tmp_path / "others")
    with Mosquitto(tmp_path / "broker", certificates=certificates) as broker:
        of = settings(tmp_path, broker.url, ca=str(others.ca))
        async with running(of) as agent:
            await until(lambda: broker.log.count("OpenSSL Error") >= 2, 20, "two refused handshakes")
            assert not agent.parts.uplink.up
    gc.collect()


@pytest.mark.parametrize(("url", "days"), [("mqtts://127.0.0.1:1", {0}), ("mqtt://127.0.0.1:1", set())])
async def test_it_says_for_how_many_days_the_certificates_of_its_settings_are_valid(
    tmp_path: Path, url: str, days: set[int]
) -> None:
    certificates = Certificates.make(tmp_path / "certificates")
    async with Agent.open(settings(tmp_path, url, ca=str(certificates.ca)), []) as agent:
        reports = (await agent.sampler.read()).reports
    known = [report.reading for report in reports if "cert_expiry_days" in report.reading]
    assert {reading["cert_expiry_days"] for reading in known} == days


async def test_it_goes_on_trying_when_the_broker_refuses_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Mosquitto(tmp_path / "broker", users={"louxing-07": "right"}) as broker:
        async with running(settings(tmp_path, broker.url, password="wrong")) as agent:
            await until(lambda: broker.log.count("not authorised") >= 2, 20, "two refusals")
            assert not agent.parts.uplink.up
    complaints = [line for line in capsys.readouterr().out.splitlines() if "Not authorized" in line]
    assert ["warning" in line for line in complaints] == [True] + [False] * (len(complaints) - 1)


async def test_it_speaks_mqtt_5_where_told_to(tmp_path: Path, broker: Mosquitto, peer: Peer) -> None:
    async with running(settings(tmp_path, broker.url, protocol="5"), [Meter()]) as agent:
        await until(lambda: peer.lines() == [0.0] and not agent.parts.outbox.depth, what="the delivery")
    assert "p5" in broker.log


async def test_it_lets_the_broker_go_and_come_back(tmp_path: Path, broker: Mosquitto, peer: Peer) -> None:
    meter = Meter()
    async with running(settings(tmp_path, broker.url), [meter]) as agent:
        await until(lambda: peer.lines() == [0.0], what="the first reading")
        for _ in range(3):
            broker.restart()
            # What the peer misses while it connects comes again once three later frames are acknowledged.
            await until(lambda: turn(meter) and not agent.parts.outbox.depth, 30, "all settled")
    assert sorted(peer.lines()) == [float(n) for n in range(len(peer.lines()))]


def turn(meter: Meter) -> bool:
    """Let some water run now and then; True when all of it was read."""
    meter.turns += 1
    if meter.turns % 20 == 0 and meter.read_volume == meter.volume:
        meter.volume += 1
    return meter.read_volume == meter.volume and meter.volume > 3


async def test_it_forgets_its_gateway_when_the_region_changes(
    tmp_path: Path, broker: Mosquitto, peer: Peer
) -> None:
    async with running(settings(tmp_path, broker.url), [Meter()]) as agent:
        await until(lambda: peer.lines() and not agent.parts.outbox.depth, what="the delivery")
        assert agent.parts.delivery.gateway is not None
    async with running(settings(tmp_path, broker.url, region="lianyuan")) as agent:
        assert agent.parts.delivery.gateway is None
        assert all(state.kept >= state.oldest for state in agent.parts.outbox.stream_states())


async def test_it_sets_its_clock_by_the_gateway_and_stamps_anew_what_waits(
    tmp_path: Path, broker: Mosquitto, peer: Peer
) -> None:
    real = real_sources("system")
    lost = Sources(wall=lambda: 1_000, monotonic=real.monotonic, synchronised=lambda: False)
    peer.acknowledge = lambda frame: frame["seq"] != 1 or frame.get("clock") != "unset"
    meter = Meter()
    async with running(settings(tmp_path, broker.url), [meter], sources=lost) as agent:
        await until(lambda: peer.frames, what="a frame at once")
        assert peer.frames[0][1]["clock"] == "unset"
        for volume in range(1, 5):  # three later frames acknowledged bring the first again
            meter.volume = float(volume)
            await until(lambda: float(volume) in peer.lines(), what="the reading")  # noqa: B023 - awaited here
        await until(lambda: not agent.parts.outbox.depth, 20, "all settled")
    again = [frame for _, frame in peer.frames if frame["seq"] == 1][-1]
    assert "clock" not in again
    stamps = [reading["ts"] for readings in again["readings"].values() for reading in readings]
    assert all(abs(ts - NOW) < 60_000 for ts in stamps)


async def test_it_puts_an_outbox_aside_that_breaks_while_it_runs(tmp_path: Path, broker: Mosquitto) -> None:
    of = settings(tmp_path, broker.url)
    async with Agent.open(of, [Meter()]) as agent:
        agent.parts.outbox.append([draft()] * 500, written())
        spoil(tmp_path / "data" / "outbox.db")
        with pytest.raises(StorageError, match="put aside"):
            await agent.run()
    async with running(of, [Meter()]) as agent:
        await until(lambda: agent.parts.outbox.depth, what="a new outbox in use")
    assert (tmp_path / "data" / "outbox.db.broken").exists()


def spoil(file: Path) -> None:
    """Let the flash lose everything but the first page."""
    database = sqlite3.connect(file)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    database.close()
    file.write_bytes(file.read_bytes()[:4096] + b"flash died here." * (file.stat().st_size // 16 - 256))
