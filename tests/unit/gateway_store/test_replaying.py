"""What quarantine held, offered again: with the identity it had, taken once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.ingest.batching import Batcher
from gateway.ingest.replaying import Replays
from gateway.state.database import State
from gateway.state.quarantined import Quarantined, QuarantineLimits, Replayed
from gateway.timeseries.store import Store
from tests.unit.gateway_ingest.ticks import NOW, STATION, STREAM, TOPICS, VOLTS, Desk, best_effort, payload
from wire.topics import Channel

TOPIC = TOPICS.of("louxing", STATION, Channel.TELEMETRY)
AMPERES = {"power": [{"device": "main", "ts": NOW, "current_a": 5.0}]}


@dataclass
class House:
    """Quarantine, store and what stands between."""

    state: State
    store: Store

    def __post_init__(self) -> None:
        batcher = Batcher(self.store.sources, self.store.series)
        self.replays = Replays(self.state.quarantine, self.store, batcher, TOPICS, lambda: NOW + 5)

    def hold(self, said: bytes, **identity: Any) -> str:  # noqa: ANN401 - fields of what is held
        """Put something into quarantine; returns its entry."""
        item = Quarantined(
            STATION, "louxing", identity.pop("topic", TOPIC), "bad_field", "", said, **identity
        )
        self.state.quarantine.add([item], NOW)
        return self.state.quarantine.page(1)[0].id

    def replay(self, entry: str) -> Replayed:
        return self.replays.replay(entry, self.store.next_frame + 100)

    def read(self, sql: str) -> list[Any]:
        return self.store.cursor().execute(sql).fetchall()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    store = Store(tmp_path / "store.duckdb")
    store.open()
    limits = QuarantineLimits(entry_bytes=2_000)
    with State.open(tmp_path, NOW, reserve_bytes=4_096, limits=limits) as state:
        yield House(state, store)
    store.close()


def test_it_puts_a_reading_back_into_its_frame_at_its_place(house: House) -> None:
    house.store.consume([Desk(house.store.sources, house.store.series).batch(payload(4))])
    entry = house.hold(payload(4, AMPERES), stream=STREAM, seq=4, domain="power", index=3)
    assert house.replay(entry) == Replayed(taken=True)
    assert house.read("SELECT frame, idx, current_a FROM power_samples ORDER BY idx") == [
        (0, 0, None),
        (0, 3, 5.0),
    ]
    assert house.read("SELECT count(*) FROM frames_raw") == [(1,)]
    known = house.state.quarantine.get(entry)
    assert known is not None
    assert known.replayed == NOW + 5


def test_it_takes_a_thing_once(house: House) -> None:
    entry = house.hold(payload(4, AMPERES), stream=STREAM, seq=4, domain="power", index=0)
    assert house.replay(entry).taken
    assert house.replay(entry).reason == "duplicate"
    assert house.read("SELECT count(*) FROM power_samples") == [(1,)]


def test_it_tells_two_readings_of_one_frame_apart(house: House) -> None:
    first = house.hold(payload(4, AMPERES), stream=STREAM, seq=4, domain="power", index=0)
    second = house.hold(payload(4, VOLTS), stream=STREAM, seq=4, domain="power", index=1)
    assert house.replay(first).taken
    assert house.replay(second).taken
    assert house.read("SELECT idx FROM power_samples ORDER BY idx") == [(0,), (1,)]


def test_it_stores_a_whole_frame_with_the_time_of_its_receipt(house: House) -> None:
    assert house.replay(house.hold(payload(9), stream=STREAM, seq=9)).taken
    assert house.read("SELECT seq, received, voltage_v FROM frames JOIN power_samples USING (frame)") == [
        (9, NOW, 229.8)
    ]


def test_it_stores_a_best_effort_frame(house: House) -> None:
    entry = house.hold(best_effort())
    assert house.replay(entry).taken
    assert house.replay(entry).reason == "duplicate"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"{", "not_json"),
        (payload(1, {}), "no_field"),
        (payload(1, {"power": [{"device": "main", "ts": NOW}]}), "no_field"),
        (payload(1, {"power": [{"device": "main", "ts": 1, "voltage_v": 1.0}]}), "ts_too_old"),
        (payload(1, station_id="louxing-08"), "wrong_station"),
        (payload(1, {"power": [*VOLTS["power"]] * 60}), "not_json"),
    ],
    ids=["unreadable", "empty", "no field", "1970", "another station", "cut to what is kept of it"],
)
def test_it_says_why_a_thing_is_still_refused(house: House, said: bytes, reason: str) -> None:
    entry = house.hold(said, stream=STREAM, seq=1)
    assert (house.replay(entry).taken, house.replay(entry).reason) == (False, reason)
    assert house.read("SELECT count(*) FROM frames_raw") == [(0,)]


def test_it_refuses_what_it_does_not_know_and_what_came_from_nowhere(house: House) -> None:
    assert house.replay("01K0Q0A1B2C3D4E5F6G7H8J9KM").reason == "unknown"
    assert house.replay(house.hold(payload(1), topic="somewhere/else")).reason == "bad_topic"


def test_it_can_be_tried_again_when_the_store_could_not_keep_it(house: House) -> None:
    entry = house.hold(payload(9), stream=STREAM, seq=9)
    house.store.close()
    assert house.replay(entry).reason == "not_durable"
    known = house.state.quarantine.get(entry)
    assert known is not None
    assert known.replayed is None
    house.store.open()
    assert House(house.state, house.store).replay(entry).taken
