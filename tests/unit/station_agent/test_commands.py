import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from station_agent.clock import Remembered, Sources, StationClock
from station_agent.commands import Commands
from station_agent.delivery import Delivery
from station_agent.notebook import COMMANDS_REMEMBERED, Notebook
from station_agent.wanted import Wanted
from tests.unit.station_agent.boxes import Box, stream_name
from tests.unit.station_agent.shelves import GATEWAY
from wire.frames import Result
from wire.ranges import Ranges

NOW = 1_790_000_000_000
OTHER = "01K0PZ6Q9V3W8S4D2N7X5C1BFC"


def ulid(number: int) -> str:
    return f"01K0PZ6Q9V3W8S4D2N7X5{number:05d}"


class Desk:
    """What handles commands, with a clock moved by hand."""

    def __init__(self, directory: Path) -> None:
        self.box = Box(directory)
        self.monotonic = 1_000.0
        self.clock = StationClock(Sources(lambda: NOW, lambda: self.monotonic, lambda: True), Remembered())
        self.open()

    def open(self) -> None:
        """Begin, or begin again after a restart."""
        self.notebook = Notebook(self.box.database)
        self.delivery = Delivery(self.box.outbox, random.Random(1), GATEWAY)
        self.commands = Commands(self.notebook, self.box.outbox, self.delivery, self.clock)
        self.wanted = Wanted(self.notebook, self.delivery, self.clock)

    def give(self, name: str = "birth", number: int = 1, **changes: Any) -> Result | None:  # noqa: ANN401 - any field
        content = {"v": 1, "gateway": GATEWAY, "id": ulid(number), "name": name, "issued": NOW, "ttl_s": 60}
        answer = self.commands.handle(json.dumps(content | changes).encode())
        return None if answer is None else Result.model_validate_json(answer)

    def ack(self, gateway_ms: int) -> None:
        self.delivery.ack(
            GATEWAY, stream_name(1), Ranges(), credit=1, gateway_ms=gateway_ms, now=self.monotonic
        )

    def configure(self, **settings: object) -> Result | None:
        content = {"v": 1, "version": 3, "gateway": GATEWAY, "settings": settings}
        answer = self.wanted.handle(json.dumps(content).encode())
        return None if answer is None else Result.model_validate_json(answer)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path)
    yield opened
    opened.box.close()


def state(result: Result | None) -> str | None:
    return None if result is None else result.state


def test_it_asks_for_a_birth(desk: Desk) -> None:
    assert state(desk.give()) == "done"
    assert desk.commands.birth_asked


def test_it_carries_a_command_out_once_and_answers_it_again(desk: Desk) -> None:
    first = desk.give()
    desk.commands.birth_asked = False
    desk.monotonic += 5
    assert desk.give() == first
    desk.open()
    assert desk.give() == first
    assert not desk.commands.birth_asked


def test_it_does_not_begin_again_what_a_restart_cut_off(desk: Desk) -> None:
    desk.notebook.remember_command(ulid(1), b"")
    assert state(desk.give()) == "failed"
    assert not desk.commands.birth_asked


def test_it_ignores_and_counts_the_command_of_another_gateway(desk: Desk) -> None:
    assert desk.give(gateway=OTHER) is None
    assert desk.delivery.foreign_total == 1


@pytest.mark.parametrize("changes", [{"v": 2}, {"id": "7"}, {"ttl_s": 0}, {"args": 3}])
def test_it_ignores_what_is_no_command(desk: Desk, changes: dict[str, Any]) -> None:
    assert desk.give(**changes) is None


def test_it_refuses_a_name_it_does_not_know(desk: Desk) -> None:
    result = desk.give("open_door")
    assert state(result) == "refused"
    assert result is not None
    assert "open_door" in str(result.reason)


def test_it_counts_time_to_live_from_arrival_before_any_ack(desk: Desk) -> None:
    assert state(desk.give(issued=NOW - 3_600_000)) == "done"


def test_it_lets_a_command_expire_by_the_gateways_time(desk: Desk) -> None:
    desk.ack(5_000_000)  # the gateway's clock is not ours
    desk.monotonic += 61
    assert state(desk.give(number=1, issued=5_000_000)) == "expired"
    assert state(desk.give(number=2, issued=5_002_000)) == "done"


def test_it_lists_what_it_cannot_send_again(desk: Desk) -> None:
    desk.box.add(3)
    desk.box.outbox.settle(stream_name(1), Ranges([(1, 3)]), 0)
    desk.box.start()
    desk.open()
    result = desk.give("resend", args={"stream": stream_name(1), "ranges": [[2, 9]]})
    assert result is not None
    assert (result.state, result.gone) == ("done", ((4, 9),))
    assert desk.box.outbox.depth == 2


@pytest.mark.parametrize(
    "args", [{}, {"stream": "x", "ranges": []}, {"stream": ulid(1), "ranges": [[3, 1]]}, {"stream": ulid(1)}]
)
def test_it_refuses_a_resend_that_names_nothing(desk: Desk, args: dict[str, Any]) -> None:
    assert state(desk.give("resend", args=args)) == "refused"


def test_it_remembers_a_bounded_number_of_commands(desk: Desk) -> None:
    for number in range(COMMANDS_REMEMBERED + 5):
        desk.notebook.remember_command(ulid(number), b"{}")
    assert desk.notebook.result_of(ulid(4)) is None
    assert desk.notebook.result_of(ulid(5)) == b"{}"


def test_it_takes_settings_and_keeps_them(desk: Desk) -> None:
    result = desk.configure(vitals_every_s=10)
    assert result is not None
    assert (result.state, result.config_version) == ("done", 3)
    desk.open()
    assert desk.wanted.settings.vitals_every_s == 10


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"colour": "red"}, "colour: unknown"),
        ({"vitals_every_s": 900}, "vitals_every_s"),
        ({"vitals_every_s": "10"}, "vitals_every_s"),
    ],
)
def test_it_refuses_settings_and_says_which(desk: Desk, settings: dict[str, Any], reason: str) -> None:
    result = desk.configure(**settings)
    assert result is not None
    assert result.state == "refused"
    assert reason in str(result.reason)
    assert desk.wanted.settings.vitals_every_s == 30
