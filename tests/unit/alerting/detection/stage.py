"""An engine on a stage of its own: frames go in as the pipeline would batch them, transitions come out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalogue.kinds import KINDS
from catalogue.model import Rule
from gateway.alerting.detection.engine import Engine, Facts
from gateway.batch.batch import Batch
from gateway.domain.alerts import Transition
from gateway.domain.registry import Registry, StationSpec
from gateway.state.births import Happening, JournalRow
from tests.unit.gateway_ingest.ticks import NOW, OTHER_STREAM, Desk, arrived, payload
from wire.topics import Channel

TEXT = {"zh": "试", "en": "test"}
STATION = "louxing-07"


def rule(**said: Any) -> Rule:  # noqa: ANN401 - the keys of a rule
    """Write a rule that is right, unless told otherwise."""
    written: dict[str, Any] = {
        "id": "TS-01",
        "name": TEXT,
        "kind": "threshold",
        "subject": "environment.co_ppm",
        "with": {},
        "levels": [{"if": {"value": True, "above": 100}, "severity": "P1"}],
        "first_action": TEXT,
        "reason": TEXT,
        "source": "own",
        **said,
    }
    written["with"] = KINDS[written["kind"]].model_validate(written["with"])
    return Rule.model_validate(written)


def overrides(*rules: Rule, stations: Mapping[tuple[str, str], float] | None = None) -> Any:  # noqa: ANN401 - any type will do
    """Return what `Catalogue.parameter` would: (rule, parameter, profile, station) to a number."""
    by_id = {one.id: one for one in rules}

    def parameter(rule_id: str, name: str, profile: str | None, station_id: str) -> float:
        del profile
        return (stations or {}).get((station_id, name), by_id[rule_id].parameters[name].value)

    return parameter


@dataclass(frozen=True, slots=True)
class Said:
    """One frame: who said what, when (s after `NOW`), and how many seconds later it was received.

    Its number is the next, unless told otherwise; the next is then the one after the highest. The station's
    clock is ``ahead`` (s), and ``unset`` where it knows that nothing has set it.
    """

    at: float
    readings: Mapping[str, Sequence[Mapping[str, object]]]
    station: str = STATION
    delay: float = 0.0
    backlog: bool = False
    seq: int | None = None
    ahead: float = 0.0
    unset: bool = False


def sample(at: float, domain: str, device: str, *, station: str = STATION, **fields: object) -> Said:
    """Write a frame with one reading, taken when it was sent."""
    reading = {"device": device, "ts": NOW + round(at * 1000), **fields}
    return Said(at, {domain: [reading]}, station)


class Stage:
    """Numbers, decodes and batches frames like the pipeline, for one engine."""

    def __init__(self, *rules: Rule, specs: Iterable[StationSpec] = (), parameters: Any = None) -> None:  # noqa: ANN401 - any type will do
        self.desk = Desk()
        self.rules = rules
        self.registry = Registry(specs)
        self.parameters = parameters or overrides(*rules)
        self.engine = self.fresh()
        self._seq: dict[str, int] = {}

    def fresh(self) -> Engine:
        """Return an engine that remembers nothing."""
        facts = Facts(self.desk.series.known, self.desk.sources, self.registry, self.parameters)
        return Engine(self.rules, facts)

    def batch(self, *frames: Said) -> Batch:
        """Return the batch of one tick."""
        messages = []
        for one in frames:
            last = self._seq.get(one.station, 0)
            seq = last + 1 if one.seq is None else one.seq
            self._seq[one.station] = max(last, seq)
            received = NOW + round((one.at + one.delay) * 1000)
            sent = received + round(one.ahead * 1000)
            stream = OTHER_STREAM[:-4] + f"{len(one.station):02d}{sum(map(ord, one.station)) % 90 + 10:02d}"
            said = payload(
                seq, one.readings, station_id=one.station, sent=sent, stream=stream, clock_unset=one.unset
            )
            channel = Channel.BACKLOG if one.backlog else Channel.TELEMETRY
            messages.append(arrived(said, station_id=one.station, received=received, channel=channel))
        return self.desk.batch(*messages)

    def play(self, *frames: Said) -> list[Transition]:
        """Judge frames, each in a batch of its own."""
        return [told for one in frames for told in self.engine.take(self.batch(one))]

    def until(self, second: float, *happenings: JournalRow) -> list[Transition]:
        """Let time pass until so many seconds after `NOW`."""
        return self.engine.advance(NOW + round(second * 1000), happenings)


def happening(at: float, kind: Happening, station: str | None = STATION, **payload_: Any) -> JournalRow:  # noqa: ANN401 - any field
    """Write something that happened so many seconds after `NOW`."""
    return JournalRow(NOW + round(at * 1000), kind, station, payload_)


def told(transitions: Iterable[Transition]) -> list[tuple[str, str, float]]:
    """Shorten transitions to change, severity, and seconds after `NOW`."""
    return [(one.change, one.severity, (one.at - NOW) / 1000) for one in transitions]
