"""Rule files for tests, written around the one line that matters."""

from pathlib import Path
from textwrap import dedent, indent

RULE = """\
ZZ-01:
  name: {zh: 试, en: trial}
  kind: threshold
  subject: environment.co_ppm
  parameters:
    high: {value: 30, unit: "[ppm]", source: own}
  levels:
    - {if: {value: true, above: {param: high}}, for: 5m, severity: P3}
  first_action: {zh: 看, en: look}
  reason: {zh: 因, en: because}
  source: own
"""
FIRST_LINE = 2
"""The line of ``ZZ-01:`` in a file written by `rule_file`."""


def rule_file(folder: Path, replaced: str = "", by: str = "") -> Path:
    """Write the rule above with one piece replaced; the piece must be there."""
    assert replaced in RULE
    return write(folder, "rules:\n" + indent(RULE.replace(replaced, by, 1) if replaced else RULE, "  "))


def write(folder: Path, text: str, name: str = "own.yaml") -> Path:
    """Write a file of rules and return its folder."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(dedent(text), encoding="utf-8")
    return folder
