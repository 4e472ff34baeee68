"""What a condition asks, in a sentence."""

from collections.abc import Iterable
from dataclasses import dataclass

from catalogue.comparing import figure_unit
from catalogue.conditions import (
    AlertOpen,
    All,
    Any_,
    Compare,
    Condition,
    HasRole,
    LocalTime,
    Not,
    Occurrence,
    Quiet,
    Reports,
    Suspect,
)
from catalogue.fields import LIMITS, measure
from catalogue.kinds.comparison import Across
from catalogue.kinds.count import Count, Counted
from catalogue.kinds.increase import Increase, Moved
from catalogue.kinds.statistic import Figure, Ratio, Statistic
from catalogue.model import Rule
from catalogue.operands import FromField, FromFigure, FromLearned, FromLimit
from catalogue.runbook.words import (
    Language,
    event_name,
    field_name,
    lasting,
    own_domains,
    quantity,
    role,
    say,
    taken,
    word,
)


@dataclass(frozen=True)
class Teller:
    """Tells the parts of one resolved rule in one language."""

    rule: Rule
    language: Language

    def condition(self, part: Condition, *, inside: bool = False) -> str:
        """Say what a condition asks; ``inside`` another one with several parts it stands in brackets."""
        match part:
            case All(all=parts):
                text = self._joined("all", parts, inside=inside)
            case Any_(any=parts):
                text = self._joined("any", parts, inside=inside)
            case Not(not_=other):
                text = self.say("not", self.condition(other))
            case Compare():
                text = self._compare(part, inside=inside)
            case Quiet(quiet=occurrences, within=within):
                text = self.say("quiet", self.occurrences(occurrences), self.time(within))
            case _:
                text = self._about_surroundings(part)
        return text

    def _about_surroundings(self, part: Condition) -> str:
        match part:
            case AlertOpen(alert=ids, for_=since):
                return self.say("alert" if since else "alert_now", " / ".join(ids), self.time(since))
            case HasRole(has_role=roles):
                return self.say("has_role", self._roles(roles))
            case Reports(reports=fields):
                return self.say("reports", self._list(self.field(name) for name in fields))
            case LocalTime(local_time=(first, last)):
                return self.say("local_time", first, last)
            case Suspect():
                return self.say("suspect")
        raise TypeError(f"nobody has said how to tell {type(part).__name__}")

    def _joined(self, word_between: str, parts: Iterable[Condition], *, inside: bool) -> str:
        between = self.say(word_between)
        told = [self.condition(one, inside=True) for one in parts]
        text = (f" {between} " if self.language == "en" else between).join(told)
        brackets = "({})" if self.language == "en" else "（{}）"
        return brackets.format(text) if inside and len(told) > 1 else text

    def _compare(self, part: Compare, *, inside: bool) -> str:
        left, unit = self._left(part)
        field = part.field or self.rule.subject.name
        told = [
            self.say(name, left, self._right(operand, field, unit)) for name, operand in part.operands.items()
        ]
        between = self.say("all")
        text = (f" {between} " if self.language == "en" else between).join(told)
        return f"({text})" if inside and len(told) > 1 else text

    def _left(self, part: Compare) -> tuple[str, str | None]:
        if part.figure:
            return self.figure(part.figure), figure_unit(self.rule, part.figure)
        if part.limit:
            return self.say("limit", f"`{part.limit}`"), LIMITS[part.limit]
        name = part.field or self.rule.subject.name
        if part.value and len(self.rule.subjects) > 1:
            text = self.say("value")
        else:
            text = self._of_roles(self.field(name), part.role)
        found = measure(name, own_domains(self.rule))
        return self.say("every", text) if part.of == "all" else text, found.unit if found else None

    def _right(self, operand: object, field: str, unit: str | None) -> str:
        if isinstance(operand, tuple):
            return self._list(word(field, one, self.language) for one in operand)
        if isinstance(operand, str | bool):
            return word(field, operand, self.language)
        if isinstance(operand, int | float):
            return quantity(float(operand), unit)
        return self._computed(operand, unit)

    def _computed(self, operand: object, unit: str | None) -> str:
        match operand:
            case FromField(field=name, role=roles):
                text = self._of_roles(self.field(name), roles)
            case FromFigure(figure=name):
                text = self.figure(name)
            case FromLearned(learned=name):
                text = self.say("learned", self._learned(name))
            case FromLimit(limit=name, default=None):
                text = self.say("limit", f"`{name}`")
            case FromLimit(limit=name, default=default):
                text = self.say("limit_or", f"`{name}`", self._right(default, "", LIMITS[name]))
            case _:
                raise TypeError(f"{operand!r} is no operand of a resolved rule")
        times, plus = operand.times, operand.plus
        text += "" if times == 1 else f" × {self._right(times, '', None)}"
        if isinstance(plus, int | float):
            return text if not plus else f"{text} {'+' if plus > 0 else '-'} {quantity(abs(plus), unit)}"
        return f"{text} + {self._right(plus, '', unit)}"

    def _learned(self, name: str) -> str:
        one = getattr(self.rule.spec, "learned", {})[name]
        of = f"`{one.of}`" if one.of else self.say("gap")
        return self.say("learned_of", of, self.time(one.over), self.taken(one.fn))

    def figures(self) -> list[tuple[str, str]]:
        """Figures whose names conditions use for shortness, and what they are."""
        spec = self.rule.spec
        if not isinstance(spec, Statistic):
            return []
        return [(name, self._statistic(one)) for name, one in spec.figures.items()]

    def figure(self, name: str) -> str:
        """Say what a figure of the rule is."""
        spec = self.rule.spec
        match getattr(spec, "figures", {}).get(name):
            case Moved(counter=field, take="increase") if isinstance(spec, Increase):
                return self.say(
                    "figure_in", self.field(field), self.time(spec.window), self.taken("increase")
                )
            case Moved(counter=field, take=fn) | Across(field=field, fn=fn):
                return self.say("figure_of", self.field(field), self.taken(fn))
            case Counted(of=of, most_by=most_by) if isinstance(spec, Count):
                phrase = "count_most" if most_by else "count_in"
                return self.say(phrase, self.occurrences(of), self.time(spec.window))
            case Ratio() | Figure():
                return f"`{name}`"
        return self.taken({"share": "share_of"}.get(name, name))

    def _statistic(self, figure: Figure | Ratio) -> str:
        if isinstance(figure, Ratio):
            return self.say("ratio", f"`{figure.of}`", f"`{figure.per}`")
        field = self._of_roles(self.field(figure.field), figure.roles)
        if figure.away_from is not None:
            found = measure(figure.field, own_domains(self.rule))
            field = self.say("away", field, quantity(figure.away_from, found.unit if found else None))
        fn = self.taken(figure.fn)
        if figure.bucket is not None:
            fn = self.say("pieces", self.time(figure.bucket), self.taken(figure.take or "mean"), fn)
        if figure.between:
            text = self.say("figure_between", field, "–".join(figure.between), fn)
        else:
            text = self.say("figure_in", field, self.time(figure.window), fn)
        return self.say("nobody", text) if figure.unless_present else text

    def occurrences(self, of: Iterable[Occurrence]) -> str:
        """Say what must happen; one of several."""
        return " / ".join(self._occurrence(one) for one in of)

    def _occurrence(self, one: Occurrence) -> str:
        if one.event:
            name = event_name(one.event, own_domains(self.rule), self.language)
            return self.say("where", name, self.condition(one.where)) if one.where else name
        field = self.field(one.field or "")
        if one.rises:
            return self.say("rises", field)
        return self.say("becomes", field, word(one.field or "", one.becomes, self.language))

    def field(self, name: str) -> str:
        """Return how people call a field."""
        return field_name(name, own_domains(self.rule), self.language)

    def _of_roles(self, text: str, roles: tuple[str, ...] | None) -> str:
        return self.say("of_role", text, self._roles(roles)) if roles else text

    def _roles(self, roles: Iterable[str]) -> str:
        return self._list(role(name, self.language) for name in roles)

    def _list(self, parts: Iterable[str]) -> str:
        return ("、" if self.language == "zh" else ", ").join(parts)

    def operand(self, part: object) -> str:
        """Say what an operand that is no comparison's stands for, seconds as a length of time."""
        return self._right(part, "", "s")

    def time(self, ms: object) -> str:
        """Return a resolved length of time as people write it."""
        return lasting(int(str(ms)), self.language)

    def say(self, phrase: str, *parts: str) -> str:
        """Put the parts into a phrase."""
        return say(phrase, self.language, *parts)

    def taken(self, fn: str) -> str:
        """Return how people call what is worked out over a window."""
        return taken(fn, self.language)


def default_numbers(rule: Rule) -> Rule:
    """Return the rule with the numbers that hold where nobody changed them."""
    return rule.resolved({name: one.value for name, one in rule.parameters.items()})
