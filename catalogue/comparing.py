"""Whether what is compared fits together: types, words, units."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.conditions import Compare, FromLimit, FromParameter, Occurrence
from catalogue.documents import Loc
from catalogue.fields import LIMITS, event_field, measure, split
from catalogue.kinds.comparison import Across
from catalogue.kinds.increase import Moved
from catalogue.kinds.statistic import Figure
from catalogue.model import Rule
from catalogue.walking import walk

_NUMBERS = frozenset({"above", "below", "at_least", "at_most"})
_RATIOS = frozenset({"spread", "unbalance"})
_PER_HOUR = frozenset({"rate", "slope"})


@dataclass(frozen=True)
class Side:
    """The left of a comparison: its type, its unit (None: not to be checked), its words."""

    type: str
    unit: str | None
    values: tuple[str, ...] = ()


def own_domains(rule: Rule) -> tuple[str, ...]:
    """Return the domains of names that a rule writes without one."""
    return tuple(domain for subject in rule.subjects if (domain := split(subject.name).domain))


def left_side(compare: Compare, rule: Rule, event_domain: str | None) -> Side | None:
    """Return what stands on the left; None when it is unknown, which others complain about.

    ``event_domain``: the domain of the event whose own fields may be meant.
    """
    if compare.figure:
        return Side("float", figure_unit(rule, compare.figure))
    if compare.limit:
        return Side("float", LIMITS.get(compare.limit))
    if compare.value:
        return _field(rule.subject.name, ())
    name = compare.field or ""
    if event_domain and "." not in name and (own := event_field(name, event_domain)):
        return Side(own.type, "1", own.values)
    return _field(name, own_domains(rule))


def _field(name: str, own: tuple[str, ...]) -> Side | None:
    found = measure(name, own)
    return Side(found.type, found.unit, found.values) if found else None


def figure_unit(rule: Rule, name: str) -> str | None:
    """Return the unit of a figure; None where it follows from a division."""
    figures: Mapping[str, Any] = getattr(rule.spec, "figures", {})
    match figures.get(name):
        case Moved(counter=field, take=take):
            return _scaled(field, rule, take)
        case Figure(field=field, fn=fn) | Across(field=field, fn=fn):
            return _scaled(field, rule, fn)
        case None:
            return "1"
        case one:
            return "1" if hasattr(one, "most_by") else None


def _scaled(field: str, rule: Rule, way: str) -> str | None:
    found = measure(field, own_domains(rule))
    if way in _RATIOS or found is None:
        return "1"
    return f"{found.unit}/h" if way in _PER_HOUR else found.unit


def faults_of_comparisons(rule: Rule) -> Iterator[tuple[Loc, str]]:
    """Yield what does not fit, comparison by comparison."""
    inside = event_domains(rule)
    for loc, part in walk(rule):
        if isinstance(part, Compare) and (side := left_side(part, rule, inside.get(id(part)))):
            for comparator, operand in part.operands.items():
                for what in _faults(side, comparator, operand, rule):
                    yield (*loc, comparator), what


def event_domains(rule: Rule) -> dict[int, str]:
    """Return the comparisons (their `id`) that are about an event's own fields, with its domain."""
    inside: dict[int, str] = {}
    subject = split(rule.subject.name).domain
    if rule.kind == "event" and subject:
        inside |= {id(part): subject for _, part in walk(rule.levels) if isinstance(part, Compare)}
    for _, one in walk(rule):
        if isinstance(one, Occurrence) and one.event:
            domain = split(one.event).domain or subject
            inside |= {id(p): domain for _, p in walk(one.where) if domain and isinstance(p, Compare)}
    return inside


def _faults(side: Side, comparator: str, operand: object, rule: Rule) -> Iterator[str]:
    is_number = side.type in {"int", "float"}
    if comparator in _NUMBERS and not is_number:
        yield f"{comparator} compares numbers, and this is {_described(side)}; use is, is_not, in or has"
    elif comparator == "has" and side.type != "words":
        yield f"has asks a list of words, and this is {_described(side)}; use is or in"
    elif comparator in {"is", "is_not", "in", "has"}:
        for one in operand if isinstance(operand, tuple) else (operand,):
            yield from _unfit(side, one)
    if is_number:
        yield from _unfit_units(side, operand, rule)


def _unfit(side: Side, value: object) -> Iterator[str]:
    if not isinstance(value, str | bool | int | float):
        return
    fits = {
        "bool": isinstance(value, bool),
        "int": not isinstance(value, str | bool),
        "float": not isinstance(value, str | bool),
    }.get(side.type, isinstance(value, str) and (not side.values or value in side.values))
    if not fits:
        yield f"{value!r} is no value of it; it is {_described(side)}"


def _described(side: Side) -> str:
    if side.values:
        return f"one of {', '.join(side.values)}"
    return {"bool": "true or false", "text": "a text"}.get(side.type, "a number")


def _unfit_units(side: Side, operand: object, rule: Rule) -> Iterator[str]:
    if isinstance(operand, bool | str):
        yield f"{operand!r} is no number"
        return
    for _, part in walk(operand):
        given = _unit_of(part, rule)
        wanted = "1" if _scales(operand, part) else side.unit
        if given and wanted and given[1] != wanted:
            yield f"{given[0]} is in {given[1]}, what it is compared with in {wanted}; write it in {wanted}"


def _unit_of(part: object, rule: Rule) -> tuple[str, str] | None:
    if isinstance(part, FromParameter) and part.param in rule.parameters:
        return part.param, rule.parameters[part.param].unit
    if isinstance(part, FromLimit) and part.limit in LIMITS:
        return part.limit, LIMITS[part.limit]
    return None


def _scales(operand: object, part: object) -> bool:
    return any(part is getattr(one, "times", None) for _, one in walk(operand))
