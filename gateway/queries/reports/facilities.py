"""How much the things in a station were used: cycles, litres, charges, showers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.queries.reports.period import Period
from gateway.queries.reports.subjects import Subject
from gateway.queries.reports.table import (
    Column,
    Kind,
    Row,
    Sources,
    Words,
    of_station,
    quarters,
    station_columns,
)
from gateway.timeseries.footfall import choose_series
from gateway.timeseries.tallies import begun, tallied

MEASURES: Words = {
    "cycles": ("使用次数", "cycles"),
    "litres": ("饮水量（升）", "litres"),
    "charges": ("充电次数", "charges"),
    "showers": ("淋浴次数", "showers"),
    "visits": ("隔间使用次数", "uses of a cubicle"),
}
COLUMNS = station_columns(
    Column("device", "", "设施", "Facility", is_key=True),
    Column("measure", "", "指标", "Measure", is_key=True, words=MEASURES),
    Column("amount", "", "数量", "Amount"),
)
_COUNTERS = (
    ("facility", "appliance_cycles_total", "cycles"),
    ("water", "dispenser_dispensed_l_total", "litres"),
)
_STATES = (
    ("facility", "locker_cell_state", "in_use", "charges"),
    ("occupancy", "cubicle_occupied", "true", "showers"),
)
_SHOWER = "shower"


@dataclass(frozen=True, slots=True)
class _Use:
    """How much one thing was used, and for how long it was heard."""

    device: str
    measure: str
    amount: float
    covered_s: float


def build(sources: Sources, stations: Sequence[Subject], period: Period) -> list[Row]:
    """Return one row for each thing in a station that tells how much it is used."""
    return [row for station in stations for row in _of_station(sources, station, period)]


def _of_station(sources: Sources, station: Subject, period: Period) -> Iterator[Row]:
    start, end = sources.span(station, period)
    choose_series(sources.cursor, [station.station_id])
    uses = [*_counted(sources, start, end), *_begun(sources, station, start, end)]
    for use in sorted(uses, key=lambda one: (one.measure, one.device)):
        covered = min(1.0, round(use.covered_s * 1_000 / (end - start), 4))
        yield {
            **of_station(station),
            "device": use.device,
            "measure": use.measure,
            "amount": round(use.amount, 1) if use.measure == "litres" else round(use.amount),
            "completeness": covered,
            "note": "",
        }
    if not uses:
        nothing = dict.fromkeys(("device", "measure", "amount"))
        yield {**of_station(station), **nothing, "completeness": 0.0, "note": "no_data"}


def _counted(sources: Sources, start: int, end: int) -> Iterator[_Use]:
    parts = dict.fromkeys(quarters([(start, end)]), 0)
    for domain, name, measure in _COUNTERS:
        for one in tallied(sources.cursor, domain, [name], parts):
            yield _Use(one.device, measure, one.increase or 0.0, one.covered_s)


def _begun(sources: Sources, station: Subject, start: int, end: int) -> Iterator[_Use]:
    parts = dict.fromkeys(quarters([(start, end)]), 0)
    for domain, name, value, measure in _STATES:
        heard: dict[str, float] = {}
        for one in tallied(sources.cursor, domain, [name], parts):
            heard[one.device] = heard.get(one.device, 0.0) + one.covered_s
        for (_, device), count in begun(sources.cursor, domain, name, value, start, end).items():
            is_cubicle = measure == "showers" and not _is_shower(station, device)
            yield _Use(device, "visits" if is_cubicle else measure, count, heard.get(device, 0.0))


def _is_shower(station: Subject, device: str) -> bool:
    """Whether a cubicle is a shower: `stations.yaml` says so, else its name."""
    spec = None if station.spec is None else station.spec.devices.get(device)
    return device.startswith(_SHOWER) if spec is None or spec.role is None else spec.role == _SHOWER


KIND = Kind("facilities", "设施使用", "Use of facilities", COLUMNS, build)
