"""The link that the demo cuts, and the children that it starts."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import until_sync
from yizhan.demo.children import Child, ChildEndedError, StoppedError
from yizhan.demo.link import Link


@pytest.fixture
def echo() -> Iterator[int]:
    """A server on this port that says everything back."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_say_back, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _say_back(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            caller, _ = listener.accept()
            with caller, contextlib.suppress(OSError):
                while piece := caller.recv(100):
                    caller.sendall(piece)


@pytest.fixture
def link(echo: int) -> Iterator[Link]:
    made = Link(echo)
    yield made
    made.close()


def ask(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
        try:
            caller.sendall(b"hello")
            return caller.recv(100)
        except OSError:
            return b""


def test_it_carries_what_is_said_both_ways(link: Link) -> None:
    assert ask(link.port) == b"hello"


def test_it_breaks_what_is_connected_and_refuses_until_healed(link: Link) -> None:
    with socket.create_connection(("127.0.0.1", link.port), timeout=5) as caller:
        caller.sendall(b"a")
        assert caller.recv(1) == b"a"
        link.cut()
        assert caller.recv(1) == b""
    assert ask(link.port) == b""
    link.heal()
    assert ask(link.port) == b"hello"


def test_it_lets_a_caller_go_when_nobody_is_behind_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    lonely = Link(port)
    try:
        assert ask(lonely.port) == b""
    finally:
        lonely.close()


def test_it_hears_a_child_and_ends_it(tmp_path: Path) -> None:
    child = Child("helper", ["http.server", "0", "--bind", "127.0.0.1"], tmp_path / "log")
    assert child.running
    child.ask_to_stop()
    child.join()
    assert not child.running


def test_it_says_the_last_words_of_a_child_that_ended(tmp_path: Path) -> None:
    child = Child("broken", ["no_such_module"], tmp_path / "log")
    with pytest.raises(ChildEndedError, match="No module named no_such_module"):
        child.wait_for("ready", 10, threading.Event())
    child.join()
    assert "no_such_module" in (tmp_path / "log").read_text()


def test_it_goes_on_raising_once_a_child_is_gone(tmp_path: Path) -> None:
    child = Child("short", ["this"], tmp_path / "log")
    lines: list[str] = []

    def ended() -> bool:
        try:
            lines.extend(child.heard())
        except ChildEndedError:
            return True
        return False

    until_sync(ended, what="the end of the child")
    assert lines[0] == "The Zen of Python, by Tim Peters"
    assert ended()
    child.join()


def test_it_stops_waiting_for_a_child_when_told_to(tmp_path: Path) -> None:
    stopping = threading.Event()
    stopping.set()
    child = Child("slow", ["http.server", "0"], tmp_path / "log")
    with pytest.raises(StoppedError):
        child.wait_for("ready", 10, stopping)
    child.ask_to_stop()
    child.join()
