"""People inside one station, from what its doors count (never from a device's own "inside").

Counters drift: people pass in pairs, turn back, hide each other. So the raw totals of every door are
followed, a negative count is shown as it is (it is the drift), and the count starts again from zero when
presence sensors say that nobody is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from gateway.domain.counters import CounterTrack, dial_of

SETTLE_MS = 20 * 60_000
"""All zones vacant and no one through a door for this long: nobody is inside (rule OC-09)."""
PRESENCE_FRESH_MS = 180_000
"""A zone not heard for three heartbeats says nothing about being vacant."""
NIGHT_HOUR = 4
NIGHT_QUIET_MS = 60 * 60_000
"""Between 04:00 and 05:00 local time, an hour without anyone through a door, no zone occupied."""
BELIEVABLE_AT_START = 100
"""In minus out of a counter seen for the first time is people inside only up to this; beyond, old drift."""
ANCHORS_KEPT = 14
FEWEST_ENTRIES = 20
"""A drift per hundred entries is not told from fewer entries than this."""

_PEOPLE = dial_of("occupancy", "people_in_total")
_PRESENCE = ("zone_occupied", "cubicle_occupied", "zone_people_count")


@dataclass(slots=True)
class _Door:
    entries: CounterTrack = field(default_factory=CounterTrack)
    exits: CounterTrack = field(default_factory=CounterTrack)
    first_in: int | None = None
    first_out: int | None = None


@dataclass(slots=True)
class _Zone:
    ts: int
    occupied: bool
    vacant_since: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """A moment the station was known to be empty: the count then, and the entries since the one before."""

    ts: int
    drift: int
    entries: int


@dataclass(slots=True)
class _Count:
    """All that is remembered; what `Occupancy.snapshot` writes."""

    doors: dict[str, _Door] = field(default_factory=dict)
    zones: dict[str, _Zone] = field(default_factory=dict)
    anchors: list[Anchor] = field(default_factory=list)
    moved: int = 0
    entries: int = 0
    clock: int = 0
    last_passage: int = 0


_DECODER = msgspec.json.Decoder(_Count)


class Occupancy:
    """Follows one station's doors and zones in the order of reading time; what comes late is skipped.

    Skipping loses nothing: a later total holds everything an earlier one does.
    """

    def __init__(self, tz: str = "Asia/Shanghai") -> None:
        self.tz = tz
        self._count = _Count()

    @property
    def inside(self) -> int | None:
        """People inside now; negative shows drift; None while no door has counted."""
        count = self._count
        if not count.doors:
            return None
        return count.moved if count.anchors else count.moved + _believed_start(count.doors)

    @property
    def entries(self) -> int:
        """Entries since the station was last known to be empty."""
        return self._count.entries

    @property
    def anchored_at(self) -> int | None:
        """When the station was last known to be empty (ms), if ever."""
        return self._count.anchors[-1].ts if self._count.anchors else None

    @property
    def drift_per_100_entries(self) -> float | None:
        """People too many (or, negative, too few) per hundred entries over the last anchors."""
        entries = sum(anchor.entries for anchor in self._count.anchors)
        if entries < FEWEST_ENTRIES:
            return None
        return round(100 * sum(anchor.drift for anchor in self._count.anchors) / entries, 2)

    def observe(self, device: str, ts: int, fields: Mapping[str, object], epoch: int | None = None) -> None:
        """Take the fields of one `occupancy` reading; leave out those named suspect."""
        count = self._count
        count.clock = max(count.clock, ts)
        count.last_passage = count.last_passage or ts
        people_in, people_out = fields.get("people_in_total"), fields.get("people_out_total")
        if people_in is not None or people_out is not None:
            door = count.doors.get(device) or count.doors.setdefault(device, _Door())
            self._passages(door, ts, people_in, people_out, epoch)
        for name in _PRESENCE:
            if (present := fields.get(name)) is not None:
                self._presence(f"{device}/{name}", ts, occupied=bool(present))
        self._settle()

    def _passages(
        self, door: _Door, ts: int, people_in: object, people_out: object, epoch: int | None
    ) -> None:
        entered = left = 0
        if isinstance(people_in, int):
            door.first_in = people_in if door.first_in is None else door.first_in
            entered = round(door.entries.step(_PEOPLE, ts, people_in, epoch))
        if isinstance(people_out, int):
            door.first_out = people_out if door.first_out is None else door.first_out
            left = round(door.exits.step(_PEOPLE, ts, people_out, epoch))
        self._count.moved += entered - left
        self._count.entries += entered
        if entered or left:
            self._count.last_passage = max(ts, self._count.last_passage)

    def _presence(self, zone: str, ts: int, *, occupied: bool) -> None:
        known = self._count.zones.get(zone)
        if known is None:
            self._count.zones[zone] = _Zone(ts, occupied, ts)
        elif ts >= known.ts:
            if known.occupied:
                known.vacant_since = ts
            known.ts, known.occupied = ts, occupied

    def _settle(self) -> None:
        count = self._count
        quiet_ms = count.clock - count.last_passage
        empty = quiet_ms >= SETTLE_MS and self._all_vacant()
        if empty or (quiet_ms >= NIGHT_QUIET_MS and self._is_night() and not self._someone_seen()):
            self._anchor()

    def _all_vacant(self) -> bool:
        clock, zones = self._count.clock, self._count.zones.values()
        return bool(zones) and all(
            not zone.occupied
            and clock - zone.vacant_since >= SETTLE_MS
            and clock - zone.ts <= PRESENCE_FRESH_MS
            for zone in zones
        )

    def _someone_seen(self) -> bool:
        return any(zone.occupied for zone in self._count.zones.values())

    def _is_night(self) -> bool:
        return datetime.fromtimestamp(self._count.clock / 1_000, ZoneInfo(self.tz)).hour == NIGHT_HOUR

    def _anchor(self) -> None:
        count, inside = self._count, self.inside
        if inside is None:
            return
        if not count.anchors:  # who was inside when the counting began is not known, so neither is drift
            count.anchors.append(Anchor(count.clock, 0, 0))
        elif inside or count.entries:
            count.anchors.append(Anchor(count.clock, inside, count.entries))
        del count.anchors[:-ANCHORS_KEPT]
        count.moved = count.entries = 0

    def snapshot(self) -> bytes:
        """Return all that is remembered, as JSON."""
        return msgspec.json.encode(self._count)

    def restore(self, remembered: bytes) -> None:
        """Take up what an earlier ``snapshot`` returned; msgspec.DecodeError when it is none."""
        self._count = _DECODER.decode(remembered)


def _believed_start(doors: Mapping[str, _Door]) -> int:
    """Return in minus out of counters seen for the first time, where that can be people."""
    start = sum(
        door.first_in - door.first_out
        for door in doors.values()
        if door.first_in is not None and door.first_out is not None
    )
    return start if 0 <= start <= BELIEVABLE_AT_START else 0
