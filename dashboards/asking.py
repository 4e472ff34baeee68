"""What Grafana makes of a query before it asks: variables, macros, and a panel's own stretch of time."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dashboards.model import Panel

WIDTH = 1_000
"""Points of a series that a chart of usual width can show."""
_SPECIAL = re.compile(r"[\\^$*+?.()|\[\]{}/]")
_VARIABLE = re.compile(r"\$\{(\w+):regex\}")
_SPAN = re.compile(r"(\d+)([mhdwy])")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_STEPS_S = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600)
"""The intervals that Grafana rounds to (`roundInterval` of its `rangeutil.ts`); then days."""
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody chose above the panels: a time in ms, and values of variables; None is all of them."""

    since_ms: int
    until_ms: int
    variables: Mapping[str, Sequence[str] | None] = field(default_factory=dict)

    def of(self, panel: Panel) -> "Chosen":
        """Return the same with the panel's own stretch of time."""
        if panel.span is None:
            return self
        return replace(self, since_ms=self.until_ms - seconds_of(panel.span) * 1_000)


def seconds_of(span: str) -> int:
    """Return the seconds of a stretch such as 30d; ValueError for one of another form."""
    match = _SPAN.fullmatch(span)
    if match is None:
        raise ValueError(f"{span!r} is no stretch of time such as 30d")
    return int(match[1]) * _SECONDS[match[2]]


def interval_s(chosen: Chosen, least_s: int | None = None) -> int:
    """Return `$__interval` for a chart of usual width, never under ``least_s``."""
    exact = max((chosen.until_ms - chosen.since_ms) / 1_000 / WIDTH, least_s or 1)
    return next((step for step in _STEPS_S if step >= exact), DAY_S)


def asked(statement: str, chosen: Chosen, least_s: int | None = None) -> str:
    """Return the statement as it reaches InfluxDB; KeyError for a variable nobody has."""
    time_filter = f"time >= {chosen.since_ms}ms and time <= {chosen.until_ms}ms"
    put_in = _VARIABLE.sub(lambda match: _as_regex(chosen.variables[match[1]]), statement)
    put_in = put_in.replace("$timeFilter", time_filter)
    return put_in.replace("$__interval", f"{interval_s(chosen, least_s)}s")


def _as_regex(values: Sequence[str] | None) -> str:
    """Several are alternatives in brackets; all is the variable's own `.*`, which Grafana leaves as it is."""
    if values is None:
        return ".*"
    literal = [escaped(value) for value in values]
    return literal[0] if len(literal) == 1 else f"({'|'.join(literal)})"


def escaped(value: str) -> str:
    """Return the part of a regular expression that means this text."""
    return _SPECIAL.sub(r"\\\g<0>", value)
