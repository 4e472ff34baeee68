"""From judgements to transitions: the pure state machine behind every alert.

Durations count covered time only. A sample covers until the next one, at most as long as its judgement says;
what lies beyond is a gap, which neither counts, nor clears, nor opens. Deadlines run from the receipt of a
sample, so that readings that are still on their way have the time the last one took.

What comes late has a track of its own and can only make a retrospective alert, until a live reading says
that the condition still holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from gateway.domain.alerts import Change, Judgement, Transition

LATE_REST_MS = 600_000
"""Without a late reading for this long, the past is told: the late track ends where it stood."""
NOTHING: tuple[Transition, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """How long and at how many readings in a row a level's condition must hold; how bad it is (P1 to P4)."""

    for_ms: int
    severity: str
    samples: int = 1


@dataclass(frozen=True, slots=True)
class Timing:
    """What of a rule the state machine needs: levels, each implying those before it, and the clear time."""

    levels: tuple[Level, ...]
    clear_for_ms: int = 0
    clear_samples: int = 1


@cache
def at_once(timing: Timing) -> Timing:
    """Return the same without the levels' times: what is judged has waited already."""
    return replace(timing, levels=tuple(replace(level, for_ms=0) for level in timing.levels))


@dataclass(frozen=True, slots=True)
class Episode:
    """A condition that holds, or held until it is known to be over.

    ``held`` is the covered time of each level (ms) and ``seen`` its readings in a row, ``eased`` and ``calm``
    are those of the clear condition, ``lowered`` is the time below the level reached. ``reached`` is None
    while pending.
    """

    last: Judgement
    held: tuple[int, ...]
    seen: tuple[int, ...]
    since: int
    reached: int | None = None
    opened: int = 0
    eased: int = 0
    calm: int = 0
    lowered: int = 0


@dataclass(frozen=True, slots=True)
class Instance:
    """A rule at a device: its live and its late track; both None when it is inactive."""

    live: Episode | None = None
    late: Episode | None = None

    @property
    def active(self) -> bool:
        """Whether anything is pending or open."""
        return self.live is not None or self.late is not None


Outcome = tuple[Instance, tuple[Transition, ...]]


def step(instance: Instance, judgement: Judgement, timing: Timing) -> Outcome:
    """Take a judgement; the deadlines up to its receipt have been worked off by `expire`."""
    if judgement.late:
        return _step_late(instance, judgement, timing)
    confirmed = NOTHING
    if instance.late is not None and instance.late.reached is not None and _holds(judgement):
        instance, confirmed = _confirm(instance, judgement, judgement.received, timing)
    live, transitions = _take(instance.live, judgement, timing)
    return replace(instance, live=live), confirmed + transitions


def goes_on(instance: Instance, judgement: Judgement, timing: Timing) -> Instance | None:
    """Take a judgement that says what the one before said and makes nothing due: the same as `step`, quickly.

    None when it is not of that kind. Of something that goes on nearly all are.
    """
    live = instance.live
    if live is None or instance.late is not None or judgement.level is None or judgement.late:
        return None
    last, level = live.last, judgement.level
    if last.level != level or last.unknown or judgement.unknown or judgement.ts < last.ts:
        return None
    reached = -1 if live.reached is None else live.reached
    elapsed = judgement.ts - last.ts
    soon = max(elapsed, judgement.received - last.received) + judgement.covers_ms
    if level < reached or any(
        timing.levels[place].for_ms - live.held[place] <= soon for place in range(reached + 1, level + 1)
    ):
        return None
    covered = min(elapsed, last.covers_ms)
    held = tuple(so_far + covered if place <= level else 0 for place, so_far in enumerate(live.held))
    seen = tuple(so_far + 1 if place <= level else 0 for place, so_far in enumerate(live.seen))
    return Instance(Episode(judgement, held, seen, live.since, live.reached, live.opened))


def expire(instance: Instance, now: int, timing: Timing) -> Outcome:
    """Work off what is due at ``now`` although no reading came."""
    live, late = instance.live, instance.late
    transitions = NOTHING
    if live is not None:
        live, transitions = _pass(live, now - live.last.received, now, timing)
    if late is not None:
        last = late.last
        late, retrospective = _pass(late, now - last.received, now, timing)
        if late is not None and now - last.received >= LATE_REST_MS:
            retrospective += _ended(late, timing)
            late = None
        transitions += retrospective
    return Instance(live, late), transitions


def due(instance: Instance, timing: Timing) -> int | None:
    """Return when `expire` next has something to do."""
    tracks = [track for track in (instance.live, instance.late) if track is not None]
    crossings = [(track, _crossing(track, timing)) for track in tracks]
    times = [track.last.received + crossing[0] for track, crossing in crossings if crossing is not None]
    if instance.late is not None:
        times.append(instance.late.last.received + LATE_REST_MS)
    return min(times, default=None)


def _step_late(instance: Instance, judgement: Judgement, timing: Timing) -> Outcome:
    live, late = instance.live, instance.late
    if live is not None and live.reached is not None:
        return instance, NOTHING  # the alert is open: that it was true before is no news
    if late is not None and judgement.ts < late.last.ts:
        return instance, NOTHING
    late, transitions = _take(late, judgement, timing)
    instance = Instance(live, late)
    if late is not None and late.reached is not None and live is not None and _holds(live.last):
        instance, confirmed = _confirm(instance, live.last, judgement.received, timing)
        transitions += confirmed
    return instance, transitions


def _confirm(instance: Instance, judgement: Judgement, received: int, timing: Timing) -> Outcome:
    """Go on live with what was retrospective: the live judgement says that the condition still holds."""
    late, live = instance.late, instance.live
    if late is None:
        return instance, NOTHING
    held = late.held if live is None else tuple(map(max, late.held, live.held))
    episode = replace(late, last=judgement, held=held)
    return Instance(live=episode), (_transition(episode, Change.RAISED, timing, 0, received),)


def _ended(late: Episode, timing: Timing) -> tuple[Transition, ...]:
    if late.reached is None:
        return NOTHING
    covered = min(late.last.covers_ms, LATE_REST_MS)
    told = _transition(late, Change.CLEARED, timing, covered, late.last.received + LATE_REST_MS)
    return (replace(told, at=max(told.at, late.opened + 1)),)


def _take(
    episode: Episode | None, judgement: Judgement, timing: Timing
) -> tuple[Episode | None, tuple[Transition, ...]]:
    """Let time pass up to a judgement of the episode's own track, then hear what it says."""
    transitions = NOTHING
    if episode is not None:
        # devices of one station do not keep step with each other: time stands rather than going back
        if judgement.ts < episode.last.ts:
            judgement = replace(judgement, ts=episode.last.ts)
        elapsed = judgement.ts - episode.last.ts
        episode, transitions = _pass(episode, elapsed, judgement.received, timing)
    if episode is None:
        if not _holds(judgement):
            return None, transitions
        nothing = (0,) * len(timing.levels)
        episode = _hear(Episode(judgement, nothing, nothing, judgement.ts), judgement)
    elif episode.reached is None and not judgement.unknown and judgement.level is None:
        return None, transitions
    else:
        episode = _count(episode, judgement.ts - episode.last.ts)
        episode = episode if judgement.unknown else _hear(episode, judgement)
        episode = replace(episode, last=judgement)
    after, at_once = _pass(episode, 0, judgement.received, timing)
    return after, transitions + at_once


def _count(episode: Episode, elapsed: int) -> Episode:
    """Add covered time to what the last judgement said to hold."""
    last = episode.last
    covered = max(0, min(elapsed, last.covers_ms))
    if last.unknown or not covered:
        return episode
    held = tuple(
        so_far + covered if last.level is not None and level <= last.level else so_far
        for level, so_far in enumerate(episode.held)
    )
    below = _is_below(last.level, episode.reached)
    return replace(
        episode,
        held=held,
        eased=episode.eased + covered if _is_clear(last) else 0,
        lowered=episode.lowered + covered if below else 0,
    )


def _hear(episode: Episode, judgement: Judgement) -> Episode:
    """Count the reading for what it says to hold, and forget the time of whatever it says not to."""
    level = -1 if judgement.level is None else judgement.level
    return replace(
        episode,
        held=tuple(so_far if place <= level else 0 for place, so_far in enumerate(episode.held)),
        seen=tuple(so_far + 1 if place <= level else 0 for place, so_far in enumerate(episode.seen)),
        calm=episode.calm + 1 if _is_clear(judgement) else 0,
        eased=episode.eased if _is_clear(judgement) else 0,
        lowered=episode.lowered if _is_below(judgement.level, episode.reached) else 0,
    )


def _pass(
    episode: Episode, elapsed: int, received: int, timing: Timing
) -> tuple[Episode | None, tuple[Transition, ...]]:
    """Do what becomes due within ``elapsed`` ms of the last judgement."""
    transitions = NOTHING
    current: Episode | None = episode
    while current is not None and (crossing := _crossing(current, timing)) is not None:
        offset, level = crossing
        if offset > elapsed:
            break
        told_at = min(current.last.received + offset, received)
        current, transition = _cross(current, level, offset, told_at, timing)
        transitions += transition
    return current, transitions


def _crossing(episode: Episode, timing: Timing) -> tuple[int, int | None] | None:
    """Return how long after the last judgement something changes, and to which level (None: it clears)."""
    last = episode.last
    if last.unknown:
        return None
    found = list(_clearing(episode, timing) if episode.reached is not None else ())
    level = -1 if last.level is None else last.level
    lowest = -1 if episode.reached is None else episode.reached
    found.extend(
        (max(0, timing.levels[place].for_ms - episode.held[place]), place)
        for place in range(level, lowest, -1)
        if episode.seen[place] >= timing.levels[place].samples
    )
    within = [crossing for crossing in found if crossing[0] <= last.covers_ms]
    return min(within, key=lambda crossing: crossing[0], default=None)


def _clearing(episode: Episode, timing: Timing) -> Iterator[tuple[int, int | None]]:
    last, reached = episode.last, episode.reached
    # one that opens and clears in the same millisecond would have to share its identity with the next
    soonest = max(0, episode.opened + 1 - last.ts)
    if last.over:
        yield soonest, None
    elif _is_clear(last) and episode.calm >= timing.clear_samples:
        yield max(soonest, timing.clear_for_ms - episode.eased), None
    if reached and _is_below(last.level, reached):
        yield max(0, timing.clear_for_ms - episode.lowered), last.level or 0


def _cross(
    episode: Episode, level: int | None, offset: int, received: int, timing: Timing
) -> tuple[Episode | None, tuple[Transition, ...]]:
    if level is None:
        return None, (_transition(episode, Change.CLEARED, timing, offset, received),)
    if episode.reached is None:
        opened = replace(episode, reached=level, opened=episode.last.ts + offset)
        return opened, (_transition(opened, Change.OPENED, timing, offset, received),)
    moved = replace(episode, reached=level, lowered=0)
    before, now = timing.levels[episode.reached].severity, timing.levels[level].severity
    if before == now:
        return moved, NOTHING
    # P1 is the worst
    change = Change.RAISED if now < before else Change.LOWERED
    return moved, (_transition(moved, change, timing, offset, received),)


def _transition(episode: Episode, change: Change, timing: Timing, offset: int, received: int) -> Transition:
    last = episode.last
    return Transition(
        key=last.key,
        change=change,
        severity=timing.levels[episode.reached or 0].severity,
        opened=episode.opened,
        at=last.ts + offset,
        received=received,
        value=last.value,
        limit=last.limit,
        retrospective=last.late,
        incomplete=last.incomplete,
        learned=last.learned,
        since=episode.since,
    )


def _holds(judgement: Judgement) -> bool:
    return judgement.level is not None and not judgement.unknown


def _is_clear(judgement: Judgement) -> bool:
    return judgement.cleared and judgement.level is None


def _is_below(level: int | None, reached: int | None) -> bool:
    return reached is not None and (level is None or level < reached)
