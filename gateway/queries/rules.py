"""The rules in force, with the numbers that hold in general, by kind of station, and at single stations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from catalogue.catalogue import Catalogue
from catalogue.model import Rule
from gateway.alerting.response.duty_rules import OWN_RULES
from gateway.domain.registry import CAPACITY, Registry, StationSpec

_NOWHERE = ""
"""No station is called that, so only what holds more widely is found for it."""


@dataclass(frozen=True, slots=True)
class ParameterView:
    """A number as it is in force; ``profiles`` and ``stations`` hold only those that differ."""

    value: float
    unit: str
    source: str
    profiles: Mapping[str, float]
    stations: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule and its numbers by name."""

    rule: Rule
    parameters: Mapping[str, ParameterView]


@dataclass(frozen=True)
class RuleBook:
    """Answers what rules there are; ``catalogue`` gives those in force, which may be replaced at any time."""

    catalogue: Callable[[], Catalogue]
    registry: Registry

    def rules(self) -> dict[str, Rule]:
        """Return every rule in force by id: those of the catalogue, and our own about the gateway itself."""
        return {**OWN_RULES, **self.catalogue().rules}

    def rule(self, rule_id: str) -> Rule | None:
        """Return one of them, or None."""
        return OWN_RULES.get(rule_id) or self.catalogue().rules.get(rule_id)

    def page(self, limit: int, after: str | None) -> tuple[list[RuleView], str | None]:
        """Return at most ``limit`` rules beyond ``after``, by id, and the id to go on from, if any."""
        catalogue, rules = self.catalogue(), self.rules()
        ids = sorted(rule_id for rule_id in rules if after is None or rule_id > after)
        page = [self._view(catalogue, rules[rule_id]) for rule_id in ids[:limit]]
        return page, ids[limit - 1] if len(ids) > limit else None

    def get(self, rule_id: str) -> RuleView | None:
        """Return one rule, or None."""
        rule = self.rule(rule_id)
        return None if rule is None else self._view(self.catalogue(), rule)

    def _view(self, catalogue: Catalogue, rule: Rule) -> RuleView:
        return RuleView(rule, {name: self._parameter(catalogue, rule, name) for name in rule.parameters})

    def _parameter(self, catalogue: Catalogue, rule: Rule, name: str) -> ParameterView:
        def in_force(profile: str | None, station_id: str) -> float:
            return catalogue.parameter(rule.id, name, profile, station_id)

        def differs(spec: StationSpec) -> bool:
            return in_force(spec.profile, spec.station_id) != in_force(spec.profile, _NOWHERE)

        general = in_force(None, _NOWHERE)
        profiles = {profile: in_force(profile, _NOWHERE) for profile in CAPACITY}
        own = rule.parameters[name]
        return ParameterView(
            value=general,
            unit=own.unit,
            source=own.source,
            profiles={profile: number for profile, number in profiles.items() if number != general},
            stations={
                spec.station_id: in_force(spec.profile, spec.station_id)
                for spec in self.registry
                if differs(spec)
            },
        )
