"""Adding up many stories: recall and delay by rule, false alarms by station-day."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.domain.alerts import Change, Key, Transition
from simulators.scenarios import Scenario
from yizhan.score.judging import PAGING, Found, Heard, Judged

FALSE_PER_STATION_DAY = 1 / 400
"""At most one false P1 or P2 in 400 quiet station-days."""
SEVERITIES = ("P1", "P2", "P3", "P4")


@dataclass(slots=True)
class Tally:
    """The score so far: what was to come by rule, what was wrong in sentences, what quiet days brought."""

    found: dict[str, list[Found]] = field(default_factory=dict)
    stories: Counter[str] = field(default_factory=Counter)
    good: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    quiet_days: float = 0.0
    false: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Alerts on quiet days, by rule and the gravest they became."""
    alarms: list[str] = field(default_factory=list)

    def add_fault(self, story: Scenario, judged: Judged) -> None:
        """Count one story of a fault."""
        self.stories[story.name] += 1
        self.good[story.name] += judged.good
        for one in judged.found:
            self.found.setdefault(one.must.rule, []).append(one)
        self.failures += (f"{_named(story)}: {sentence}" for sentence in _complaints(judged))

    def add_quiet(self, story: Scenario, heard: Heard) -> None:
        """Count some quiet days; whatever opened there is false, unless the station really was crowded."""
        self.quiet_days += story.days
        gravest: dict[tuple[Key, int], str] = {}
        for one in heard.transitions:
            if one.change in {Change.OPENED, Change.RAISED} and not _is_true(story, heard, one):
                episode = one.key, one.opened
                gravest[episode] = min(one.severity, gravest.get(episode, one.severity))
        for (key, opened), severity in gravest.items():
            self.false[key.rule, severity] += 1
            if severity in PAGING:
                hours = (opened - story.start_ms) / 3_600_000
                self.alarms.append(f"{_named(story)}: {key.rule} {key.device} {severity} after {hours:.1f} h")

    def false_by_severity(self, severity: str) -> int:
        """How many alerts of a severity opened on quiet days."""
        return sum(count for (_, gravest), count in self.false.items() if gravest == severity)

    def missed_targets(self) -> Iterator[str]:
        """What falls short of what is promised, each in a sentence."""
        for rule, found in sorted(self.found.items()):
            late = sum(not one.in_time for one in found if one.pages)
            if late:
                yield f"{rule}: {late} of {len(found)} did not come in time"
        wrong = sum(count for (_, severity), count in self.false.items() if severity in PAGING)
        if wrong > max(1.0, self.quiet_days * FALSE_PER_STATION_DAY):
            yield f"{wrong} false P1 or P2 in {self.quiet_days:.0f} quiet station-days"
        for name, count in sorted(self.stories.items()):
            if self.good[name] < count:
                yield f"{name}: {count - self.good[name]} of {count} stories were not as they must be"


def _is_true(story: Scenario, heard: Heard, one: Transition) -> bool:
    return heard.attendance.crowds(one.key.rule, one.severity, one.at, story.site.capacity)


def _named(story: Scenario) -> str:
    return f"{story.name} seed {story.seed} at {story.site.archetype}"


def _complaints(judged: Judged) -> Iterator[str]:
    for one in judged.found:
        if not one.in_time:
            came = "did not come" if one.delay_ms is None else f"came after {one.delay_ms / 60_000:.1f} min"
            wanted = f" as {one.must.severity}" if one.must.severity else ""
            yield f"{one.must.rule}{wanted} {came}, deadline {one.must.minutes:g} min"
    yield from judged.wrong
