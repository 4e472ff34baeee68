"""What each fault must and must not lead to (domain catalogue, section 5.5).

Where the catalogue gives no time, the one here is the rule's own duration and how long the fault needs to
get that far, rounded up. Rules are known by their ids alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

ALLOWED_MS = 15_000
"""Beyond its deadline an alert may come this late: one gathering of samples and the way to the gateway."""


@dataclass(frozen=True, slots=True)
class Must:
    """An alert that has to open within so many minutes, as grave as `severity` where that is said.

    Time runs from the beginning of the fault, or from as many minutes after it as the fault's own parameter
    `after` says.
    """

    rule: str
    minutes: float
    severity: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Oracle:
    """What has to happen, and what must not.

    `never` may not open at all; of `untold` nobody may hear: it may open but is a mere consequence.
    `at_most` bounds how often a rule is told. `pages` are the only rules that may lead to a P1 or P2 message,
    where that is said; `no_severity` may not occur at all.
    """

    must: tuple[Must, ...] = ()
    never: frozenset[str] = frozenset()
    untold: frozenset[str] = frozenset()
    at_most: Mapping[str, int] | None = None
    pages: frozenset[str] | None = None
    no_severity: str | None = None


def _rules(*ids: str) -> frozenset[str]:
    return frozenset(ids)


ORACLES: Mapping[str, Oracle] = {
    "F01": Oracle(
        (Must("WA-03", 65), Must("WA-04", 74 * 60), Must("WA-05", 52 * 60)),
        never=_rules("WA-02"),
    ),
    "F02": Oracle(
        (Must("WA-02", 2.5, "P1"), Must("WA-01", 2.5), Must("WA-07", 12)),
        never=_rules("WA-03"),
    ),
    "F03": Oracle((Must("WA-06", 6, "P2"),), never=_rules("WA-17", "WA-13")),
    "F04": Oracle(
        (Must("PW-15", 1), Must("EN-06", 240), Must("WA-12", 275, "P2"), Must("WA-13", 420, "P2")),
        untold=_rules("WA-06"),
    ),
    "F05": Oracle(
        (Must("AC-02", 0, "P1"), Must("OC-12", 5.5, "P2"), Must("AC-01", 5.5)),
        untold=_rules("AC-04"),
    ),
    "F06": Oracle((Must("AC-01", 5.5, "P3"), Must("AC-01", 15.5, "P2")), untold=_rules("EN-05")),
    "F07": Oracle((Must("AC-11", 7, "P2"),), never=_rules("OC-11"), untold=_rules("AC-03")),
    "F08": Oracle(
        (
            Must("PW-01", 20 / 60, "P2"),
            Must("PW-02", 0, "P1", after="battery_min"),
            Must("AG-01", 4, after="battery_min"),
        ),
        untold=_rules("EN-05", "EN-11", "PW-13", "AG-06"),
        at_most={"AG-01": 1},
    ),
    "F09": Oracle((Must("AG-01", 4),), never=_rules("AG-20"), pages=_rules("AG-01"), at_most={"AG-01": 1}),
    "F10": Oracle((Must("AG-02", 20, "P3"),), at_most={"AG-02": 1, "AG-01": 2}),
    "F11": Oracle((Must("AG-03", 1, "P3"),), never=_rules("OC-08", "WA-05")),
    "F12": Oracle((Must("AG-03", 130),)),
    "F13": Oracle((Must("OC-09", 47 * 60),), never=_rules("OC-01")),
    "F14": Oracle((Must("PW-14", 1),), pages=_rules()),
    "F15": Oracle(never=_rules("WA-18"), pages=_rules()),
    "F16": Oracle((Must("PW-13", 75, "P3"),), never=_rules("PW-12")),
    "F17": Oracle((Must("OC-04", 5, "P1", after="still_after_min"), Must("OC-03", 20.5))),
    "F18": Oracle((Must("OC-03", 20.5, "P3"),), no_severity="P1"),
    "F19": Oracle(
        (Must("EN-01", 0, "P1"), Must("AC-06", 0, "P1")),
        untold=_rules("AC-01", "AC-02", "AC-05"),
    ),
    "F20": Oracle((Must("EN-03", 36, "P1"),)),
}
"""By fault. F14 spoils single samples: they are noted, and nobody is called. F15 is no fault to anybody."""
