import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from station_agent.drivers.driver import Taken
from station_agent.drivers.jsonl import CHUNK, LONGEST_LINE, JsonlDriver, JsonlSettings
from station_agent.errors import DriverError


class Followed:
    """A path being followed, and what has come of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.position: Any = None
        self.bad = 0
        self.driver = self._open()

    def _open(self) -> JsonlDriver:
        driver = JsonlDriver(JsonlSettings(device="door", driver="jsonl", path=self.path))
        driver.resume(self.position)
        return driver

    def restart(self) -> None:
        """Begin again where the last commit was."""
        self.driver.close()
        self.driver = self._open()

    def write(self, *numbers: int, end: str = "\n") -> None:
        with self.path.open("a") as file:
            file.write("".join(json.dumps({"n": n}) + end for n in numbers))

    async def read(self) -> list[int]:
        """Read until there is nothing more, committing each time."""
        numbers: list[int] = []
        while True:
            taken = await self.take()
            numbers += [raw["n"] for raw in taken.readings]
            if not (taken.more or taken.readings):
                return numbers

    async def take(self) -> Taken:
        taken = await self.driver.read(0)
        self.driver.committed()
        self.bad += taken.bad
        self.position = json.loads(json.dumps(taken.position))
        return taken


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Followed]:
    opened = Followed(tmp_path / "door.jsonl")
    yield opened
    opened.driver.close()


async def test_it_reads_from_the_start_the_first_time(followed: Followed) -> None:
    followed.write(1, 2)
    assert await followed.read() == [1, 2]
    followed.write(3)
    assert await followed.read() == [3]


async def test_it_goes_on_at_the_committed_offset(followed: Followed) -> None:
    followed.write(1, 2)
    await followed.read()
    followed.write(3)
    await followed.driver.read(0)  # read, and never committed
    followed.restart()
    assert await followed.read() == [3]


async def test_it_gives_the_same_lines_again_until_they_are_committed(followed: Followed) -> None:
    followed.write(1)
    first = await followed.driver.read(0)
    followed.write(2)
    assert await followed.driver.read(0) is first
    followed.driver.committed()
    assert await followed.read() == [2]


async def test_it_waits_for_the_end_of_a_line(followed: Followed) -> None:
    followed.write(1, 2, end="")
    assert await followed.read() == []
    followed.restart()
    followed.path.write_text(followed.path.read_text() + "\n")
    assert followed.bad == 0
    assert await followed.read() == []
    assert followed.bad == 1  # two objects on one line are no object


async def test_it_reads_a_truncated_file_from_its_start(followed: Followed) -> None:
    followed.write(1, 2, 3)
    await followed.read()
    os.truncate(followed.path, 0)
    followed.write(4)
    assert await followed.read() == [4]


async def test_it_notices_a_file_cut_and_grown_beyond_the_old_end(followed: Followed) -> None:
    followed.write(1, 2, 3)
    await followed.read()
    os.truncate(followed.path, 0)
    followed.write(*range(10, 30))
    assert await followed.read() == list(range(10, 30))


@pytest.mark.parametrize("restart", [False, True])
async def test_it_reads_a_replaced_file_from_its_start(followed: Followed, *, restart: bool) -> None:
    followed.write(1, 2, 3)
    await followed.read()
    other = followed.path.with_suffix(".new")
    other.write_text('{"n": 1}\n{"n": 2}\n{"n": 3}\n{"n": 4}\n')
    other.replace(followed.path)
    if restart:
        followed.restart()
    assert await followed.read() == [1, 2, 3, 4]


async def test_it_finishes_a_file_that_was_rotated_away(followed: Followed) -> None:
    followed.write(1)
    await followed.read()
    followed.write(2)
    followed.write(3, end="")
    followed.path.rename(followed.path.with_suffix(".1"))
    followed.write(4)
    assert await followed.read() == [2, 3, 4]


async def test_it_says_when_there_is_no_file_and_goes_on_when_it_comes(followed: Followed) -> None:
    with pytest.raises(DriverError, match="does not exist"):
        await followed.read()
    followed.write(1)
    assert await followed.read() == [1]


async def test_it_refuses_what_is_neither_file_nor_fifo(tmp_path: Path) -> None:
    driver = JsonlDriver(JsonlSettings(device="door", driver="jsonl", path=tmp_path))
    with pytest.raises(DriverError, match="neither a file nor a FIFO"):
        await driver.read(0)


@pytest.mark.parametrize("line", [b"{", b"[1]", b"7", b"null", b'{"n": NaN}', b"\xff\xfe", b'{"n": 1} x'])
async def test_it_counts_and_skips_a_bad_line(followed: Followed, line: bytes) -> None:
    followed.write(1)
    with followed.path.open("ab") as file:
        file.write(line + b"\n\n  \n")
    followed.write(2)
    assert await followed.read() == [1, 2]
    assert followed.bad == 1


async def test_it_skips_a_line_without_end_in_bounded_memory(followed: Followed) -> None:
    followed.write(1)
    with followed.path.open("ab") as file:
        file.write(b"x" * (LONGEST_LINE + CHUNK * 5))
    assert await followed.read() == [1]
    with followed.path.open("ab") as file:
        file.write(b"x" * CHUNK + b"\n")
    followed.write(2)
    assert await followed.read() == [2]
    assert followed.bad == 1


async def test_it_hands_out_a_large_file_in_pieces(followed: Followed) -> None:
    followed.write(*range(20_000))
    first = await followed.take()
    assert first.more
    assert len(first.readings) < 20_000
    assert len(first.readings) + len(await followed.read()) == 20_000


async def test_it_reads_a_fifo_over_several_writers(followed: Followed) -> None:
    os.mkfifo(followed.path)
    assert await followed.read() == []
    followed.write(1, 2)
    assert await followed.read() == [1, 2]
    followed.write(3, end="")
    assert await followed.read() == []
    with followed.path.open("w") as file:
        file.write("\n")
    assert await followed.read() == [3]
