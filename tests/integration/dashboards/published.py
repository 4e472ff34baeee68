"""Published months of visits: a plain story of figures, frozen and mirrored as a gateway does it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from gateway.queries.reports.mirrored_figures import Published
from gateway.queries.reports.period import Period
from gateway.queries.reports.table import Row
from gateway.state.database import State
from gateway.state.publications import Publication, Publications
from gateway.timeseries.mirror.portion import text_of
from gateway.timeseries.mirror.positions import BEGINNING
from simulators.towns import Site
from tests.support.influx import Influx
from tests.support.lived_mirror import write

BEFORE, LATEST = "2026-09", "2026-10"


def publish(influx: Influx, folder: Path, sites: Sequence[Site], at_ms: int) -> None:
    """Publish two months, the later one twice.

    The second station's figure of it is withdrawn, the third station has none in the month before.
    """
    folder.mkdir()
    told = ((BEFORE, 1, _without(sites, 2)), (LATEST, 1, sites), (LATEST, 2, _without(sites, 1)))
    with State.open(folder, at_ms, reserve_bytes=0) as state:
        for period, version, there in told:
            rows = list(_rows(sites, there, period))
            of = period, sites[0].region, version, at_ms
            assert state.publications.add(Publication("visits", *of, "li", rows, []))
        _mirror(influx, state.publications)


def _without(sites: Sequence[Site], place: int) -> Sequence[Site]:
    return (*sites[:place], *sites[place + 1 :])


def _mirror(influx: Influx, publications: Publications) -> None:
    source, place = Published(publications, dict), BEGINNING
    while (portion := source.read(duckdb.connect, place)) is not None:
        place = portion.upto
        for policy, lines in portion.lines.items():
            write(influx, policy, text_of(lines))


def _rows(sites: Sequence[Site], counted: Sequence[Site], period: str) -> Iterator[Row]:
    """Yield the month of the region and of every station, and a day of each, as a report has them."""
    for level, days in (("month", 30), ("day", 1)):
        start = {"month": period, "day": Period.parse(period).first.isoformat()}[level]
        about: Row = {"region": sites[0].region, "level": level, "start": start}
        yield {**about, "station_id": None, **_figures(sum(_visits(one, days) for one in counted))}
        for site in sites:
            visits = _visits(site, days) if site in counted else None
            yield {**about, "station_id": site.station_id, **_figures(visits)}


def _visits(site: Site, days: int) -> int:
    return round(site.visits_per_day) * days


def _figures(visits: int | None) -> Row:
    if visits is None:
        return {"visits": None, "low": None, "high": None, "completeness": 0.0, "note": "no_data"}
    bounds = {"low": visits * 94 // 100, "high": visits * 107 // 100}
    return {"visits": visits, **bounds, "method": "counter", "completeness": 0.998, "note": ""}
