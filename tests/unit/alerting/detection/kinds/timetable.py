"""Rules of the catalogue on virtual time: what is said when, and what must come of it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from catalogue.catalogue import Catalogue
from catalogue.loading import load
from catalogue.model import Rule
from gateway.domain.alerts import Transition
from gateway.domain.registry import StationSpec
from tests.unit.alerting.detection.stage import STATION, Said, Stage
from tests.unit.gateway_ingest.ticks import NOW

MINUTE = 60
HOUR = 3_600
DAY = 86_400


@cache
def _catalogue() -> Catalogue:
    return load()


def catalogued(rule_id: str) -> Rule:
    """Return a rule as the catalogue has it."""
    return _catalogue().rules[rule_id]


def station(**devices: Mapping[str, object]) -> StationSpec:
    """Return what `stations.yaml` says of the station the timetables are about."""
    return StationSpec.model_validate({"station_id": STATION, "region": "louxing", "devices": devices})


def event(at: float, device: str, name: str, **fields: object) -> Said:
    """Let a door say that something happened (s after `NOW`)."""
    reading = {"device": device, "ts": NOW + round(at * 1000), "event": name, **fields}
    return Said(at, {"access": [reading]})


def told(at: float, domain: str, device: str, *, delay: float = 0.0, **fields: object) -> Said:
    """Let a device say something, received ``delay`` seconds later."""
    reading = {"device": device, "ts": NOW + round(at * 1000), **fields}
    return Said(at, {domain: [reading]}, STATION, delay)


def together(frames: Iterable[Said]) -> list[Said]:
    """Put frames into the order they are received in."""
    return sorted(frames, key=lambda one: one.at + one.delay)


def changes(transitions: Iterable[Transition]) -> list[tuple[str, str]]:
    """Shorten transitions to change and severity."""
    return [(str(one.change), one.severity) for one in transitions]


def however_cut(rules: Sequence[Rule], frames: Sequence[Said], **stage: Any) -> list[Transition]:  # noqa: ANN401 - any field
    """Judge frames one by one, by threes and all at once; all must say the same."""
    results = []
    for size in (1, 3, len(frames)):
        on = Stage(*rules, **stage)
        parts = [on.batch(*frames[start : start + size]) for start in range(0, len(frames), size)]
        results.append([one for part in parts for one in on.engine.take(part)])
        results[-1].sort(key=lambda one: (one.key.rule, one.received))
    assert results[0] == results[1] == results[2]
    return results[0]
