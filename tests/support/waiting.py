"""Wait for a condition instead of for time."""

import asyncio
import time
from collections.abc import Callable

PATIENCE_S = 30.0
"""For what takes a second when nothing else runs; two cores shared with other work took over ten."""


async def until(
    condition: Callable[[], object], seconds: float = PATIENCE_S, what: str = "condition"
) -> None:
    """Return as soon as ``condition()`` is true; fail loudly after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            message = f"{what} did not come true within {seconds} s"
            raise AssertionError(message)
        await asyncio.sleep(0.01)


def until_sync(condition: Callable[[], object], seconds: float = PATIENCE_S, what: str = "condition") -> None:
    """The same for tests without an event loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            message = f"{what} did not come true within {seconds} s"
            raise AssertionError(message)
        time.sleep(0.01)
