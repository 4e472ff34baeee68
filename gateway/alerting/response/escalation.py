"""Who is told next of an alert that nobody has acknowledged, and when. Pure: the plan, the rota, the time.

Steps run from when people were first told. Between and after them the step that was reached is repeated at
the nag interval of the severity. After a stop of the gateway the step that is due by now is taken, once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from catalogue.model import Severity
from gateway.alerting.response.settings import DEFAULT_STEPS, OnCallSettings, StepSettings
from gateway.domain.oncall import Duty, Person
from gateway.state.escalations import EscalationRow


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one severity, times in ms; ``nag_ms`` None: nobody is told again.

    ``slower`` are channels with a nag interval of their own.
    """

    steps: tuple[StepSettings, ...]
    nag_ms: int | None = None
    slower: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """A step to be taken now: its number, how long nobody has acknowledged, and who is told over what.

    ``to`` are (person, channel), each once.
    """

    number: int
    waited_ms: int
    to: tuple[tuple[str, str], ...]


def plan_of(on_call: OnCallSettings, severity: str) -> Plan:
    """Return the plan for a severity."""
    of = Severity(severity)
    slower = {channel: every[of] for channel, every in on_call.nag_by_channel.items() if of in every}
    return Plan({**DEFAULT_STEPS, **on_call.steps}[of], on_call.nag.get(of) or None, slower)


def begin(plan: Plan, alert_id: str, now: int) -> EscalationRow:
    """Begin: the first step is due at once, unless the plan says later."""
    return EscalationRow(alert_id, now, 0, now + plan.steps[0].after)


def advance(
    plan: Plan, row: EscalationRow, chain: Iterable[Duty], people: Mapping[str, Person], now: int
) -> tuple[Call | None, EscalationRow | None]:
    """Take the step that is due at ``now``; the row is None when there is nothing left to do."""
    if now < row.next_at:
        return None, row
    waited = now - row.started
    reached = max((n for n, step in enumerate(plan.steps) if step.after <= waited), default=0)
    to = _recipients(plan.steps[reached], tuple(chain), people)
    if row.step > reached:
        to = _without_slower(plan, to, waited)
    following = [row.started + step.after for step in plan.steps[reached + 1 :]]
    if plan.nag_ms is not None:
        following.append(now + plan.nag_ms)
    after = EscalationRow(row.alert_id, row.started, row.step + 1, min(following)) if following else None
    return Call(row.step, waited, to), after


def _recipients(
    step: StepSettings, chain: tuple[Duty, ...], people: Mapping[str, Person]
) -> tuple[tuple[str, str], ...]:
    """Put people and channels in the place of words; somebody is always told."""
    called = [duty.person for duty in chain]
    persons: dict[str, None] = {}
    for word in step.to:
        persons.update(dict.fromkeys(_persons(word, called)))
    found = [(person, channel) for person in persons for channel in _channels(step, people[person])]
    if not found:
        found = [(person, people[person].channels[0]) for person in called[:1]]
    return tuple(dict.fromkeys(found))


def _persons(word: str, called: list[str]) -> list[str]:
    if word == "first":
        return called[:1]
    if word == "second":
        return called[1:2]
    if word == "everyone":
        return called
    return called[-1:] if word == "fallback" else [word]


def _channels(step: StepSettings, person: Person) -> tuple[str, ...]:
    if isinstance(step.channels, tuple):
        return tuple(channel for channel in person.channels if channel in step.channels)
    most = {"first": 1, "first_two": 2}.get(step.channels, len(person.channels))
    return person.channels[:most]


def _without_slower(plan: Plan, to: tuple[tuple[str, str], ...], waited: int) -> tuple[tuple[str, str], ...]:
    """Leave out channels whose own interval has not come round since the last time."""
    every = plan.nag_ms or 1
    return tuple(
        (person, channel)
        for person, channel in to
        if channel not in plan.slower
        or waited // plan.slower[channel] > (waited - every) // plan.slower[channel]
    )
