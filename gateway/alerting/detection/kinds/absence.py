"""absence: something that ought to occur does not. A deadline in an index, never a scan."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple, cast

import numpy as np

from catalogue.kinds.absence import Absence as AbsenceSpec
from gateway.alerting.detection.gaps import KEPT_MS, WAIT_MS
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.kind import FOREVER, Active, judged
from gateway.alerting.detection.kinds.threshold import Judged, fields_asked, own_names
from gateway.alerting.detection.moment import Moment, covers_ms, moment_of
from gateway.alerting.detection.occurrences import Happened
from gateway.alerting.detection.operands import operand_value
from gateway.alerting.detection.places import OWN_STATION
from gateway.alerting.detection.rows import Rows, ordered_by
from gateway.alerting.detection.sieve import Sieve
from gateway.alerting.detection.silences import Silence, Silences, Whom
from gateway.alerting.detection.view import View
from gateway.domain.alerts import Judgement

LOOK_AGAIN_MS = 900_000
"""Guards and local times are asked again each quarter of an hour; no zone's clock is finer."""
HEARD = "station.heard"


class _Turn(NamedTuple):
    """An occurrence, an announcement or a reading, in order of receipt."""

    received: int
    rank: int
    whom: Whom
    ts: int
    rows: Rows | None = None
    row: int = 0


_OCCURRED, _ANNOUNCED, _READ = range(3)


class Absence:
    """Each occurrence renews the deadlines of its station or device."""

    def __init__(self, plan: Plan) -> None:
        plan.waits_itself = True
        self._plan = plan
        self._spec = cast("AbsenceSpec", plan.variants.rules[0].spec)
        self._of = plan.tests.finder(self._spec.of)
        self._heard = any(one.event == HEARD for one in self._spec.of)
        cut = self._spec.cut_short
        self._cut = None if cut is None else plan.tests.finder(cut.on)
        plan.add("or_while", lambda rule: cast("AbsenceSpec", rule.spec).or_while)
        self._states = tuple(name for name in own_names(plan.rule) if self._spec.or_while is not None)
        self._sieve = Sieve(plan)
        self._per_device = plan.rule.per == "device"
        self._readings = Judged(plan, plan.domain)
        self._silences = Silences()
        self._armed = 0
        self.reads = fields_asked(plan.rule) | self._of.reads

    def take(self, view: View, active: Active) -> Iterator[Judgement]:
        """Follow who was heard and what occurred, in order of receipt."""
        self._arm(view)
        for turn in sorted(self._turns(view, active), key=lambda turn: turn[:4]):
            yield from self.advance(turn.received, view)
            if turn.rank == _OCCURRED:
                yield from self._occurs(view, turn, active)
            elif turn.rank == _ANNOUNCED:
                self._announced(view, turn)
            else:
                yield from self._reads(view, turn)

    def advance(self, now: int, view: View) -> Iterator[Judgement]:
        """Look at the silences whose time has come."""
        for at, whom in self._silences.due(now):
            silence = self._silences.of.get(whom)
            if silence is not None:
                yield from self._look(view, whom, silence, at)

    def save(self) -> object:
        """Return the silences and what is usual."""
        return self._silences.save()

    def restore(self, saved: object) -> None:
        """Take up what `save` returned."""
        self._silences.restore(cast("dict[str, Any]", saved))

    # -- who is followed ---------------------------------------------------------------------------------

    def _arm(self, view: View) -> None:
        """Begin to follow whoever is there for the first time."""
        if not self._per_device:
            first = view.stations.first if view.stations else {}
            for station_id, at in islice(first.items(), self._armed, None):
                if station_id != OWN_STATION:
                    self._begin(view, (station_id, ""), at)
            self._armed = len(first)
            return
        rows = view.readings(self._plan.domain)
        chosen = None if rows is None else self._readings.chosen(rows)
        if rows is None or chosen is None:
            return
        numbers, places = np.unique(rows.series[chosen], return_index=True)
        for number, place in zip(numbers.tolist(), places.tolist(), strict=True):
            series = view.places.series[number]
            self._begin(view, (series.station_id, series.device), int(rows.received[chosen[place]]))

    def _begin(self, view: View, whom: Whom, at: int) -> None:
        if whom not in self._silences.of:
            self._silences.of[whom] = Silence(_seen(view, at))
            self._silences.look(whom, self._next(view, whom, self._silences.of[whom], at))

    # -- turns -------------------------------------------------------------------------------------------

    def _turns(self, view: View, active: Active) -> Iterator[_Turn]:
        if self._heard:
            yield from self._frames(view, active)
        for one in self._of.find(view):
            yield _Turn(one.received, _OCCURRED, self._whom(one), one.ts, one.rows, one.row)
        for one in self._announcements(view):
            yield _Turn(one.received, _ANNOUNCED, self._whom(one), one.ts)
        yield from self._rows(view, active)

    def _frames(self, view: View, active: Active) -> Iterator[_Turn]:
        """Yield each time of whoever may have been silent too long; of the others the last one counts."""
        heard = view.stations
        if heard is None or not len(heard.station):
            return
        mildest = min(level.for_ms for rule in self._plan.variants.rules for level in rule.levels)
        watched = set(active.stations(view.places).tolist())
        watched.update(view.places.station_number(one.station_id) for one in self._announcements(view))
        order = ordered_by(heard.station)
        at = heard.at[order]
        begins = np.flatnonzero(np.diff(heard.station[order], prepend=-1))
        gaps = np.diff(at, prepend=0)
        gaps[begins] = 0
        longest, ends = np.maximum.reduceat(gaps, begins), np.append(begins[1:], len(at))
        stations = heard.station[order[begins]]
        columns = (stations, begins, ends, longest)
        for number, begin, end, gap in zip(*(one.tolist() for one in columns), strict=True):
            whom = (view.places.stations[number], "")
            silence = self._silences.of.get(whom)
            if whom[0] == OWN_STATION:
                continue
            quiet = silence is None or max(gap, heard.seen(int(at[begin])) - silence.start) >= mildest
            if quiet or number in watched or (silence is not None and silence.cut is not None):
                yield from (_Turn(time, _OCCURRED, whom, time) for time in at[begin:end].tolist())
            else:
                self._renew(view, whom, int(at[end - 1]))

    def _announcements(self, view: View) -> list[Happened]:
        return [] if self._cut is None else self._cut.find(view)

    def _rows(self, view: View, active: Active) -> Iterator[_Turn]:
        rows = view.readings(self._plan.domain)
        chosen = None if rows is None or self._spec.or_while is None else self._readings.chosen(rows)
        if rows is None or chosen is None:
            return
        hits = self._sieve.can_hold(view, rows, chosen, lambda rule: cast("AbsenceSpec", rule.spec).or_while)
        known = active.series(view.places, self._plan.domain)
        for place in judged(rows.series[chosen], hits, known, len(view.places)).tolist():
            row = int(chosen[place])
            if not rows.aged[row] and not rows.overtaken[row]:
                series = view.places.series[int(rows.series[row])]
                whom = (series.station_id, series.device if self._per_device else "")
                yield _Turn(int(rows.received[row]), _READ, whom, int(rows.ts[row]), rows, row)

    def _whom(self, one: Happened) -> Whom:
        return (one.station_id, one.device if self._per_device else "")

    # -- what they mean ----------------------------------------------------------------------------------

    def _occurs(self, view: View, turn: _Turn, active: Active) -> Iterator[Judgement]:
        self._renew(view, turn.whom, turn.ts)
        at = self._moment(view, turn.whom, turn.ts, turn.received)
        if self._plan.key(at) in active.keys:
            yield self._plan.judge(at, found=self._state(at), covers=FOREVER)

    def _renew(self, view: View, whom: Whom, ts: int) -> None:
        silence = self._silences.of.get(whom)
        if silence is None:
            self._begin(view, whom, ts)
            silence = self._silences.of[whom]
        for learned in self._spec.learned.values():
            if silence.occurred is not None and ts > silence.occurred:
                self._silences.note_gap(whom, ts, ts - silence.occurred, cast("int", learned.over))
        silence.start = max(silence.start, _seen(view, ts))
        silence.occurred = max(silence.occurred or 0, ts)
        silence.cut = None

    def _announced(self, view: View, turn: _Turn) -> None:
        silence = self._silences.of.get(turn.whom)
        if silence is None or self._spec.cut_short is None:
            return
        after = cast("int", self._spec.cut_short.after)
        silence.cut = _seen(view, turn.received) - silence.start + after
        self._silences.look(turn.whom, self._next(view, turn.whom, silence, turn.received))

    def _reads(self, view: View, turn: _Turn) -> Iterator[Judgement]:
        if turn.rows is None:
            return
        at = moment_of(view, turn.rows, turn.row, self._states)
        covers = max((covers_ms((at.domain, name)) for name in self._states), default=0)
        silence = self._silences.of.get(turn.whom)
        among = self._passed(at, turn.whom, silence) if silence else frozenset()
        state = self._state(at)
        if state:
            yield self._plan.judge(at, covers=covers)
        elif not among:
            yield self._plan.judge(at, found=state, covers=covers)

    def _look(self, view: View, whom: Whom, silence: Silence, now: int) -> Iterator[Judgement]:
        at = self._moment(view, whom, now, now)
        silence.start = max(silence.start, _seen(view, view.ours_from(whom[0])))
        if self._plan.guard(at) is False:
            silence.start = _seen(view, now)
            yield self._plan.judge(at, covers=FOREVER)
        elif among := self._passed(at, whom, silence):
            if self._of.in_frames and view.gaps.is_fresh(whom[0], now, at.frame):
                self._silences.look(whom, now + WAIT_MS)
                return
            allowed = min(self._allowed(at, whom, silence).values())
            shown = (round((_seen(view, now) - silence.start) / 1000), round(allowed / 1000))
            at.learned = self._learned(whom)
            missing = self._of.in_frames and view.gaps.holds_up(whom[0], (now - KEPT_MS, now), at.frame)
            yield self._plan.judge(at, among=among, covers=FOREVER, shown=shown, incomplete=missing)
        self._silences.look(whom, self._next(view, whom, silence, now))

    def _passed(self, at: Moment, whom: Whom, silence: Silence) -> frozenset[int]:
        """Return the levels whose silence is over what they allow."""
        lasted = _seen(at.view, at.received) - silence.start
        return frozenset(number for number, ms in self._allowed(at, whom, silence).items() if lasted >= ms)

    def _allowed(self, at: Moment, whom: Whom, silence: Silence) -> dict[int, int]:
        """Return how long a silence each level allows (ms)."""
        at.learned = self._learned(whom)
        usual = None if self._spec.usually is None else operand_value(self._spec.usually, at)
        least = round(usual * 1000) if isinstance(usual, int | float) else 0
        levels = self._plan.resolved(whom[0]).levels
        allowed = {number: max(level.for_ms, least) for number, level in enumerate(levels)}
        if silence.cut is None:
            return allowed
        return {number: min(ms, silence.cut) for number, ms in allowed.items()}

    def _next(self, view: View, whom: Whom, silence: Silence, now: int) -> int:
        """Return when to look again: at the next deadline, and each quarter where the answer may change."""
        at = self._moment(view, whom, now, now)
        lasted = _seen(view, now) - silence.start
        ahead = [ms - lasted for ms in self._allowed(at, whom, silence).values() if ms > lasted]
        quarter = (now // LOOK_AGAIN_MS + 1) * LOOK_AGAIN_MS
        if self._plan.rule.when is not None or not ahead:
            return min([quarter, *(now + ms for ms in ahead)])
        return now + min(ahead)

    def _learned(self, whom: Whom) -> dict[str, float | None]:
        return {
            name: self._silences.usual(whom, one.fn, one.least) for name, one in self._spec.learned.items()
        }

    def _state(self, at: Moment) -> bool | None:
        test = self._plan.test("or_while", at.station_id)
        return False if test is None else test.ask(at).truth

    def _moment(self, view: View, whom: Whom, ts: int, received: int) -> Moment:
        station_id, device = whom
        number = view.places.find(station_id, self._plan.domain, device)
        frame = view.frame_before(received)
        return Moment(view, station_id, device, self._plan.domain, number, frame, ts, received)


def _seen(view: View, at: int) -> int:
    return view.stations.seen(at) if view.stations else at
