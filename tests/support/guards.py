"""What a test may not leave behind: tasks, threads, processes."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import psutil
import pytest

T = TypeVar("T")

GRACE_S = 3.0
# Executors keep their idle threads until the interpreter ends.
POOLED = ("asyncio_", "ThreadPoolExecutor", "AnyIO worker", "pytest_timeout")


@pytest.fixture(autouse=True)
async def no_leaked_tasks() -> AsyncIterator[None]:
    """Fail a test that leaves a task running.

    Async on purpose: a synchronous fixture is torn down when the loop is gone, sees no tasks and never fires.
    """
    before = asyncio.all_tasks()
    yield
    leaked = asyncio.all_tasks() - before - {asyncio.current_task()}
    if leaked:  # what was cancelled may still be on its way out on a busy machine
        _, leaked = await asyncio.wait(leaked, timeout=GRACE_S)
    for task in leaked:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*leaked, return_exceptions=True)
    if leaked:
        pytest.fail(f"left tasks running: {', '.join(sorted(task.get_name() for task in leaked))}")


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fail a test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    leaked = _left(lambda: [thread for thread in threading.enumerate() if _is_ours(thread, before)])
    if leaked:
        pytest.fail(f"left threads running: {', '.join(sorted(thread.name for thread in leaked))}")


@pytest.fixture(autouse=True, scope="session")
def no_leaked_processes() -> Iterator[None]:
    """Fail the run when a child process outlives it."""
    yield
    leaked = _left(lambda: psutil.Process().children(recursive=True))
    commands = [" ".join(process.cmdline()) for process in leaked]
    for process in leaked:
        process.kill()
    if commands:
        pytest.fail(f"left processes running: {'; '.join(commands)}")


def _is_ours(thread: threading.Thread, before: set[threading.Thread]) -> bool:
    return thread not in before and not thread.name.startswith(POOLED)


def _left(remaining: Callable[[], list[T]]) -> list[T]:
    deadline = time.monotonic() + GRACE_S
    while (left := remaining()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left
