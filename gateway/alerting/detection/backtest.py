"""What other rules would have done: the engine over stored frames, in order of receipt, without effects."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gateway.alerting.detection.engine import Engine
from gateway.alerting.detection.recovery import History
from gateway.domain.alerts import Change, Transition, alert_id
from gateway.timeseries import replay

WARM_UP_MS = 2 * 3_600_000
"""Judged beforehand without being listed, so that durations that began earlier are known."""
MOST_FRAMES = 20_000_000
"""About a week of all 24-hour stations of the country; beyond it a part is answered, and said to be one."""


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that would have been: times in ms, ``cleared`` None while it would still be open."""

    alert_id: str
    first: Transition
    worst: str
    cleared: int | None


@dataclass(frozen=True, slots=True)
class Result:
    """All transitions of a time, and up to when (ms of receipt) it was judged: the end, unless cut short."""

    transitions: tuple[Transition, ...]
    judged_until: int
    frames: int
    off: dict[str, str]

    def fired(self) -> list[Fired]:
        """Return the alerts they make, by opening."""
        episodes: dict[str, list[Transition]] = {}
        for one in self.transitions:
            episodes.setdefault(alert_id(one.key, one.opened), []).append(one)
        return [_fired(name, told) for name, told in episodes.items()]


def run(
    engine: Engine, history: History, start: int, end: int, enough: Callable[[], bool] = lambda: False
) -> Result:
    """Judge what was received in ``start <= received < end`` (ms) with an engine that remembers nothing.

    ``enough`` is asked between portions and ends it early: a worker has a time limit. duckdb.Error when the
    store fails.
    """
    found = replay.frames_received(history.store.cursor(), start - WARM_UP_MS, end)
    if found is None:
        return Result((), end, 0, {})
    first, last = found
    listed: list[Transition] = []
    judged = 0
    for batch, happenings in history.batches(first, min(last, first + MOST_FRAMES - 1)):
        listed += _within(engine.take(batch, happenings), start, end)
        judged += batch.frames.num_rows
        if enough():
            break
    complete = engine.frame >= last
    if complete:
        listed += _within(engine.advance(end - 1), start, end)
    return Result(tuple(listed), end if complete else engine.clock, judged, dict(engine.off))


def _within(transitions: Iterable[Transition], start: int, end: int) -> Iterator[Transition]:
    return (one for one in transitions if start <= one.received < end)


def _fired(name: str, told: list[Transition]) -> Fired:
    cleared = next((one.at for one in told if one.change is Change.CLEARED), None)
    return Fired(name, told[0], min(one.severity for one in told), cleared)
