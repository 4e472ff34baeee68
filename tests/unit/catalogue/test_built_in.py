"""The built-in rules as a whole."""

from collections import Counter

import pytest

from catalogue.catalogue import Catalogue
from catalogue.conditions import AlertOpen, Compare
from catalogue.durations import LastsParameter
from catalogue.fields import ROLES
from catalogue.kinds import KINDS
from catalogue.loading import load
from catalogue.model import Severity
from catalogue.operands import FromParameter
from catalogue.walking import walk
from gateway.domain.registry import CAPACITY, DeviceSpec


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load()


def test_it_holds_all_rules_of_the_domain(catalogue: Catalogue) -> None:
    counts = Counter(rule_id[:2] for rule_id in catalogue.rules)

    assert counts == {"OC": 12, "AC": 15, "WA": 21, "PW": 21, "EN": 12, "FA": 10, "AG": 23}
    assert counts.total() == 114


def test_it_numbers_them_without_a_hole(catalogue: Catalogue) -> None:
    for prefix, count in Counter(rule_id[:2] for rule_id in catalogue.rules).items():
        assert {f"{prefix}-{n:02}" for n in range(1, count + 1)} <= catalogue.rules.keys()


def test_it_uses_every_kind(catalogue: Catalogue) -> None:
    assert {rule.kind for rule in catalogue.rules.values()} == set(KINDS)


def test_it_speaks_chinese_and_english(catalogue: Catalogue) -> None:
    texts = [
        text for rule in catalogue.rules.values() for text in (rule.name, rule.first_action, rule.reason)
    ]

    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in text.zh) for text in texts)
    assert not any("\u4e00" <= sign <= "\u9fff" for text in texts for sign in text.en)
    assert len({rule.name.zh for rule in catalogue.rules.values()}) == len(catalogue.rules)
    assert len({rule.name.en for rule in catalogue.rules.values()}) == len(catalogue.rules)


def test_it_lets_life_and_safety_pass_everything(catalogue: Catalogue) -> None:
    safety = {rule_id for rule_id, rule in catalogue.rules.items() if rule.life_safety}
    stopped = [
        (rule_id, one.id, severity)
        for rule_id in safety
        for one in catalogue.circumstances.values()
        for severity in Severity
        if one.covers(catalogue.rules[rule_id], severity)
    ]

    # smoke, heat, CO, panic, fall, duress, fire release
    assert safety == {"EN-01", "EN-02", "EN-03", "OC-07", "OC-05", "AC-15", "AC-06"}
    assert stopped == []


@pytest.mark.parametrize(
    ("rule_id", "circumstance", "severity"),
    [
        ("AG-01", "platform_outage", Severity.P2),
        ("WA-02", "station_offline", Severity.P1),
        ("EN-11", "mains_outage", Severity.P3),
        ("PW-04", "mains_outage", Severity.P2),
        ("AG-06", "mains_outage", Severity.P4),
        ("OC-11", "planned_off", Severity.P3),
        ("EN-05", "planned_off", Severity.P3),
        ("AC-01", "fire", Severity.P2),
        ("AC-02", "fire", Severity.P1),
        ("AC-04", "fire", Severity.P4),
        ("AC-05", "fire", Severity.P2),
        ("WA-03", "maintenance", Severity.P3),
        ("AC-02", "maintenance", Severity.P1),
        ("WA-09", "sensor_fault", Severity.P2),
        ("WA-06", "valve_closed", Severity.P2),
        ("PW-07", "commissioning", Severity.P1),
    ],
)
def test_it_explains_consequences(
    catalogue: Catalogue, rule_id: str, circumstance: str, severity: Severity
) -> None:
    assert catalogue.circumstances[circumstance].covers(catalogue.rules[rule_id], severity)


@pytest.mark.parametrize(
    ("rule_id", "circumstance", "severity"),
    [
        ("WA-02", "maintenance", Severity.P1),
        ("AG-14", "station_offline", Severity.P2),
        ("PW-02", "mains_outage", Severity.P1),
        ("AG-11", "start_up", Severity.P3),
        ("WA-02", "start_up", Severity.P1),
    ],
)
def test_it_leaves_alone_what_is_no_consequence(
    catalogue: Catalogue, rule_id: str, circumstance: str, severity: Severity
) -> None:
    assert not catalogue.circumstances[circumstance].covers(catalogue.rules[rule_id], severity)


def test_it_waits_for_a_person_where_it_is_grave_or_says_so(catalogue: Catalogue) -> None:
    assert catalogue.rules["AC-02"].is_latched(Severity.P1)
    assert catalogue.rules["WA-01"].is_latched(Severity.P2)
    assert not catalogue.rules["AC-01"].is_latched(Severity.P2)


def test_it_names_the_worst_a_rule_can_become(catalogue: Catalogue) -> None:
    assert catalogue.rules["OC-03"].gravest is Severity.P1
    assert catalogue.rules["AC-01"].gravest is Severity.P2


@pytest.mark.parametrize("profile", [None, *CAPACITY])
def test_it_leaves_no_parameter_in_a_resolved_rule(catalogue: Catalogue, profile: str | None) -> None:
    for rule_id in catalogue.rules:
        rule = catalogue.rule_for(rule_id, profile, "louxing-07")
        left = [loc for loc, part in walk(rule) if isinstance(part, FromParameter | LastsParameter)]
        assert left == [], rule_id


def test_it_knows_the_roles_of_the_stations_file() -> None:
    for role in ROLES:
        assert DeviceSpec.model_validate({"role": role}).role == role
    schema = DeviceSpec.model_json_schema()["properties"]["role"]["anyOf"][0]
    assert set(schema["enum"]) == ROLES


def test_it_knows_the_profiles_of_the_stations_file(catalogue: Catalogue) -> None:
    named = {
        name for rule in catalogue.rules.values() for p in rule.parameters.values() for name in p.profiles
    }

    assert named <= set(CAPACITY)


def test_it_asks_alerts_only_of_rules_in_force(catalogue: Catalogue) -> None:
    asked = {
        one
        for rule in catalogue.rules.values()
        for _, part in walk(rule)
        if isinstance(part, AlertOpen)
        for one in part.alert
    }

    assert asked == {"AC-07", "AC-11"}


def test_it_shows_a_value_for_every_level_that_compares(catalogue: Catalogue) -> None:
    silent = [
        rule_id
        for rule_id, rule in catalogue.rules.items()
        if rule.kind in {"threshold", "count", "increase", "statistic", "comparison", "fleet_share"}
        and rule.subject.name != "*"
        and not all(any(isinstance(part, Compare) for _, part in walk(level)) for level in rule.levels)
    ]

    assert silent == []
