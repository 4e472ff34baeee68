import json

import pytest

from simulators.load.inbox import Ack, read_ack, read_claim, read_command

ACK = {"v": 1, "gateway": "G", "stream": "S", "received": [[1, 4], [6, 6]], "credit": 64, "now": 1}
COMMAND = {"v": 1, "gateway": "G", "id": "I", "name": "resend", "args": {"stream": "S", "ranges": [[2, 3]]}}


def test_it_reads_an_acknowledgement() -> None:
    assert read_ack(json.dumps(ACK).encode()) == Ack("G", "S", [(1, 4), (6, 6)], 64)


def test_it_reads_what_a_command_asks_for() -> None:
    command = read_command(json.dumps(COMMAND).encode())
    assert command is not None
    assert (command.name, command.stream, command.ranges) == ("resend", "S", [(2, 3)])


def test_it_reads_a_claim() -> None:
    assert read_claim(b'{"v": 1, "gateway": "G", "since": 1, "replaces": ["H"]}') == ("G", ["H"])


@pytest.mark.parametrize(
    "change",
    [
        {"received": [1, 2]},
        {"received": [[1, 2, 3]]},
        {"received": None},
        {"credit": None},
        {"credit": "many"},
    ],
)
def test_it_leaves_an_acknowledgement_of_another_form(change: dict[str, object]) -> None:
    assert read_ack(json.dumps(ACK | change).encode()) is None


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"7", b'{"v": 1}', b"\xff"])
def test_it_leaves_what_is_no_message(payload: bytes) -> None:
    assert [read(payload) for read in (read_ack, read_command, read_claim)] == [None, None, None]


@pytest.mark.parametrize("args", [{"ranges": [4]}, {"ranges": 4}, [1]])
def test_it_leaves_a_command_with_arguments_of_another_form(args: object) -> None:
    assert read_command(json.dumps(COMMAND | {"args": args}).encode()) is None
