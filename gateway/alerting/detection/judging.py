"""A rule's levels, guard and clear condition, asked at one moment."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from catalogue.conditions import Condition
from catalogue.model import Rule
from gateway.alerting.detection.conditions import Tests
from gateway.alerting.detection.moment import Answer, Moment, Test, Truth, covers_ms
from gateway.alerting.detection.occurrences import Followed
from gateway.alerting.detection.places import Places
from gateway.alerting.detection.variants import Apart, Parameters, Variants
from gateway.alerting.detection.view import View
from gateway.domain.alerts import Figure, Judgement, Key
from gateway.domain.episodes import Timing, at_once

_TRUE = Answer(truth=True)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The tests of one variant; a level without a condition holds whenever the kind finds its case."""

    when: Test | None
    levels: tuple[Test | None, ...]
    clear: Test | None


class Plan:
    """What an evaluator is made from: the rule, its variants and its conditions, made ready."""

    def __init__(
        self, rule: Rule, places: Places, parameters: Parameters, apart: Apart | None = None
    ) -> None:
        self.rule = rule
        self.places = places
        self.variants = Variants(rule, places, parameters, apart)
        self.domain = rule.subject.name.partition(".")[0]
        self.tests = Tests(self.domain)
        self.waits_itself = False
        """Set by a kind that lets the levels' times pass before it judges."""
        self._asked: dict[int, _Asked] = {}
        self._more: dict[str, Callable[[Rule], Condition | None]] = {}
        self._more_asked: dict[tuple[str, int], Test | None] = {}

    def timing(self, station_id: str) -> Timing:
        """Return the times of the rule's levels at a station."""
        timing = self.variants.timings[self.variants.number(station_id)]
        return at_once(timing) if self.waits_itself else timing

    def resolved(self, station_id: str) -> Rule:
        """Return the rule with the values that hold at a station."""
        return self.variants.rules[self.variants.number(station_id)]

    def follow(self, view: View) -> None:
        """Show a batch to the conditions that remember; before anything in it is judged."""
        self._prepare()
        for followed in self.tests.followed:
            followed.take(view)

    def add(self, name: str, part: Callable[[Rule], Condition | None]) -> None:
        """Have a further condition of the rule made ready, for `test`."""
        self._more[name] = part

    def test(self, name: str, station_id: str) -> Test | None:
        """Return the further condition that holds at a station, None where the rule has none."""
        number = self.variants.number(station_id)
        self._prepare_variant(number)
        return self._more_asked[name, number]

    def guard(self, at: Moment) -> Truth:
        """Ask the rule's `when`; no rule is about a station that another gateway judges."""
        if at.received < at.view.ours_from(at.station_id):
            return False
        when = self._of(at.station_id).when
        return True if when is None else when.ask(at).truth

    def judge(
        self,
        at: Moment,
        *,
        found: Truth = True,
        among: Collection[int] | None = None,
        covers: int | None = None,
        late: bool = False,
        incomplete: bool = False,
        shown: tuple[Figure, Figure] = (None, None),
    ) -> Judgement:
        """Judge a moment.

        ``found`` says whether the kind's own case is there, ``among`` for which levels (all), ``covers``
        (ms) how long the judgement does (1.5 heartbeats of the subject unless given), ``shown`` the value and
        limit of a level without a condition.
        """
        asked = self._of(at.station_id)
        guard = self.guard(at)
        level, answer, unknown = (
            self._level(asked, at, found, among) if guard else (None, _TRUE, guard is None)
        )
        cleared = level is None and not unknown
        if cleared and guard and asked.clear is not None:
            cleared = bool(asked.clear.ask(at).truth)
        value, limit = answer[1:] if answer.value is not None else shown
        return Judgement(
            key=self.key(at),
            ts=at.ts,
            received=at.received,
            level=level,
            covers_ms=self._covers(at) if covers is None else covers,
            unknown=unknown,
            cleared=cleared,
            value=value,
            limit=limit,
            late=late,
            incomplete=incomplete or (at.incomplete and level is not None),
            learned={name: value for name, value in at.learned.items() if value is not None},
            over=guard is False,
        )

    def key(self, at: Moment) -> Key:
        """Return whom a judgement at a moment is about."""
        return self.key_of(at.station_id, at.device)

    def key_of(self, station_id: str, device: str) -> Key:
        """Return whom a judgement of what a device said is about."""
        return Key(self.rule.id, station_id, device if self.rule.per == "device" else "")

    def _level(
        self, asked: _Asked, at: Moment, found: Truth, among: Collection[int] | None
    ) -> tuple[int | None, Answer, bool]:
        """Return the gravest level that holds, what it compared, and whether that is unknown."""
        if found is False:
            return None, _TRUE, False
        unknown = False
        numbers = range(len(asked.levels)) if among is None else sorted(among)
        for number in reversed(numbers):
            test = asked.levels[number]
            answer = _TRUE if test is None else test.ask(at)
            if answer.truth and found:
                return number, answer, False
            unknown |= answer.truth is not False
        return None, _TRUE, unknown

    def _covers(self, at: Moment) -> int:
        return covers_ms((at.domain, at.subject)) if at.subject is not None else 0

    def _of(self, station_id: str) -> _Asked:
        number = self.variants.number(station_id)
        self._prepare_variant(number)
        return self._asked[number]

    def _prepare(self) -> None:
        """Make every condition ready: one that remembers must not miss what came before it is first asked."""
        self.variants.by_station()
        for number in range(len(self.variants.rules)):
            self._prepare_variant(number)

    def _prepare_variant(self, number: int) -> None:
        if number in self._asked:
            return
        rule = self.variants.rules[number]
        levels = tuple(self._test(level.if_) for level in rule.levels)
        self._asked[number] = _Asked(self._test(rule.when), levels, self._test(rule.clear.if_))
        for name, part in self._more.items():
            self._more_asked[name, number] = self._test(part(rule))

    def _test(self, condition: Condition | None) -> Test | None:
        return None if condition is None else self.tests.of(condition)

    def save(self) -> list[object]:
        """Return what the conditions remember."""
        return [followed.recent for followed in self.tests.followed]

    def restore(self, saved: list[object]) -> None:
        """Take up what `save` returned."""
        self._prepare()
        for followed, recent in zip(self.tests.followed, saved, strict=False):
            _restore(followed, recent)


def _restore(followed: Followed, recent: object) -> None:
    if isinstance(recent, dict):
        followed.recent = recent
