"""Commands, births and wills on a clock that is told, with the real tables behind them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.fleet import Fleet, StationState
from gateway.ingest.claims import Claims
from gateway.ingest.commanding import AGAIN_MS, BIRTH_ASK_MS, BIRTH_SPREAD_MS, Commander
from gateway.ingest.outgoing import Outgoing
from gateway.ingest.received import Received
from gateway.ingest.regions import Regions
from gateway.ingest.statuses import Statuses
from gateway.observability import Metrics
from gateway.state.births import Happening
from gateway.state.commands import CommandRecord, CommandState
from gateway.state.database import State
from tests.unit.gateway_ingest.ticks import NOW, STATION, STREAM, TOPICS
from wire.frames import Birth, DeviceInfo, Goodbye, Result, StreamSummary
from wire.messages import encode_message
from wire.topics import Address, Channel

MINUTE = 60_000


class Said(Outgoing):
    """What would go to the broker, kept; what goes to the state is written at once."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[tuple[str, Any, bool]] = []

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.messages.append((topic, json.loads(payload) if payload else None, retain))

    def write(self, function: Any) -> None:  # noqa: ANN401 - any function of the state
        function()

    def take(self) -> list[tuple[str, Any, bool]]:
        taken, self.messages = self.messages, []
        return taken


@dataclass
class Talk:
    """One gateway's talk with its stations."""

    state: State
    received: Received = field(default_factory=Received)
    fleet: Fleet = field(default_factory=Fleet)
    said: Said = field(default_factory=Said)

    def __post_init__(self) -> None:
        metrics = self.metrics = Metrics()
        gateway, said = self.state.gateway, self.said
        self.commander = Commander(
            gateway, TOPICS, self.received, self.fleet, self.state.commands, said, metrics
        )
        claims = Claims(gateway)
        regions = Regions(("+",), claims, TOPICS, self.state.claims, said, metrics, lambda: NOW)
        self.statuses = Statuses(TOPICS, self.received, self.fleet, regions, self.state.births, said, metrics)
        self.fleet.broker_connected(0)

    def hear(
        self, message: Birth | Goodbye, now: int = NOW, region: str = "louxing", *, retained: bool = False
    ) -> None:
        address = Address(region, STATION, Channel.STATUS)
        self.statuses.hear(address, encode_message(message), now, retained=retained)

    def answer(self, station_id: str, result: Result) -> None:
        address = Address("louxing", station_id, Channel.RESULT)
        self.commander.hear(address, encode_message(result), NOW)

    def command(
        self, ttl_s: int = 60, name: str = "birth", args: dict[str, object] | None = None
    ) -> CommandRecord:
        """Issue a command of an operator."""
        record = CommandRecord("01K0Q0A1B2C3D4E5F6G7H8J9CM", STATION, name, args or {}, NOW, ttl_s, ("li",))
        self.state.commands.add(record)
        self.commander.send(record, "louxing", NOW)
        return record

    def state_of(self, record: CommandRecord) -> CommandState:
        known = self.state.commands.get(record.id)
        assert known is not None
        return known.state


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with State.open(tmp_path, NOW, reserve_bytes=4_096) as state:
        yield Talk(state)


def birth(session: int, *streams: StreamSummary, gateway: str | None = None) -> Birth:
    return Birth(
        session=session,
        boot_id=STREAM,
        gateway=gateway,
        version="0.1.0",
        started=NOW,
        streams=list(streams),
        devices=[DeviceInfo(device="front-door", domain="access", facility="door", interval_s=30)],
    )


# -- commands


def test_it_sends_a_command_again_until_it_is_answered(talk: Talk) -> None:
    record = talk.command()
    [(topic, said, retained)] = talk.said.take()
    assert (topic, retained) == ("stations/louxing/louxing-07/command", False)
    assert said == {
        "v": 1,
        "gateway": talk.state.gateway,
        "id": record.id,
        "name": "birth",
        "args": {},
        "issued": NOW,
        "ttl_s": 60,
        "by": ["li"],
    }
    talk.commander.send_again(NOW + AGAIN_MS - 1)
    assert talk.said.take() == []
    talk.commander.send_again(NOW + AGAIN_MS)
    talk.commander.send_again(NOW + 2 * AGAIN_MS)
    assert [message["id"] for _, message, _ in talk.said.take()] == [record.id] * 2
    talk.answer(STATION, Result(id=record.id, state="refused", reason="not now", at=NOW))
    talk.commander.send_again(NOW + 3 * AGAIN_MS)
    assert talk.said.take() == []
    assert talk.state_of(record) is CommandState.REFUSED


def test_it_gives_up_when_the_time_is_over_and_says_so(talk: Talk) -> None:
    record = talk.command(ttl_s=30)
    talk.said.take()
    talk.commander.send_again(NOW + 30_000)
    assert len(talk.said.take()) == 1
    talk.commander.send_again(NOW + 30_001)
    assert talk.said.take() == []
    assert talk.state_of(record) is CommandState.EXPIRED


def test_it_takes_up_unanswered_commands_after_a_restart(talk: Talk) -> None:
    record = talk.command()
    again = Talk(talk.state)
    again.fleet.heard(STATION, "louxing", NOW, fresh=True)
    again.commander.restore(talk.state.commands.pending())
    again.commander.send_again(NOW + 20_000)
    assert [message["id"] for _, message, _ in again.said.take()] == [record.id]
    again.answer(STATION, Result(id=record.id, state="done", at=NOW))
    assert again.state_of(record) is CommandState.DONE


def test_it_lets_no_other_station_answer(talk: Talk) -> None:
    record = talk.command()
    talk.answer("louxing-08", Result(id=record.id, state="done", at=NOW))
    assert talk.state_of(record) is CommandState.PENDING
    talk.commander.send_again(NOW + AGAIN_MS)
    assert len(talk.said.take()) == 2


def test_it_settles_once(talk: Talk) -> None:
    record = talk.command()
    talk.answer(STATION, Result(id=record.id, state="done", at=NOW))
    talk.answer(STATION, Result(id=record.id, state="failed", at=NOW))
    assert talk.state_of(record) is CommandState.DONE


def test_it_believes_what_a_resend_lists_as_gone(talk: Talk) -> None:
    talk.received.note_birth(STATION, STREAM, oldest=10, kept=1, last=9, gone=[])
    record = talk.command(name="resend", args={"stream": STREAM, "ranges": [[1, 9]]})
    talk.answer(STATION, Result(id=record.id, state="done", gone=((2, 4),), at=NOW))
    assert talk.received.figures(STATION) == {"received": 0, "duplicate": 0, "missing": 6, "gone": 3}


def test_it_asks_for_missing_frames_by_the_command_resend(talk: Talk) -> None:
    talk.fleet.heard(STATION, "louxing", NOW, fresh=True)
    talk.received.note_birth(STATION, STREAM, oldest=10, kept=1, last=9, gone=[(3, 9)])
    talk.commander.ask_missing(NOW)
    talk.commander.ask_missing(NOW + 10 * MINUTE)
    [(topic, said, _)] = talk.said.take()
    assert topic == "stations/louxing/louxing-07/command"
    assert (said["name"], said["args"]) == ("resend", {"stream": STREAM, "ranges": [[1, 2]]})
    assert [record.name for record in talk.state.commands.pending()] == ["resend"]


def test_it_asks_for_a_birth_once_a_station_sends_frames_without_one(talk: Talk) -> None:
    stations = [f"louxing-{number:02}" for number in range(40)]
    for station_id in stations:
        talk.fleet.heard(station_id, "louxing", NOW, fresh=True)
    asked: dict[str, int] = {}
    for second in range(0, BIRTH_SPREAD_MS + 1_000, 1_000):
        talk.commander.ask_births(NOW + second)
        asked |= {message[0]: second for message in talk.said.take()}
    assert len(asked) == 40
    assert len(set(asked.values())) > 15, "each at its own moment"
    assert min(asked.values()) > 0
    talk.commander.ask_births(NOW + BIRTH_ASK_MS)
    assert talk.said.take() == []
    talk.commander.ask_births(NOW + BIRTH_SPREAD_MS + BIRTH_ASK_MS)
    assert len(talk.said.take()) == 40


def test_it_asks_for_the_birth_of_one_that_only_sends_what_is_late_until_it_falls_silent(talk: Talk) -> None:
    talk.fleet.heard(STATION, "louxing", NOW, fresh=False)
    for second in range(0, 2 * BIRTH_ASK_MS, 1_000):
        talk.commander.ask_births(NOW + second)
    assert len(talk.said.take()) == 2
    for second in range(2 * BIRTH_ASK_MS + 1_000, 4 * BIRTH_ASK_MS, 1_000):
        talk.commander.ask_births(NOW + second)
    assert talk.said.take() == []


def test_it_asks_no_birth_of_one_that_was_born_nor_of_hardware_without_an_outbox(talk: Talk) -> None:
    talk.hear(birth(1))
    talk.fleet.heard("louxing-08", "louxing", NOW, fresh=True, best_effort=True)
    talk.fleet.expect("louxing-09", "louxing", "Asia/Shanghai")
    for second in range(0, 400_000, 1_000):
        talk.commander.ask_births(NOW + second)
    assert talk.said.take() == []


def test_it_says_nothing_to_stations_that_are_another_gateways(talk: Talk) -> None:
    talk.hear(birth(1, StreamSummary(stream=STREAM, oldest=1, kept=5, last=5)))
    talk.command(ttl_s=600)
    talk.said.take()
    talk.commander.ask_missing(NOW)
    talk.statuses.note_hands("louxing", Happening.HANDED_OVER, NOW)
    talk.commander.send_again(NOW + 2 * AGAIN_MS)
    talk.commander.ask_missing(NOW + 11 * MINUTE)
    assert talk.said.take() == []
    assert talk.fleet.state(talk.fleet.station(STATION), NOW) is StationState.UNKNOWN
    talk.statuses.note_hands("louxing", Happening.TAKEN_UP, NOW + 20 * AGAIN_MS)
    talk.commander.send_again(NOW + 21 * AGAIN_MS)
    talk.commander.ask_missing(NOW + 40 * MINUTE)
    assert [said["name"] for _, said, _ in talk.said.take()] == ["birth", "resend"]


def test_it_ignores_a_result_it_cannot_read(talk: Talk) -> None:
    record = talk.command()
    talk.commander.hear(Address("louxing", STATION, Channel.RESULT), b"{", NOW)
    talk.answer(STATION, Result(config_version=3, state="done", at=NOW))
    assert talk.state_of(record) is CommandState.PENDING


# -- births and wills


def station_state(talk: Talk, now: int = NOW) -> StationState:
    return talk.fleet.state(talk.fleet.station(STATION), now)


def test_a_birth_brings_a_station_online_with_its_devices(talk: Talk) -> None:
    talk.hear(birth(1))
    station = talk.fleet.station(STATION)
    assert station_state(talk) is StationState.ONLINE
    assert [device.facility for device in station.devices] == ["door"]


def test_a_will_counts_only_in_its_own_session(talk: Talk) -> None:
    talk.hear(birth(17))
    talk.hear(Goodbye(state="lost", session=16))
    assert station_state(talk) is StationState.ONLINE
    talk.hear(Goodbye(state="lost", session=17))
    assert station_state(talk) is StationState.OFFLINE
    talk.hear(birth(18))
    assert station_state(talk) is StationState.ONLINE


def test_the_newest_birth_is_the_one_received_last_save_when_it_was_retained(talk: Talk) -> None:
    talk.hear(birth(17))
    talk.hear(birth(5), retained=True)
    assert talk.fleet.station(STATION).session == 17
    talk.hear(birth(18), retained=True)
    assert talk.fleet.station(STATION).session == 18
    talk.hear(birth(3))
    assert talk.fleet.station(STATION).session == 3, "a box whose disk was replaced"


def test_a_retained_birth_does_not_say_that_the_station_is_there(talk: Talk) -> None:
    talk.hear(birth(1), retained=True)
    assert station_state(talk) is StationState.UNKNOWN


def test_a_birth_tells_of_streams(talk: Talk) -> None:
    talk.hear(birth(1, StreamSummary(stream=STREAM, oldest=4, kept=1, last=6, gone=((2, 2),))))
    assert talk.received.figures(STATION) == {"received": 0, "duplicate": 0, "missing": 2, "gone": 1}


def test_a_birth_in_a_new_region_clears_what_is_retained_in_the_old(talk: Talk) -> None:
    talk.hear(birth(1))
    assert talk.said.take() == []
    talk.hear(birth(2), region="shuangfeng")
    assert talk.said.take() == [
        ("stations/louxing/louxing-07/status", None, True),
        ("stations/louxing/louxing-07/config", None, True),
    ]
    assert talk.fleet.station(STATION).region == "shuangfeng"


def test_births_and_wills_are_written_once_a_second_together(talk: Talk) -> None:
    talk.hear(birth(1))
    talk.hear(birth(2))
    talk.hear(Goodbye(state="stopped", session=2, reason="update"))
    talk.hear(Goodbye(state="lost", session=1))
    assert talk.state.births.newest() == []
    talk.statuses.write()
    [newest] = talk.state.births.newest()
    assert (newest.session, newest.region, Birth.model_validate(newest.payload)) == (2, "louxing", birth(2))
    kinds = [row.kind for row in talk.state.births.history()]
    assert kinds == [Happening.WILL, Happening.BIRTH, Happening.BIRTH]


def test_it_ignores_what_is_no_status(talk: Talk) -> None:
    for payload in (b"", b"{", b'{"v":1,"state":"asleep"}', b'{"v":2,"state":"online"}'):
        talk.statuses.hear(Address("louxing", STATION, Channel.STATUS), payload, NOW, retained=False)
    assert STATION not in talk.fleet
    counted = talk.metrics.ignored.labels("bad_status")._value.get()  # noqa: SLF001 - prometheus has no other way
    assert counted == 3, "an empty one only clears"
