"""sequence: A without B before it, or B that does not follow A."""

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, field
from functools import partial
from typing import Any, NamedTuple, cast

from catalogue.conditions import Occurrence
from catalogue.kinds.sequence import Sequence as Spec
from gateway.alerting.detection.gaps import ON_THE_WAY_MS, WAIT_MS
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.kind import FOREVER, Active
from gateway.alerting.detection.kinds.occurring import Deadlines, Whom, instant, readings_of
from gateway.alerting.detection.kinds.threshold import Judged, fields_asked
from gateway.alerting.detection.moment import Moment, moment_of
from gateway.alerting.detection.occurrences import Happened
from gateway.alerting.detection.rows import Rows
from gateway.alerting.detection.view import View
from gateway.domain.alerts import Judgement

SAME_MS = 5_000
"""A device that reports a miss itself does so at most this long after ``within``."""
MOST = 500
"""Of each kind remembered for one device."""
_MET, _FIRST, _REPORTED, _READING = range(4)


class _First(NamedTuple):
    """One occurrence that waits for its counterpart, or for a gap to close."""

    ts: int
    received: int
    name: str


@dataclass(slots=True)
class _Miss:
    ts: int
    received: int
    name: str
    reported: bool
    incomplete: bool


@dataclass(slots=True)
class _Story:
    """What is remembered of one device, on the live or on the late track."""

    waiting: list[_First] = field(default_factory=list)
    misses: list[_Miss] = field(default_factory=list)
    holding: bool = False


Told = tuple[Whom, bool]
"""Whose story, and whether it is that of what came late."""


class Sequence:
    """Judged at misses and successes, when the window empties, and at readings while it holds."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._spec = cast("Spec", plan.rule.spec)
        self._before = self._spec.without_before is not None
        counterpart = self._spec.without_before or self._spec.not_followed_by or ()
        self._met = [(plan.tests.finder([one]), _anywhere(one)) for one in counterpart]
        self._first = plan.tests.finder(self._spec.first)
        self._reported = plan.tests.finder(self._spec.reported or ())
        self._unless = None if self._spec.unless is None else plan.tests.of(self._spec.unless)
        self._judged = Judged(plan, plan.domain)
        self._lately: dict[Whom, list[tuple[int, int]]] = {}
        self._stories: dict[Told, _Story] = {}
        self._deadlines = Deadlines()
        finders = [self._first, self._reported, *(finder for finder, _ in self._met)]
        self.reads = fields_asked(plan.rule).union(*(finder.reads for finder in finders))

    # -- the way through a batch -----------------------------------------------------------------------

    def take(self, view: View, active: Active) -> Iterator[Judgement]:
        """Follow what occurred, in order; in one frame counterparts come before what they belong to."""
        self._wake(view)
        for (received, _, _, _), follow in sorted(self._steps(view, active), key=lambda step: step[0]):
            yield from self.advance(received, view)
            yield from follow()

    def advance(self, now: int, view: View) -> Iterator[Judgement]:
        """Conclude what waited long enough, and forget misses that left the window."""
        for at, whom, late in self._deadlines.due(now):
            story = self._stories.get((whom, late))
            if story is not None:
                yield from self._conclude(view, whom, story, at, late=late)

    def _steps(self, view: View, active: Active) -> Iterator[tuple[tuple[int, int, int, int], "_Follow"]]:
        occurred: set[Whom] = {(key.station_id, key.device) for key in active.keys}
        occurred |= {whom for whom, _ in self._stories}
        for finder, anywhere in self._met:
            for one in finder.find(view):
                yield _order(one, _MET), partial(self._meet, view, one, anywhere=anywhere)
        for finder, kind, follow in (
            (self._first, _FIRST, self._begin),
            (self._reported, _REPORTED, self._report),
        ):
            for one in finder.find(view):
                occurred.add((one.station_id, self._device(one)))
                yield _order(one, kind), partial(follow, view, one)
        for (received, frame), rows, row in readings_of(view, self._judged, occurred):
            yield (received, frame, _READING, row), partial(self._read, view, rows, row)

    # -- what happens ----------------------------------------------------------------------------------

    def _meet(self, view: View, one: Happened, *, anywhere: bool) -> Iterator[Judgement]:
        """Note a counterpart: it may be what a first waited for, or take back a miss."""
        whom = (one.station_id, "" if anywhere else one.device)
        listed = self._lately.setdefault(whom, [])
        listed.append((one.ts, one.received))
        kept = max(60_000, 2 * self._within(one.station_id))
        listed[:] = [met for met in listed if met[1] >= one.received - kept][-MOST:]
        for (of, late), story in list(self._stories.items()):
            if of[0] == one.station_id and (anywhere or of[1] in {one.device, ""}):
                yield from self._settle(view, of, story, one, late=late)

    def _settle(
        self, view: View, whom: Whom, story: _Story, one: Happened, *, late: bool
    ) -> Iterator[Judgement]:
        earliest, latest = self._span(whom[0])
        met = [first for first in story.waiting if earliest <= one.ts - first.ts <= latest]
        back = [miss for miss in story.misses if not miss.reported and earliest <= one.ts - miss.ts <= latest]
        if not met and not back:
            return
        story.waiting = [first for first in story.waiting if first not in met]
        story.misses = [miss for miss in story.misses if miss not in back]
        yield from self._succeed(view, whom, story, one, late=late)

    def _begin(self, view: View, one: Happened) -> Iterator[Judgement]:
        whom = (one.station_id, self._device(one))
        story = self._stories.get((whom, one.late)) or _Story()
        first = _First(one.ts, one.received, _name(one))
        if self._is_met(one, whom):
            yield from self._succeed(view, whom, story, one, late=one.late)
        elif not self._is_excused(view, one):
            self._stories[whom, one.late] = story
            if self._before and not view.gaps.holds_up(whom[0], self._edges(whom[0], first), one.frame):
                yield from self._miss(
                    view,
                    whom,
                    story,
                    _Miss(*first, reported=False, incomplete=False),
                    one.received,
                    late=one.late,
                )
            else:
                story.waiting = [*story.waiting, first][-MOST:]
                self._deadlines.add(one.received + self._waits(whom[0]), whom, late=one.late)

    def _report(self, view: View, one: Happened) -> Iterator[Judgement]:
        whom = (one.station_id, self._device(one))
        story = self._stories.setdefault((whom, one.late), _Story())
        same = self._within(one.station_id) + SAME_MS
        story.waiting = [first for first in story.waiting if abs(one.ts - first.ts) > same]
        known = next((m for m in story.misses if not m.reported and abs(one.ts - m.ts) <= same), None)
        if known is not None:
            known.reported = True
            return
        miss = _Miss(one.ts, one.received, _name(one), reported=True, incomplete=False)
        yield from self._miss(view, whom, story, miss, one.received, late=one.late)

    def _read(self, view: View, rows: Rows, row: int) -> Iterator[Judgement]:
        """Judge a reading of a device that has a story: it may say that all is well again."""
        at = moment_of(view, rows, row, self._judged.names)
        whom = (at.station_id, at.device if self._plan.rule.per == "device" else "")
        late = self._judged.is_late(rows, row)
        story = self._stories.get((whom, late)) or _Story()
        yield self._said(at, story, late=late)

    # -- conclusions -----------------------------------------------------------------------------------

    def _wake(self, view: View) -> None:
        """Look at those that wait for a gap again when it has closed."""
        for (whom, late), story in self._stories.items():
            for first in story.waiting:
                closed = view.gaps.closed_at(whom[0], self._edges(whom[0], first), -1)
                if closed is not None and closed >= first.received:
                    # after what that frame says: it may be the counterpart
                    self._deadlines.add(closed + 1, whom, late=late)

    def _conclude(
        self, view: View, whom: Whom, story: _Story, now: int, *, late: bool
    ) -> Iterator[Judgement]:
        frame = view.frame_before(now)
        for first in list(story.waiting):
            held_up = view.gaps.holds_up(whom[0], self._edges(whom[0], first), frame)
            ready = now >= first.received + self._waits(whom[0], gap=held_up)
            if self._before and not held_up:
                ready = True
            if ready:
                story.waiting.remove(first)
                miss = _Miss(*first, reported=False, incomplete=held_up)
                yield from self._miss(view, whom, story, miss, now, late=late)
            elif held_up:
                self._deadlines.add(first.received + self._waits(whom[0], gap=True), whom, late=late)
        if self._left(story, now, whom[0]):
            yield self._said(instant(self._plan, view, whom, now, now), story, late=late)
        if not story.waiting and not story.misses and not story.holding:
            self._stories.pop((whom, late), None)

    def _miss(
        self, view: View, whom: Whom, story: _Story, miss: _Miss, now: int, *, late: bool
    ) -> Iterator[Judgement]:
        same = self._within(whom[0]) + SAME_MS
        if any(
            known.reported and not miss.reported and abs(miss.ts - known.ts) <= same for known in story.misses
        ):
            return
        story.misses = [*story.misses, miss][-MOST:]
        self._deadlines.add(now + self._window(whom[0]) + 1, whom, late=late)
        miss.received = now
        story.holding |= len(self._inside(story, miss.ts, whom[0])) >= self._spec.times
        at = instant(self._plan, view, whom, miss.ts, now)
        yield self._said(at, story, late=late)

    def _succeed(
        self, view: View, whom: Whom, story: _Story, one: Happened, *, late: bool
    ) -> Iterator[Judgement]:
        ended = story.holding
        if self._spec.ends_with_success:
            story.misses, story.holding = [], False
        else:
            story.holding &= bool(story.misses)
        if ended or (whom, late) in self._stories:
            at = instant(self._plan, view, whom, one.ts, one.received)
            at.frame = one.frame
            yield self._said(at, story, late=late)

    def _left(self, story: _Story, now: int, station_id: str) -> bool:
        """Forget what left the window; whether that ends what held."""
        since = now - self._window(station_id)
        kept = [miss for miss in story.misses if miss.received >= since]
        changed, story.misses = len(kept) < len(story.misses), kept
        if not kept and not self._spec.ends_with_success:
            story.holding = False
        return changed

    def _said(self, at: Moment, story: _Story, *, late: bool) -> Judgement:
        inside = self._inside(story, at.ts, at.station_id)
        at.figures = {"misses": float(len(inside))}
        shown = inside[-1].name if inside and self._spec.times == 1 else float(len(inside))
        return self._plan.judge(
            at,
            found=story.holding,
            covers=FOREVER,
            late=late,
            incomplete=any(miss.incomplete for miss in inside),
            shown=(shown, None if self._spec.times == 1 else float(self._spec.times)),
        )

    # -- questions -------------------------------------------------------------------------------------

    def _is_met(self, one: Happened, whom: Whom) -> bool:
        earliest, latest = self._span(one.station_id)
        lately = [*self._lately.get(whom, ()), *self._lately.get((one.station_id, ""), ())]
        return any(earliest <= ts - one.ts <= latest for ts, _ in lately)

    def _span(self, station_id: str) -> tuple[int, int]:
        """Return how much later than its first a counterpart comes at the earliest and at the latest."""
        if self._before:
            return -self._within(station_id), 0
        return -cast("int", self._spec_of(station_id).or_before), self._within(station_id)

    def _is_excused(self, view: View, one: Happened) -> bool:
        """Whether as things stood just before it, an occurrence is no miss."""
        if self._unless is None:
            return False
        at = instant(self._plan, view, (one.station_id, one.device), one.ts, one.received)
        at.frame = one.frame - 1
        return bool(self._unless.ask(at).truth)

    def _inside(self, story: _Story, at: int, station_id: str) -> list[_Miss]:
        since = at - self._window(station_id)
        return [miss for miss in story.misses if miss.ts >= since]

    def _edges(self, station_id: str, first: _First) -> tuple[int, int]:
        """Return when the frames above a gap came that could hold the counterpart."""
        if self._before:
            return first.received - self._within(station_id) - ON_THE_WAY_MS, first.received
        return first.received, first.received + self._waits(station_id)

    def _waits(self, station_id: str, *, gap: bool = False) -> int:
        """Return how long after its receipt a first is concluded upon."""
        plain = 0 if self._before else self._within(station_id) + ON_THE_WAY_MS
        return plain + WAIT_MS if gap or self._before else plain

    def _device(self, one: Happened) -> str:
        return one.device if self._plan.rule.per == "device" else ""

    def _within(self, station_id: str) -> int:
        return cast("int", self._spec_of(station_id).within)

    def _window(self, station_id: str) -> int:
        return cast("int", self._spec_of(station_id).window)

    def _spec_of(self, station_id: str) -> Spec:
        return cast("Spec", self._plan.resolved(station_id).spec)

    # -- remembering -----------------------------------------------------------------------------------

    def save(self) -> object:
        """Return what is remembered of every device."""
        stories = {
            told: (
                [tuple(one) for one in story.waiting],
                [astuple(one) for one in story.misses],
                story.holding,
            )
            for told, story in self._stories.items()
        }
        return {"stories": stories, "lately": self._lately, "deadlines": self._deadlines.heap}

    def restore(self, saved: Any) -> None:  # noqa: ANN401 - plain data
        """Take up what `save` returned."""
        self._stories = {
            told: _Story([_First(*one) for one in waiting], [_Miss(*one) for one in misses], holding)
            for told, (waiting, misses, holding) in saved["stories"].items()
        }
        self._lately = {whom: list(listed) for whom, listed in saved["lately"].items()}
        self._deadlines = Deadlines(list(saved["deadlines"]))


_Follow = Callable[[], Iterator[Judgement]]


def _order(one: Happened, kind: int) -> tuple[int, int, int, int]:
    received, frame, row = one.order
    return received, frame, kind, row


def _name(one: Happened) -> str:
    """Return what an occurrence is called: its event, else the field that changed."""
    return str(one.value("event") or one.rows.domain)


def _anywhere(one: Occurrence) -> bool:
    """Whether a counterpart may come from any device of the station."""
    return "." in (one.event or one.field or "") and one.device is None
