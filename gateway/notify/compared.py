"""What the value of an alert is: not always a reading of the rule's subject, but what a level compared."""

from collections.abc import Iterator

from catalogue.comparing import figure_unit
from catalogue.conditions import All, Any_, Compare, Condition
from catalogue.fields import measure
from catalogue.kinds.statistic import Figure, Ratio
from catalogue.model import Rule
from catalogue.runbook.telling import Teller, default_numbers
from catalogue.runbook.words import own_domains
from gateway.notify.notifier import Measured
from wire.measures.words import Name

_VALUE = Measured(Name("数值", "value"), "1")
_RATIO = Measured(Name("比值", "ratio"), "1")
_BY_KIND = {
    "absence": Measured(Name("静默", "silent for"), "s"),
    "sequence": Measured(Name("次数", "times"), "1"),
    "event": Measured(Name("事件", "event"), "1", field="event"),
}
"""What kinds show of levels that compare nothing."""


def compared(rule: Rule, severity: str, value: float | str | None = None) -> Measured:
    """Return name and unit of ``value``, the value of an alert of this severity.

    The engine shows the first comparison that held, and not which one that was: where a level has several
    to choose from, the value is only called that, with the unit they share.
    """
    if rule.kind == "absence":
        return _BY_KIND[rule.kind]  # the silence itself, whatever a level asks beside it
    if rule.kind == "sequence" and isinstance(value, str):
        return _BY_KIND["event"]  # the device said itself what else is worked out
    asked = (level.if_ for level in rule.levels if str(level.severity) == severity and level.if_ is not None)
    told = {_measured(rule, part) for condition in asked for part in _first(condition)}
    if not told:
        return _BY_KIND.get(rule.kind, _VALUE)
    if len(told) == 1:
        return told.pop()
    units = {one.unit for one in told}
    return Measured(_VALUE.name, units.pop()) if len(units) == 1 else _VALUE


def _first(condition: Condition) -> Iterator[Compare]:
    """Yield the comparisons that may have held first, depth first."""
    if isinstance(condition, Compare):
        yield condition
    if isinstance(condition, Any_):
        for one in condition.any:
            yield from _first(one)
    if isinstance(condition, All):
        for one in condition.all:
            if found := list(_first(one)):
                yield from found
                return


def _measured(rule: Rule, part: Compare) -> Measured:
    if part.figure is not None:
        return _figure(rule, part.figure)
    if part.limit is not None or (part.value and len(rule.subjects) > 1):
        return _VALUE
    name = part.field or rule.subject.name
    row = measure(name, own_domains(rule))
    if row is None:
        return _VALUE
    return Measured(Name(row.zh, row.en), row.unit, row.domain, row.name)


def _figure(rule: Rule, name: str) -> Measured:
    """Name a figure of the rule's kind as its runbook page does."""
    figure = getattr(rule.spec, "figures", {}).get(name)
    if isinstance(figure, Ratio):
        return _RATIO
    settled = default_numbers(rule)
    zh, en = (_told(Teller(settled, language), name, figure) for language in ("zh", "en"))
    return Measured(Name(zh, en), figure_unit(rule, name) or "1")


def _told(teller: Teller, name: str, figure: object) -> str:
    return dict(teller.figures())[name] if isinstance(figure, Figure) else teller.figure(name)
