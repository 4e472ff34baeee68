from __future__ import annotations

from itertools import pairwise

import orjson
import pytest

from gateway.ingest.decoding import Arrived
from simulators.scenarios import BREAKDOWNS, Scenario, quiet
from simulators.scenarios.scenario import HOUR_MS
from wire.topics import Channel
from yizhan.score.courier import ACK_FRAMES, WILL_MS, Courier
from yizhan.score.intake import Intake

LATE_MS = 300_000


def _carried(story: Scenario) -> list[Arrived]:
    return Courier(story).carry(story.end_ms)


def _statuses(arrived: list[Arrived]) -> list[tuple[int, str, int]]:
    said = [(one.received, orjson.loads(one.payload)) for one in arrived if _is_status(one)]
    return [(at, status["state"], status["session"]) for at, status in said]


def _is_status(one: Arrived) -> bool:
    return one.address.channel is Channel.STATUS


def test_everything_of_a_quiet_morning_arrives_once_in_time_and_is_taken() -> None:
    story = quiet("plain", "urban_standard", seed=1)
    until = story.start_ms + 6 * HOUR_MS
    arrived = Courier(story).carry(until)
    assert all(one.received <= other.received for one, other in pairwise(arrived))
    intake = Intake()
    batch = intake.take([one for one in arrived if not _is_status(one)])
    assert batch is not None
    assert not any(batch.frames["late"].to_pylist())
    assert intake.received.duplicates.total() == 0
    rows = sum(table.num_rows for kind in (batch.samples, batch.events) for table in kind.values())
    measured = story.station().advance(until - 10_000)
    assert rows >= len(measured)


def test_an_outage_is_noticed_and_what_waited_comes_late_some_of_it_twice() -> None:
    story = BREAKDOWNS["F09"].tell(1)
    (fault,) = story.faults
    arrived = _carried(story)
    births = _statuses(arrived)
    assert [state for _, state, _ in births] == ["online", "lost", "online"]
    assert births[1][0] - fault.start_ms == pytest.approx(WILL_MS, abs=1_000)
    silent = [one for one in arrived if fault.start_ms + 1_000 < one.received < fault.end_ms]
    assert all(_is_status(one) for one in silent)
    backlog = [one for one in arrived if one.address.channel is Channel.BACKLOG]
    assert backlog[-1].received - fault.end_ms < 120_000
    intake = Intake()
    batch = intake.take([one for one in arrived if not _is_status(one)])
    assert batch is not None
    assert sum(batch.frames["late"].to_pylist()) > 300
    assert intake.received.duplicates.total() > 5
    numbers = sorted(batch.frames["seq"].to_pylist())
    assert numbers[0] == 1
    assert numbers[-1] - len(numbers) <= ACK_FRAMES


def test_a_flapping_link_says_a_last_will_at_every_break() -> None:
    states = [state for _, state, _ in _statuses(_carried(BREAKDOWNS["F10"].tell(1)))]
    assert states == ["online", *["lost", "online"] * 6]


def test_a_wrong_clock_is_stamped_wrong_and_put_right_by_the_gateway() -> None:
    story = BREAKDOWNS["F11"].tell(1)
    (fault,) = story.faults
    arrived = [one for one in _carried(story) if not _is_status(one)]
    last = orjson.loads(arrived[-1].payload)
    assert last["sent"] - arrived[-1].received == pytest.approx(8 * HOUR_MS, abs=1_000)
    batch = Intake().take(arrived)
    assert batch is not None
    air = batch.samples["environment"]
    assert max(air["ts"].to_pylist()) <= story.end_ms + 1_000
    assert max(air["ts"].to_pylist()) > fault.start_ms


def test_a_box_that_lost_the_time_says_so() -> None:
    story = next(told for told in map(BREAKDOWNS["F12"].tell, range(9)) if told.faults[0].parameters["reset"])
    arrived = [one for one in _carried(story) if not _is_status(one)]
    last = orjson.loads(arrived[-1].payload)
    assert last["clock"] == "unset"
    assert last["sent"] < 1_000_000_000_000
    assert Intake().take(arrived) is not None


def test_a_run_of_the_box_is_a_stream_of_its_own() -> None:
    arrived = _carried(BREAKDOWNS["F08"].tell(1))
    streams = {orjson.loads(one.payload)["stream"] for one in arrived if not _is_status(one)}
    assert len(streams) == 2
    assert [state for _, state, _ in _statuses(arrived)] == ["online", "lost", "online"]
