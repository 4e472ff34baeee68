"""What a rule says that its form cannot rule out: names nobody knows, levels upside down, numbers unused."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise

from catalogue.comparing import event_domains, faults_of_comparisons, own_domains
from catalogue.conditions import (
    AlertOpen,
    Compare,
    FromField,
    FromFigure,
    FromLearned,
    FromLimit,
    FromParameter,
    HasRole,
    LocalTime,
    Occurrence,
    Reports,
)
from catalogue.documents import Loc
from catalogue.durations import UNIT_MS, LastsParameter
from catalogue.fields import LIMITS, ROLES, event, event_field, measure, split
from catalogue.kinds.comparison import Across
from catalogue.kinds.increase import Moved
from catalogue.kinds.spec import Learned
from catalogue.kinds.statistic import Figure, Ratio
from catalogue.model import Rule, Subject
from catalogue.walking import walk

Complaint = tuple[Loc, str]
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_FINDERS = frozenset({"absence", "event", "sequence", "flatline"})


@dataclass(frozen=True)
class Known:
    """The ids that rules may name."""

    rules: Collection[str]
    circumstances: Collection[str]


def complaints(rule: Rule, known: Known) -> Iterator[Complaint]:
    """Yield what is wrong with a rule, and where in it."""
    yield from _levels(rule)
    yield from _inhibitors(rule, known)
    yield from _parameters(rule)
    inside = event_domains(rule)
    for loc, part in walk(rule):
        if isinstance(part, Compare) and part.field and event_field(part.field, inside.get(id(part), "")):
            continue
        yield from ((loc, what) for what in _names(part, rule, known))
    yield from faults_of_comparisons(rule)


def _levels(rule: Rule) -> Iterator[Complaint]:
    for position, (milder, graver) in enumerate(pairwise(rule.levels), start=1):
        if graver.severity.rank > milder.severity.rank:
            what = f"{graver.severity} after {milder.severity}; write levels from the mildest to the gravest"
            yield ("levels", position), what
    for position, level in enumerate(rule.levels):
        if level.if_ is None and rule.kind not in _FINDERS:
            yield ("levels", position), f"a rule of kind {rule.kind} says with `if` when a level holds"
    if split(rule.subject.name).domain == "station" and rule.per == "device":
        yield ("subject",), "figures of a station belong to no device; write per: station"


def _inhibitors(rule: Rule, known: Known) -> Iterator[Complaint]:
    for position, name in enumerate(rule.inhibited_by):
        if name == rule.id:
            yield ("inhibited_by", position), "a rule cannot inhibit itself"
        elif name not in known.rules and name not in known.circumstances:
            there = ", ".join(sorted(known.circumstances))
            yield (
                ("inhibited_by", position),
                f"{name} is neither a rule nor a circumstance; circumstances are {there}",
            )
    if rule.life_safety and rule.inhibited_by:
        yield ("inhibited_by",), "nothing inhibits a rule about life and safety; take inhibited_by out"


def _parameters(rule: Rule) -> Iterator[Complaint]:
    used = set()
    for loc, part in walk(rule):
        if isinstance(part, FromParameter | LastsParameter):
            used.add(part.param)
            yield from ((loc, what) for what in _parameter(part, rule))
    for name in rule.parameters.keys() - used:
        yield ("parameters", name), f"nothing uses the parameter {name}; take it out or use it"


def _parameter(part: FromParameter | LastsParameter, rule: Rule) -> Iterator[str]:
    parameter = rule.parameters.get(part.param)
    if parameter is None:
        yield f"there is no parameter {part.param}; {_listed(rule.parameters)}"
    elif isinstance(part, FromParameter):
        if not isinstance(part.plus, int | float | FromParameter):
            yield f"write the rest first: what is added to the parameter {part.param} is a number or another"
    elif parameter.unit not in UNIT_MS:
        yield f"{part.param} is no time; its unit must be one of {', '.join(UNIT_MS)}"
    elif min(parameter.value, *parameter.profiles.values(), 0) < 0:
        yield f"{part.param} is a time and cannot be negative"


def _names(part: object, rule: Rule, known: Known) -> Iterator[str]:
    own = own_domains(rule)
    match part:
        case Subject(name=name):
            yield from _subject(name, rule.kind)
        case Compare(field=str(name)) | FromField(field=name) | Figure(field=name) | Across(field=name):
            yield from _field(name, own)
        case Moved(counter=name):
            yield from _field(name, own)
        case Occurrence():
            yield from _occurrence(part, own)
        case Reports(reports=names):
            for name in names:
                yield from _field(name, ())
        case LocalTime(local_time=times):
            yield from (f"{one!r} is no time of day; write 00:00 to 24:00" for one in _no_times(times))
    for name, there, what in _members(part, rule, known):
        if name not in there:
            yield f"there is no {what} {name}; {_listed(there)}"


def _no_times(times: tuple[str, ...]) -> list[str]:
    return [one for one in times if not _CLOCK.fullmatch(one)]


def _members(part: object, rule: Rule, known: Known) -> Iterator[tuple[str, Collection[str], str]]:
    """Names that must be in some list: the name, the list, what it is a list of."""
    match part:
        case Compare(figure=str(name)) | FromFigure(figure=name):
            yield name, rule.spec.figures_named, "figure"
        case Ratio(of=of, per=per):
            yield from ((name, rule.spec.figures_named, "figure") for name in (of, per))
        case Learned(of=of, by=by):
            names = (of, *by) if rule.kind == "statistic" else ()
            yield from ((name, rule.spec.figures_named, "figure") for name in names)
        case FromLearned(learned=name):
            yield name, rule.spec.learned_named, "learned figure"
        case Compare(limit=str(name)) | FromLimit(limit=name):
            yield name, LIMITS, "limit"
        case AlertOpen(alert=ids):
            yield from ((one, known.rules, "rule") for one in ids)
    yield from ((role, ROLES, "device role") for role in _roles(part))


def _roles(part: object) -> tuple[str, ...]:
    match part:
        case HasRole(has_role=roles) | Subject(roles=roles) | Figure(roles=roles) | Moved(roles=roles):
            return roles or ()
        case Across(roles=roles) | Compare(role=roles) | FromField(role=roles):
            return roles or ()
    return ()


def _subject(name: str, kind: str) -> Iterator[str]:
    if name == "*":
        return
    domain = split(name).domain
    if domain is None:
        yield f"{name}: write a subject with its domain, like environment.{name}"
    elif kind == "event":
        yield from () if event(name) else (f"there is no event {name}",)
    elif measure(name) is None and event(name) is None:
        yield f"there is no field or event {name}"


def _field(name: str, own: tuple[str, ...]) -> Iterator[str]:
    if measure(name, own) is None:
        where = f" in {' or '.join(own)}" if "." not in name else ""
        yield f"there is no field {name}{where}"


def _occurrence(part: Occurrence, own: tuple[str, ...]) -> Iterator[str]:
    if part.event and event(part.event, own) is None:
        yield f"there is no event {part.event}"
    if part.field is None:
        return
    yield from _field(part.field, own)
    found = measure(part.field, own)
    if found and found.values and isinstance(part.becomes, str) and part.becomes not in found.values:
        yield f"{part.becomes!r} is no value of {part.field}; it is one of {', '.join(found.values)}"


def _listed(known: Collection[str]) -> str:
    return f"there are {', '.join(sorted(known))}" if known else "there are none"
