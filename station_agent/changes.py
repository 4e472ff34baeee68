"""Report on change: what of a reading is worth a frame (dead-bands and heartbeats of ``wire.measures``)."""

from dataclasses import dataclass

from station_agent.framing import Reading, Report
from wire.measures import MEASURES, Kind, Measure, class_of

SERIES_REMEMBERED = 10_000
_NUMBERS = {"int", "float"}


@dataclass(slots=True)
class _Reported:
    value: object
    about: tuple[object, object]
    at: float


class ChangeFilter:
    """Remembers what was last reported of every series."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str, str], _Reported] = {}

    def report(
        self, domain: str, reading: Reading, now: float, *, every_s: float, every_reading: bool
    ) -> Report | None:
        """Return what of a reading to store, None when nothing; ``now`` is monotonic seconds.

        A field passes when its value moved by more than its dead-band, when quality or epoch changed,
        or when its heartbeat is due before the next read (``every_s`` later) would be late for it.
        ``every_reading`` lets all fields pass. Events always pass. A state only repeated is a sample.
        """
        if len(self._last) > SERIES_REMEMBERED:
            self.forget()
        passed = dict(reading)
        changed = False
        rows = MEASURES[domain]
        about = (reading.get("quality"), reading.get("epoch"))
        for name in reading.keys() & rows.keys():
            key = (domain, reading["device"], name)
            last = self._last.get(key)
            moved = last is None or _moved(rows[name], last, reading[name], about)
            changed |= moved and rows[name].kind is Kind.STATE
            if (
                last is None
                or moved
                or every_reading
                or now - last.at >= rows[name].heartbeat_s - every_s / 2
            ):
                self._last[key] = _Reported(reading[name], about, now)
            else:
                del passed[name]
        if "event" not in passed and not passed.keys() & rows.keys():
            return None
        return Report(domain, passed, class_of(domain, passed, changed=changed))

    def forget(self) -> None:
        """Let every series pass the next time."""
        self._last.clear()


def _moved(row: Measure, last: _Reported, value: object, about: tuple[object, object]) -> bool:
    if about != last.about:
        return True
    if row.type in _NUMBERS and isinstance(value, int | float) and isinstance(last.value, int | float):
        return abs(value - last.value) > row.deadband
    return value != last.value
