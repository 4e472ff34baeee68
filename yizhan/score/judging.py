"""Holding what the gateway said of a fault against what it had to say."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.domain.alerts import Change, Transition
from simulators.faults import Fault
from yizhan.score.attendance import Attendance
from yizhan.score.oracle import ALLOWED_MS, Must, Oracle

MINUTE_MS = 60_000
PAGING = frozenset({"P1", "P2"})


@dataclass(frozen=True, slots=True)
class Told:
    """People were told of an alert: when on the gateway's clock (ms), and how bad it was said to be."""

    rule: str
    severity: str
    at: int
    retrospective: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything the gateway said in one story, in its order, and who was really inside meanwhile."""

    transitions: Sequence[Transition]
    told: Sequence[Told]
    attendance: Attendance = field(default_factory=Attendance)


@dataclass(frozen=True, slots=True)
class Found:
    """How one alert that had to come came: `delay_ms` after its time began to run, None when it did not."""

    must: Must
    severity: str | None
    delay_ms: int | None

    @property
    def in_time(self) -> bool:
        """Whether it came, and before its deadline."""
        return self.delay_ms is not None and self.delay_ms <= self.must.minutes * MINUTE_MS + ALLOWED_MS

    @property
    def pages(self) -> bool:
        """Whether it is one of those that must never be missed."""
        return (self.must.severity or self.severity) in PAGING


@dataclass(frozen=True, slots=True)
class Judged:
    """One story: what was to come, and what came that must not have, each in a sentence."""

    found: tuple[Found, ...]
    wrong: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether everything came in time and nothing else did."""
        return not self.wrong and all(one.in_time for one in self.found)


def judge(fault: Fault, oracle: Oracle, heard: Heard) -> Judged:
    """Judge one story of one fault."""
    found = tuple(_find(must, fault, heard.transitions) for must in oracle.must)
    return Judged(found, tuple(_wrongs(oracle, fault, heard)))


def _find(must: Must, fault: Fault, transitions: Sequence[Transition]) -> Found:
    after = fault.parameters[must.after] if must.after else 0.0
    runs_from = fault.start_ms + int(float(str(after)) * MINUTE_MS)
    for one in transitions:
        grave = must.severity is None or one.severity <= must.severity
        if one.key.rule == must.rule and grave and _worsens(one) and one.received >= fault.start_ms:
            return Found(must, one.severity, max(0, one.received - runs_from))
    return Found(must, None, None)


def _wrongs(oracle: Oracle, fault: Fault, heard: Heard) -> Iterator[str]:
    since = [one for one in heard.transitions if one.received >= fault.start_ms and _worsens(one)]
    told = [one for one in heard.told if one.at >= fault.start_ms]
    for rule in sorted({one.key.rule for one in since} & oracle.never):
        yield f"{rule} opened"
    for rule in sorted({one.rule for one in told} & (oracle.untold | oracle.never)):
        yield f"{rule} was told"
    if oracle.pages is not None:
        paged = {one.rule for one in told if one.severity in PAGING}
        yield from (f"{rule} paged" for rule in sorted(paged - oracle.pages))
    if oracle.no_severity is not None:
        grave = {one.key.rule for one in since if one.severity == oracle.no_severity}
        yield from (f"{rule} became {oracle.no_severity}" for rule in sorted(grave))
    times = Counter(one.rule for one in told)
    for rule, most in (oracle.at_most or {}).items():
        if times[rule] > most:
            yield f"{rule} was told {times[rule]} times, not {most}"


def _worsens(transition: Transition) -> bool:
    return transition.change in {Change.OPENED, Change.RAISED}
