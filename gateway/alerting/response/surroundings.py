"""What policy has to know of rules and stations that no alert says itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

from catalogue.model import Circumstance, Rule
from gateway.alerting.response.duty_rules import OWN_RULES
from gateway.domain.registry import DEFAULT_TZ

GATEWAY = "_gateway"
"""The reserved station of the gateway's own measurements."""
STATION_OFFLINE = "AG-01"
FLAPPING = "AG-02"


@dataclass(frozen=True, slots=True)
class StationFacts:
    """A station as far as it is known now; times ms UTC, None when not known.

    ``mode`` is its `station_mode` (a mode that is also a circumstance of the catalogue makes that hold);
    ``booted`` when its agent started, ``heard`` when it last spoke. ``holding`` are the circumstances of the
    catalogue whose `while` is true there.
    """

    region: str | None = None
    tz: str = DEFAULT_TZ
    mode: str | None = None
    booted: int | None = None
    heard: int | None = None
    holding: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where those facts come from; all answer at once, from memory, on any thread.

    ``rule`` gives the rule of an id as it is in force (for a station, where it differs), None for one that
    is no longer there.
    """

    rule: Callable[[str], Rule | None]
    station: Callable[[str], StationFacts]
    circumstances: tuple[Circumstance, ...] = field(default=())

    def known_rule(self, rule_id: str) -> Rule:
        """Return a rule, those about who is told included, or a stand-in for one that is gone."""
        return OWN_RULES.get(rule_id) or self.rule(rule_id) or unknown_rule(rule_id)


def unknown_rule(rule_id: str) -> Rule:
    """Stand in for a rule that was taken out of the catalogue while an alert of it is open."""
    return Rule.model_validate(
        {
            "id": rule_id,
            "name": {"zh": rule_id, "en": rule_id},
            "kind": "threshold",
            "subject": "agent.uptime_s",
            "with": {},
            "levels": [{"severity": "P4"}],
            "first_action": {"zh": "此规则已停用，请人工核实", "en": "This rule is gone: look for yourself"},
            "reason": {"zh": "规则已从目录移除", "en": "The rule was taken out of the catalogue"},
            "source": "own",
        }
    )
