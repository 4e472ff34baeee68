"""What is known of a station when policy asks: its link, its boot, and which circumstances hold there.

The `while` of a circumstance is asked of the last value of each field, of any device, as long as that
value covers: 1.5 times the field's heartbeat.
"""

from collections.abc import Callable, Iterable, Mapping

from catalogue.conditions import All, Any_, Compare, Condition, Not
from catalogue.model import Circumstance
from gateway.alerting.response.surroundings import StationFacts
from gateway.batch.latest import LastReading
from gateway.domain.fleet import Fleet, StationLive
from gateway.domain.registry import Registry
from wire.measures import MEASURES

COVERS = 1.5
MODE = ("facility", "station_mode")

Values = Mapping[tuple[str, str], list[object]]
"""What the devices of a station said last, by domain and field."""


class StationBook:
    """Tells policy of stations: what others keep in memory, and of each new session its birth.

    ``started`` gives when the newest birth of a station says its agent started (ms), None without one.
    """

    def __init__(
        self,
        fleet: Fleet,
        registry: Registry,
        last: Callable[[str], Iterable[LastReading]],
        started: Callable[[str], int | None],
        circumstances: Iterable[Circumstance],
        clock: Callable[[], int],
    ) -> None:
        self._fleet = fleet
        self._registry = registry
        self._last = last
        self._started = started
        self._asked = [(one.id, one.while_) for one in circumstances if one.while_ is not None]
        self._clock = clock
        self._boots: dict[str, tuple[int | None, int | None]] = {}

    def facts(self, station_id: str) -> StationFacts:
        """Return what is known of a station now."""
        station = self._fleet.get(station_id)
        tz = self._registry.tz(station_id)
        if station is None:
            return StationFacts(tz=tz)
        values = _values(self._last(station_id), self._clock())
        mode = next((value for value in values.get(MODE, ()) if isinstance(value, str)), None)
        holding = frozenset(name for name, condition in self._asked if holds(condition, values))
        return StationFacts(station.region, tz, mode, self._booted(station), station.last_seen, holding)

    def _booted(self, station: StationLive) -> int | None:
        known = self._boots.get(station.station_id)
        if known is None or known[0] != station.session:
            known = self._boots[station.station_id] = station.session, self._started(station.station_id)
        return known[1]


def holds(condition: Condition, values: Values) -> bool:
    """Whether a condition is true of last values; what is not known, or cannot be asked of them, is false."""
    match condition:
        case All():
            return all(holds(part, values) for part in condition.all)
        case Any_():
            return any(holds(part, values) for part in condition.any)
        case Not(not_=Compare() as part):
            return not holds(part, values)
        case Compare(field=str() as name):
            domain, _, field = name.partition(".")
            said = values.get((domain, field), [])
            return any(_is(condition, value) for value in said)
    return False


def _is(condition: Compare, value: object) -> bool:
    if condition.in_ is not None:
        return value in condition.in_
    if condition.is_not is not None:
        return value != condition.is_not
    return condition.is_ is not None and type(value) is type(condition.is_) and value == condition.is_


def _values(readings: Iterable[LastReading], now: int) -> Values:
    values: dict[tuple[str, str], list[object]] = {}
    for reading in readings:
        measures = MEASURES[reading.domain]
        for name, value in reading.fields.items():
            measure = measures.get(name)
            if measure is not None and now - reading.ts <= COVERS * measure.heartbeat_s * 1_000:
                values.setdefault((reading.domain, name), []).append(value)
    return values
