"""Every station's live state, as far as this gateway has heard (contract, section 5).

Times are milliseconds since the Unix epoch on the gateway's clock: a station's own clock may be wrong,
so it never decides whether the station is there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.domain.occupancy import Occupancy

ONLINE_MS = 90_000
LATE_MS = 180_000
BLIND_MS = 60_000
"""How long after the gateway got its broker back the silence of a station says nothing."""


class StationState(StrEnum):
    """What is known of a station's link."""

    ONLINE = "online"
    LATE = "late"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


class Down(StrEnum):
    """How a station went: its last will, or its own word."""

    LOST = "lost"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Device:
    """A measuring point as the birth declares it."""

    device: str
    domain: str
    facility: str | None = None


@dataclass(frozen=True, slots=True)
class StationRecord:
    """What of a station outlives the gateway's process."""

    station_id: str
    region: str | None
    first_seen: int | None
    last_seen: int | None
    session: int | None
    down: Down | None
    best_effort: bool
    devices: tuple[Device, ...]
    occupancy: bytes | None


@dataclass(slots=True)
class StationLive:
    """One station now. ``fresh_at`` is the last live birth or frame with a reading at most 5 min old."""

    station_id: str
    region: str | None = None
    first_seen: int | None = None
    last_seen: int | None = None
    fresh_at: int | None = None
    session: int | None = None
    down: Down | None = None
    down_at: int | None = None
    best_effort: bool = False
    devices: tuple[Device, ...] = ()
    occupancy: Occupancy = field(default_factory=Occupancy)


@dataclass(frozen=True, slots=True)
class BirthVerdict:
    """Whether a birth is the newest, and the region the station left by it."""

    newest: bool
    moved_from: str | None = None


class Fleet:
    """Every station by id. Not thread-safe: it belongs to the event loop."""

    def __init__(self) -> None:
        self._stations: dict[str, StationLive] = {}
        self._connected_since: int | None = None
        self._elsewhere: set[str] = set()

    def __iter__(self) -> Iterator[StationLive]:
        return iter(self._stations.values())

    def __len__(self) -> int:
        return len(self._stations)

    def __contains__(self, station_id: object) -> bool:
        return station_id in self._stations

    def get(self, station_id: str) -> StationLive | None:
        """Return the station, or None when it is neither expected nor was ever heard of."""
        return self._stations.get(station_id)

    def station(self, station_id: str) -> StationLive:
        """Return the station, unknown so far when it is new."""
        station = self._stations.get(station_id)
        if station is None:
            station = self._stations[station_id] = StationLive(station_id)
        return station

    def expect(self, station_id: str, region: str, tz: str) -> None:
        """List a station before it is first heard, with its time zone; its own region later wins."""
        station = self.station(station_id)
        station.region = station.region or region
        station.occupancy.tz = tz

    def hand_over(self, region: str) -> None:
        """Note that a region is another gateway's: nothing is known of its stations here any more."""
        self._elsewhere.add(region)

    def take_up(self, region: str) -> None:
        """Note that a region is ours again."""
        self._elsewhere.discard(region)

    def is_elsewhere(self, station: StationLive) -> bool:
        """Whether a station is another gateway's to judge, to command and to acknowledge."""
        return station.region in self._elsewhere

    def broker_connected(self, now: int) -> None:
        """Note that frames can arrive from ``now`` on."""
        self._connected_since = now

    def broker_lost(self) -> None:
        """Note that the gateway is blind: no silence counts until 60 s after it sees again."""
        self._connected_since = None

    def heard(
        self, station_id: str, region: str, at_ms: int, *, fresh: bool, best_effort: bool = False
    ) -> None:
        """Note a frame received at ``at_ms``; ``fresh`` when its newest reading is at most 5 min old.

        The region of a topic counts only until the first birth says it.
        """
        station = self._stations.get(station_id) or self.station(station_id)
        station.last_seen = at_ms
        if fresh:
            station.fresh_at = at_ms
            # Frames are noted when they are committed, wills when they come: an older frame undoes no will.
            if station.down_at is None or at_ms > station.down_at:
                station.down = None
        if station.first_seen is None:
            station.first_seen = at_ms
        if station.session is None:
            station.region = region
        station.best_effort = best_effort

    def birth(
        self,
        station_id: str,
        region: str,
        session: int,
        at_ms: int,
        *,
        retained: bool,
        devices: Iterable[Device] = (),
    ) -> BirthVerdict:
        """Take a birth if it is the newest: the last received, or a retained one of a higher session.

        A retained birth tells what the station is, not that it is there now.
        """
        station = self.station(station_id)
        if retained and station.session is not None and session <= station.session:
            return BirthVerdict(newest=False)
        moved_from = station.region if station.region not in {None, region} else None
        station.region = region
        station.session = session
        station.devices = tuple(devices)
        station.down = None
        station.best_effort = False
        if station.first_seen is None:
            station.first_seen = at_ms
        if not retained:
            station.last_seen = station.fresh_at = at_ms
        return BirthVerdict(newest=True, moved_from=moved_from)

    def will(self, station_id: str, session: int, at_ms: int, down: Down) -> bool:
        """Take a last will or a clean stop; False when it is not of the newest birth's session."""
        station = self._stations.get(station_id)
        if station is None or station.session != session:
            return False
        station.down = down
        station.down_at = at_ms
        return True

    def state(self, station: StationLive, now: int) -> StationState:
        """Judge a station's link at ``now``."""
        since = self._connected_since
        if since is None or self.is_elsewhere(station):
            return StationState.UNKNOWN
        if now - since < BLIND_MS and not _told_since(station, since):
            return StationState.UNKNOWN
        if station.down is not None:
            return StationState.OFFLINE
        if station.last_seen is None:
            return StationState.UNKNOWN
        age = now - station.last_seen
        if age <= ONLINE_MS:
            return StationState.ONLINE
        return StationState.LATE if age <= LATE_MS else StationState.OFFLINE

    def restore(self, records: Iterable[StationRecord]) -> None:
        """Take up what an earlier process left behind."""
        for record in records:
            station = self.station(record.station_id)
            station.region = record.region or station.region
            station.first_seen = record.first_seen
            station.last_seen = record.last_seen
            station.session = record.session
            station.down = record.down
            station.best_effort = record.best_effort
            station.devices = record.devices
            if record.occupancy is not None:
                station.occupancy.restore(record.occupancy)

    def records(self, changed_since: int = 0) -> list[StationRecord]:
        """Return what must outlive the process, of stations heard of at ``changed_since`` or later."""
        return [
            StationRecord(
                station_id=s.station_id,
                region=s.region,
                first_seen=s.first_seen,
                last_seen=s.last_seen,
                session=s.session,
                down=s.down,
                best_effort=s.best_effort,
                devices=s.devices,
                occupancy=s.occupancy.snapshot(),
            )
            for s in self
            if max(s.last_seen or 0, s.down_at or 0, s.first_seen or 0) >= changed_since
        ]


def _told_since(station: StationLive, since: int) -> bool:
    """Whether the station itself, or its last will, has spoken since the broker came back."""
    told = station.down_at if station.down is not None else station.fresh_at
    return told is not None and told >= since
