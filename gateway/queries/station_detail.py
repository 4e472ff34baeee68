"""One station with its devices and what became of its frames."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gateway.batch.latest import LastReading
from gateway.domain.fleet import Device, Fleet, StationState
from gateway.domain.registry import Registry, StationSpec
from gateway.queries.fleet_list import OWN_STATION, FleetList, StationSummary

COMPLETENESS = ("received", "duplicate", "late", "missing", "gone", "quarantined")


@dataclass(frozen=True, slots=True)
class DeviceDetail:
    """A measuring point and what it last said; ``ts`` in ms, None when it never spoke."""

    device: str
    domain: str
    facility: str | None
    ts: int | None
    age_s: float | None
    reading: Mapping[str, object]
    suspect: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OccupancyDetail:
    """How far ``people_inside_count`` can be trusted; ``anchored_at`` in ms."""

    anchored_at: int | None
    drift_per_100_entries: float | None


@dataclass(frozen=True, slots=True)
class StationDetail:
    """Everything the gateway knows of one station now."""

    summary: StationSummary
    profile: str | None
    lat: float | None
    lon: float | None
    devices: tuple[DeviceDetail, ...]
    completeness: Mapping[str, int]
    occupancy: OccupancyDetail


@dataclass(frozen=True)
class StationDetails:
    """Answers for single stations; belongs to the event loop.

    ``last_readings`` and ``completeness`` ask whoever takes the frames in, by station_id.
    """

    fleet: Fleet
    registry: Registry
    fleet_list: FleetList
    last_readings: Callable[[str], Iterable[LastReading]]
    completeness: Callable[[str], Mapping[str, int]]

    def get(self, station_id: str, now: int) -> StationDetail | None:
        """Return the station, the gateway itself for ``_gateway``, or None."""
        if station_id == OWN_STATION:
            return self._own(now)
        station = self.fleet.get(station_id)
        if station is None:
            return None
        spec = self.registry.get(station_id)
        counted = self.completeness(station_id)
        return StationDetail(
            summary=self.fleet_list.summary(station, now),
            profile=spec.profile if spec else None,
            lat=spec.lat if spec else None,
            lon=spec.lon if spec else None,
            devices=self._devices(station_id, station.devices, spec, now),
            completeness={name: counted.get(name, 0) for name in COMPLETENESS},
            occupancy=OccupancyDetail(station.occupancy.anchored_at, station.occupancy.drift_per_100_entries),
        )

    def _own(self, now: int) -> StationDetail:
        summary = StationSummary(
            station_id=OWN_STATION,
            region=None,
            name={"zh": "网关", "en": "Gateway"},
            state=StationState.ONLINE,
            last_seen=now,
            people_inside_count=None,
            capacity=None,
            delivery="acknowledged",
            open_alerts=self.fleet_list.open_alerts(OWN_STATION),
        )
        return StationDetail(
            summary=summary,
            profile=None,
            lat=None,
            lon=None,
            devices=self._devices(OWN_STATION, (), None, now),
            completeness=dict.fromkeys(COMPLETENESS, 0),
            occupancy=OccupancyDetail(None, None),
        )

    def _devices(
        self, station_id: str, declared: Iterable[Device], spec: StationSpec | None, now: int
    ) -> tuple[DeviceDetail, ...]:
        born = {(device.domain, device.device): device.facility for device in declared}
        said = {(last.domain, last.device): last for last in self.last_readings(station_id)}
        details = []
        for domain, device in sorted(born.keys() | said.keys()):
            point = spec.devices.get(device) if spec else None
            facility = (point.role if point else None) or born.get((domain, device))
            details.append(_device(domain, device, facility, said.get((domain, device)), now))
        return tuple(details)


def _device(
    domain: str, device: str, facility: str | None, last: LastReading | None, now: int
) -> DeviceDetail:
    if last is None:
        return DeviceDetail(device, domain, facility, None, None, {})
    age_s = max(0, now - last.ts) / 1_000
    return DeviceDetail(device, domain, facility, last.ts, age_s, last.fields, last.suspect)
