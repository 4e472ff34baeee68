"""Every mistake in a rule file is told with its line and what to do."""

from pathlib import Path

import pytest

from catalogue.documents import CatalogueError
from catalogue.loading import load
from tests.unit.catalogue.writing import FIRST_LINE, rule_file, write

COMPARED = "{value: true, above: {param: high}}"
LEFT = "{value: true, above"
MISTAKES = [
    ("  kind: threshold", "  kind: treshold", 2, "kind: Input should be 'threshold'"),
    ("  kind: threshold", "  kinds: threshold", 2, "kinds: there is no such key"),
    ("en: trial", "fr: essai", 1, "name.en: is missing"),
    ("first_action: {zh: 看, en: look}", "first_action: {zh: 看}", 8, "first_action.en: is missing"),
    ("environment.co_ppm", "environment.co2", 3, "there is no field or event environment.co2"),
    ("environment.co_ppm", "co_ppm", 3, "write a subject with its domain"),
    (LEFT, "{field: co_pmm, above", 7, "there is no field co_pmm in environment"),
    (
        "{value: true, above",
        "{field: acess.door_state, is: open, above",
        7,
        "no field acess.door_state",
    ),
    (LEFT, "{field: access.door_state, role: dor, is: open, above", 7, "no device role dor"),
    (
        "{value: true, above: {param: high}}",
        "{field: access.door_state, is: opened}",
        7,
        "'opened' is no value",
    ),
    (LEFT, "{field: access.door_state, above", 7, "above compares numbers"),
    (COMPARED, "{value: true, has: OB}", 7, "has asks a list of words"),
    (
        "{value: true, above: {param: high}}",
        "{value: true, is: true}",
        7,
        "True is no value of it",
    ),
    (COMPARED, "{value: true, above: much}", 7, "'much' is no number"),
    (COMPARED, "{value: true}", 7, "write a comparison"),
    (LEFT, "{value: true, limit: breaker_a, above", 7, "exactly one of field, value"),
    (LEFT, "{figure: mean, above", 7, "there is no figure mean; there are none"),
    ("{param: high}", "{learned: usual}", 7, "there is no learned figure usual"),
    ("{param: high}", "{limit: breaker}", 7, "there is no limit breaker; there are breaker_a"),
    ("{param: high}", "{param: hihg}", 7, "there is no parameter hihg; there are high"),
    ("{param: high}", "{param: high, times: {param: high}}", 7, "write it in 1"),
    ("{param: high}", "40", 5, "nothing uses the parameter high"),
    ('unit: "[ppm]"', 'unit: "mg/m3"', 7, "high is in mg/m3, what it is compared with in [ppm]"),
    ("for: 5m", "for: 5 minutes", 7, "write a length of time like 90s"),
    ("for: 5m", "for: {param: high}", 7, "high is no time"),
    ("{param: high}", "{param: high, plus: {field: co_ppm}}", 7, "what is added to the parameter high"),
    ("subject: environment.co_ppm", "subject: []", 3, "subject: Tuple should have at least 1 item"),
    ("severity: P3", "severity: P5", 7, "severity: Input should be 'P1'"),
    ("source: own}", "source: own, profiles: {urban: 3}}", 5, "profiles.urban"),
    (
        "{if: {value: true, above: {param: high}}, for: 5m, severity: P3}",
        "{severity: P3}",
        7,
        "says with `if` when a level holds",
    ),
    (
        "severity: P3}",
        "severity: P3}\n    - {if: {value: true, above: 1}, severity: P4}",
        8,
        "P4 after P3; write levels from the mildest",
    ),
    ("  levels:", "  inhibited_by: [mains]\n  levels:", 6, "mains is neither a rule nor a circumstance"),
    ("  levels:", "  inhibited_by: [ZZ-01]\n  levels:", 6, "a rule cannot inhibit itself"),
    (
        "  levels:",
        "  inhibited_by: [fire]\n  life_safety: true\n  levels:",
        6,
        "nothing inhibits a rule",
    ),
    ("  levels:", "  when: {alert: AC-99}\n  levels:", 6, "there is no rule AC-99"),
    (
        "  levels:",
        "  when: {quiet: [access.grant], within: 5m}\n  levels:",
        6,
        "no event access.grant",
    ),
    ("  levels:", '  when: {local_time: ["8am", "22:00"]}\n  levels:', 6, "'8am' is no time of day"),
    ("  levels:", "  when: {reports: environment.co}\n  levels:", 6, "there is no field environment.co"),
    ("environment.co_ppm", "station.clock_skew_ms", 3, "write per: station"),
    ("ZZ-01:", "Z-1:", 0, "id: String should match pattern"),
]


def is_told(folder: Path, line: int, what: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        load([folder])

    told = [str(fault) for fault in caught.value.faults]
    at = f"{folder / 'own.yaml'}:{line}: "
    assert any(one.startswith(at) and what in one for one in told), told


@pytest.mark.parametrize(("replaced", "by", "after", "what"), MISTAKES, ids=[m[3][:40] for m in MISTAKES])
def test_it_names_line_and_remedy(tmp_path: Path, replaced: str, by: str, after: int, what: str) -> None:
    folder = rule_file(tmp_path / "rules", replaced, by)

    is_told(folder, FIRST_LINE + after, what)


def test_it_takes_the_rule_they_are_all_made_from(tmp_path: Path) -> None:
    catalogue = load([rule_file(tmp_path / "rules")])

    assert catalogue.rules["ZZ-01"].levels[0].for_ms == 300_000


KIND_MISTAKES = [
    (
        "kind: count",
        "with: {window: 5m, figures: {m: {off: x}}}",
        "with.figures.m.of",
    ),
    ("kind: sequence", "with: {first: access.granted, within: 5s}", "exactly one of without_before and"),
    (
        "kind: statistic",
        "with: {figures: {m: {field: co_ppm, fn: mean, bucket: 1h}}}",
        "bucket and take go together",
    ),
    ("kind: statistic", "with: {figures: {m: {field: co_pm, fn: mean}}}", "there is no field co_pm"),
    ("kind: statistic", "with: {figures: {m: {of: a, per: b}}}", "there is no figure a; there are m"),
    (
        "kind: statistic",
        "with: {figures: {m: {field: co_ppm, fn: mean}}, learned: {u: {of: n, fn: p20, over: 7d, least: 3}}}",
        "there is no figure n",
    ),
    ("kind: absence", "with: {of: {field: environment.co_ppm}}", "a field with either becomes or rises"),
    ("kind: absence", "with: {of: {field: access.door_state, becomes: ajar}}", "'ajar' is no value"),
    (
        "kind: comparison",
        "with: {figures: {m: {field: power.amps, fn: spread}}}",
        "there is no field power.amps",
    ),
]


@pytest.mark.parametrize(("kind", "block", "what"), KIND_MISTAKES)
def test_it_checks_the_block_of_each_kind(tmp_path: Path, kind: str, block: str, what: str) -> None:
    folder = rule_file(tmp_path / "rules", "  kind: threshold", f"  {kind}\n  {block}")

    is_told(folder, FIRST_LINE + 3, what)


FILES = [
    ("rules: [", 2, "not YAML"),
    ("rule: {}", 1, "rule: there is no such key"),
    ("off: {WA-21: no, WA-21: yes}", 1, "WA-21: the key is there twice"),
    ("parameters:\n  WA-99: {x: {value: 1}}", 2, "there is no rule WA-99"),
    ("parameters:\n  WA-02:\n    brust: {value: 1}", 3, "WA-02 has no parameter brust; it has burst"),
    ("parameters:\n  WA-03:\n    lasting: {value: -1}", 3, "lasting is a time and cannot be negative"),
    ("parameters:\n  WA-02:\n    burst: {value: much}", 3, "valid number"),
    ("off:\n  WA-99: gone", 2, "there is no rule WA-99"),
    ("circumstances:\n  odd: {name: {zh: 怪, en: odd}, rules: [QQ-01]}", 2, "there is no rule QQ-01"),
    ("circumstances:\n  odd: {name: {zh: 怪}}", 2, "name.en: is missing"),
]


@pytest.mark.parametrize(("text", "line", "what"), FILES)
def test_it_checks_what_else_a_file_may_hold(tmp_path: Path, text: str, line: int, what: str) -> None:
    folder = write(tmp_path / "rules", text + "\n")

    is_told(folder, line, what)


def test_it_tells_all_mistakes_at_once(tmp_path: Path) -> None:
    folder = rule_file(tmp_path / "rules", "  levels:", "  colour: red\n  latched: perhaps\n  levels:")

    with pytest.raises(CatalogueError) as caught:
        load([folder])

    assert [fault.line - FIRST_LINE for fault in caught.value.faults] == [6, 7]


def test_it_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no such folder"):
        load([tmp_path / "nowhere"])


def test_it_refuses_a_rule_that_two_files_of_a_folder_hold(tmp_path: Path) -> None:
    folder = rule_file(tmp_path / "rules")
    (folder / "more.yaml").write_bytes((folder / "own.yaml").read_bytes())

    with pytest.raises(CatalogueError, match=r"own\.yaml:2: ZZ-01 is already in .*more\.yaml; keep one"):
        load([folder])


def test_it_refuses_rules_that_wait_for_each_other(tmp_path: Path) -> None:
    folder = rule_file(tmp_path / "rules", "  levels:", "  when: {alert: ZZ-01}\n  levels:")

    with pytest.raises(CatalogueError, match="rules ask for each other: ZZ-01 -> ZZ-01"):
        load([folder])


def test_it_refuses_what_is_no_text(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "own.yaml").write_bytes(b"rules: \xff\xfe")

    with pytest.raises(CatalogueError, match=r"own\.yaml:1: not UTF-8"):
        load([folder])
