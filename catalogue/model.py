"""What a rule is: subject, levels, when it clears, what inhibits it, and what to do first.

All times are milliseconds once a rule is loaded. A rule as loaded may still hold parameters; `Rule.resolved`
puts in the values that hold for one station, and only resolved rules are evaluated.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, cast

from pydantic import BeforeValidator, Field, SerializeAsAny

from catalogue.conditions import Condition, Strict, Words
from catalogue.durations import Duration
from catalogue.kinds import KindName, Spec
from catalogue.resolving import resolve

RULE_PATTERN = r"^[A-Z]{2,4}-[0-9]{2,3}$"
Profile = Literal["urban_kiosk", "urban_standard", "public_hall", "trucker_home"]


class Severity(StrEnum):
    """How bad it is."""

    P1 = "P1"
    """Page now: life or security."""
    P2 = "P2"
    """Page who is on call: act within an hour."""
    P3 = "P3"
    """A ticket for working hours, the same day."""
    P4 = "P4"
    """For the report only."""

    @property
    def rank(self) -> int:
        """1 for the gravest to 4."""
        return int(self.value[1])


class Text(Strict):
    """What a person reads, in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Parameter(Strict):
    """A number that people may change: for every station, for a profile, or for one station.

    ``unit`` is a UCUM code (``1`` for counts and ratios). ``source`` says where the number comes from.
    ``profiles`` are the values that differ by kind of station.
    """

    value: float
    unit: str
    source: str = Field(min_length=1)
    profiles: Mapping[Profile, float] = Field(default_factory=dict)


class Subject(Strict):
    """What is watched: a field ``domain.name``, an event ``domain.name``, or ``*`` for every reading.

    ``roles`` keeps to devices that have one of them.
    """

    name: str
    roles: Words | None = None


def _subject(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _subjects(value: object) -> object:
    return [_subject(one) for one in (value if isinstance(value, list | tuple) else [value])]


Subjects = Annotated[tuple[Subject, ...], BeforeValidator(_subjects), Field(min_length=1)]
"""One subject, or several fields that are judged alike."""


class Level(Strict):
    """One step of gravity. Levels stand from the mildest to the gravest.

    ``if`` must hold for ``for`` of covered time, at ``samples`` readings in a row at least. While a level's
    condition holds, those of the milder levels count as holding too, so their time runs on; the highest level
    whose time is up is the alert's. Without ``if`` the level holds whenever the rule's kind finds its case.
    """

    if_: Condition | None = Field(default=None, alias="if")
    for_: Duration = Field(default=0, alias="for")
    severity: Severity
    samples: int = Field(default=1, ge=1)

    @property
    def for_ms(self) -> int:
        """The time, of a resolved rule."""
        return cast("int", self.for_)


class Clear(Strict):
    """When it is over: ``if`` held for ``for``, at ``samples`` readings in a row, and no level holds.

    Without ``if``: as soon as no level's condition holds (they are false, not unknown). A rule without
    ``clear`` clears at the first reading at which none holds.
    """

    if_: Condition | None = Field(default=None, alias="if")
    for_: Duration = Field(default=0, alias="for")
    samples: int = Field(default=1, ge=1)

    @property
    def for_ms(self) -> int:
        """The time, of a resolved rule."""
        return cast("int", self.for_)


class Rule(Strict):
    """One rule.

    It is judged for every device (``per: device``; key = station and device id), for the station as a whole
    (``per: station``; key device ""), or for the fleet (``per: fleet``; station ``_gateway``, device "").
    A rule about a device is judged at every reading of its subjects' domains that carries a subject field or
    another own field (one written without domain) of its conditions; a rule about a station at every reading
    of the station that carries a subject field. A reading covers 1.5 times the heartbeat of its subject field
    (the longest, where it carries several).

    ``when`` guards it: while it is false there is nothing to judge and an open instance clears at once; while
    it is unknown nothing opens or clears. ``inhibited_by`` names circumstances and rules; `policy` asks them.
    ``life_safety`` rules are never inhibited, pass every stage and page up to 24 h late. ``latched``: stays
    open until a person took it; unless written, whenever its severity is P1.
    """

    id: str = Field(pattern=RULE_PATTERN)
    name: Text
    kind: KindName
    subjects: Annotated[tuple[Subject, ...], BeforeValidator(_subjects)] = Field(
        alias="subject", min_length=1
    )
    per: Literal["device", "station", "fleet"] = "device"
    parameters: Mapping[str, Parameter] = Field(default_factory=dict)
    when: Condition | None = None
    spec: SerializeAsAny[Spec] = Field(alias="with")
    levels: tuple[Level, ...] = Field(min_length=1)
    clear: Clear = Clear()
    inhibited_by: tuple[str, ...] = ()
    life_safety: bool = False
    latched: bool | None = None
    first_action: Text
    reason: Text
    source: str = Field(min_length=1)

    @property
    def subject(self) -> Subject:
        """The first subject: the one the rule is about."""
        return self.subjects[0]

    @property
    def gravest(self) -> Severity:
        """The worst it can become."""
        return min((level.severity for level in self.levels), key=lambda severity: severity.rank)

    def is_latched(self, severity: Severity) -> bool:
        """Whether an alert of this severity waits for a person although its condition is over."""
        return severity is Severity.P1 if self.latched is None else self.latched

    def resolved(self, values: Mapping[str, float]) -> "Rule":
        """Return the rule with these values (name to number) in place of its parameters."""
        known = {name: (values[name], one.unit) for name, one in self.parameters.items()}
        return cast("Rule", resolve(self, known))


class Circumstance(Strict):
    """Something that makes alerts of other rules mere consequences, or expected.

    It holds at a station while one of ``rules`` has an open alert there (of the fleet, for rules per fleet;
    of the same device with ``device: same``), while ``while`` is true there, or while a maintenance window
    is open where ``window`` is true. It suppresses alerts of the rules that name it in ``inhibited_by``, and
    those of every rule whose severity is in ``severities`` or whose id begins with one of ``prefixes``,
    unless it begins with one of ``spares``; never those of life-safety rules.

    It does not count at a station where a rule of ``lifted_after`` opened an alert within ``lifted_for``: a
    station that falls silent after smoke is worse, not explained.
    """

    id: str
    name: Text
    rules: tuple[str, ...] = ()
    while_: Condition | None = Field(default=None, alias="while")
    device: Literal["same"] | None = None
    window: bool = False
    severities: frozenset[Severity] = frozenset()
    prefixes: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()
    lifted_after: tuple[str, ...] = ()
    lifted_for: Duration = 0

    def covers(self, rule: Rule, severity: Severity) -> bool:
        """Whether an alert of this rule and severity is suppressed while this holds."""
        if rule.life_safety:
            return False
        if self.id in rule.inhibited_by:
            return True
        if rule.id.startswith(self.spares):
            return False
        return severity in self.severities or rule.id.startswith(self.prefixes)
