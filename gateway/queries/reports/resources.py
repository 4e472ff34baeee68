"""Energy and water, what they cost by tariff, and how much of them a visit takes."""

from collections.abc import Sequence

import numpy as np

from gateway.domain.tariffs import PARTS, Tariff
from gateway.domain.visits import figures
from gateway.queries.reports.period import Period
from gateway.queries.reports.subjects import Subject
from gateway.queries.reports.table import (
    Column,
    Kind,
    Row,
    Sources,
    of_station,
    quarters,
    share,
    station_columns,
)
from gateway.timeseries.footfall import choose_series
from gateway.timeseries.tallies import Tally, tallied

ENERGY, WATER = "energy_import_kwh_total", "water_volume_m3_total"
COLUMNS = station_columns(
    Column("energy_kwh", "kW.h", "用电量", "Energy"),
    Column("energy_peak_kwh", "kW.h", "峰时电量", "Energy at peak"),
    Column("energy_flat_kwh", "kW.h", "平时电量", "Energy flat"),
    Column("energy_valley_kwh", "kW.h", "谷时电量", "Energy in the valley"),
    Column("water_m3", "m3", "用水量", "Water"),
    Column("energy_cost", "CNY", "电费", "Cost of energy"),
    Column("water_cost", "CNY", "水费", "Cost of water"),
    Column("cost", "CNY", "水电费合计", "Cost"),
    Column("visits", "1", "服务人次", "Person-visits"),
    Column("kwh_per_visit", "kW.h", "人次用电", "Energy per visit"),
    Column("l_per_visit", "L", "人次用水", "Water per visit"),
    Column("cost_per_visit", "CNY", "人次费用", "Cost per visit"),
)
_MAIN = "main_meter"


def build(sources: Sources, stations: Sequence[Subject], period: Period) -> list[Row]:
    """Return one row for each station."""
    visits = _visits(sources, stations, period)
    return [_of_station(sources, station, period, visits.get(station.station_id)) for station in stations]


def _visits(sources: Sources, stations: Sequence[Subject], period: Period) -> dict[str, int]:
    """Return the visits of the period, of stations of which anything is known."""
    found: dict[str, int] = {}
    for reckoned in sources.reckoned(stations, period):
        for station in stations:
            hours = reckoned.get(station.station_id)
            bounds = np.array(period.span(station.tz), np.int64)
            told = None if hours is None else figures([hours], bounds)[0].visits
            if told is not None:
                found[station.station_id] = found.get(station.station_id, 0) + told
    return found


def _of_station(sources: Sources, station: Subject, period: Period, visits: int | None) -> Row:
    tariff = Tariff.of(None if station.spec is None else station.spec.tariff)
    start, end = sources.span(station, period)
    parts = {at: _part(tariff, at, station.tz) for at in quarters([(start, end)])}
    choose_series(sources.cursor, [station.station_id])
    energy = _of_main(station, tallied(sources.cursor, "power", [ENERGY], parts))
    water = _of_main(station, tallied(sources.cursor, "water", [WATER], parts))
    by_part = [_sum(energy, n) for n in range(len(PARTS))]
    kwh, m3 = _all(energy), _all(water)
    power_cost = _cost(by_part, (None,) * 3 if tariff is None else tariff.prices())
    water_cost = None if m3 is None or tariff is None or tariff.water is None else round(m3 * tariff.water, 2)
    priced = [each for each in (power_cost, water_cost) if each is not None]
    cost = round(sum(priced), 2) if priced else None
    covered = sum(one.covered_s for one in (*energy, *water))
    meters = len({one.device for one in energy}) + len({one.device for one in water})
    nothing = kwh is None and m3 is None
    return {
        **of_station(station),
        "energy_kwh": kwh,
        **{f"energy_{name}_kwh": by_part[n] for n, name in enumerate(PARTS)},
        "water_m3": m3,
        "energy_cost": power_cost,
        "water_cost": water_cost,
        "cost": cost,
        "visits": visits,
        "kwh_per_visit": _each(kwh, visits),
        "l_per_visit": _each(None if m3 is None else 1_000 * m3, visits),
        "cost_per_visit": _each(cost, visits),
        "completeness": min(1.0, share(covered, meters * (end - start) / 1_000) or 0.0),
        "note": "no_data" if nothing else "no_tariff" if tariff is None else "",
    }


def _part(tariff: Tariff | None, at: int, tz: str) -> int:
    return 1 if tariff is None else tariff.part(at, tz)


def _of_main(station: Subject, found: Sequence[Tally]) -> list[Tally]:
    """Return what the main meters told: those so called in `stations.yaml`, else devices called main."""
    spec = station.spec
    told = set() if spec is None else {name for name, device in spec.devices.items() if device.role == _MAIN}
    mains = [one for one in found if one.device in told]
    return mains or [one for one in found if one.device.partition(".")[0] == "main"]


def _sum(found: Sequence[Tally], part: int) -> float | None:
    if not found:
        return None
    return round(sum(one.increase or 0.0 for one in found if one.part == part), 3)


def _all(found: Sequence[Tally]) -> float | None:
    return round(sum(one.increase or 0.0 for one in found), 3) if found else None


def _cost(by_part: Sequence[float | None], prices: Sequence[float | None]) -> float | None:
    """Return what it costs, None when something was used that has no price."""
    cost = 0.0
    for used, price in zip(by_part, prices, strict=True):
        if used is None or (used and price is None):
            return None
        cost += used * (price or 0.0)
    return round(cost, 2)


def _each(amount: float | None, visits: int | None) -> float | None:
    return None if amount is None or not visits else round(amount / visits, 3)


KIND = Kind("resources", "水电与费用", "Energy, water and cost", COLUMNS, build)
