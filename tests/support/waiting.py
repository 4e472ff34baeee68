"""Wait for a condition instead of for time."""

import asyncio
import time
from collections.abc import Callable


async def until(condition: Callable[[], object], seconds: float = 10.0, what: str = "condition") -> None:
    """Return as soon as ``condition()`` is true; fail loudly after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            message = f"{what} did not come true within {seconds} s"
            raise AssertionError(message)
        await asyncio.sleep(0.01)


def until_sync(condition: Callable[[], object], seconds: float = 10.0, what: str = "condition") -> None:
    """The same for tests without an event loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            message = f"{what} did not come true within {seconds} s"
            raise AssertionError(message)
        time.sleep(0.01)
