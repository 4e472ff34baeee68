"""Who was let in: by occupation, where people chose to say, and by credential. Never of a few.

Small cells are hidden from everybody, for this is about people (domain catalogue 6.2).
"""

from collections import Counter
from collections.abc import Sequence

from gateway.queries.reports.period import Period
from gateway.queries.reports.small_cells import FEWEST_OF_A_KIND, hide
from gateway.queries.reports.subjects import Subject
from gateway.queries.reports.table import (
    Cell,
    Column,
    Kind,
    Row,
    Sources,
    Words,
    of_station,
    share,
    station_columns,
)
from gateway.timeseries.footfall import choose_series
from gateway.timeseries.tallies import let_in

BY: Words = {"occupation": ("职业", "occupation"), "credential": ("开门方式", "credential")}
COLUMNS = station_columns(
    Column("by", "", "分类", "By", is_key=True, words=BY),
    Column("value", "", "类别", "Value", is_key=True),
    Column("entries", "1", "开门人次", "Let in"),
    Column("share", "1", "占比", "Share"),
)
_FIGURES = ("entries", "share")
UNSAID = "unsaid"


def build(sources: Sources, stations: Sequence[Subject], period: Period) -> list[Row]:
    """Return a row for each occupation and each credential of every station."""
    heard = sources.heard(stations, period)
    rows = [
        row | {"completeness": share(*heard.get(station.station_id, (0.0, 0.0)))}
        for station in stations
        for row in _of_station(sources, station, period)
    ]
    return hide(rows, "entries", FEWEST_OF_A_KIND, _FIGURES, _line)


def _of_station(sources: Sources, station: Subject, period: Period) -> list[Row]:
    choose_series(sources.cursor, [station.station_id])
    counts: dict[str, Counter[str]] = {by: Counter() for by in BY}
    notes = dict.fromkeys(BY, "")
    for one in let_in(sources.cursor, *sources.span(station, period)):
        if one.credential_kind in sources.ledger.staff:
            continue
        if one.is_kept:
            counts["occupation"][one.occupation or UNSAID] += one.people
        else:
            notes["occupation"] = "forgotten"
        counts["credential"][one.credential_kind or UNSAID] += one.people
    if not counts["credential"]:
        return [
            {**of_station(station), "by": None, "value": None, "note": "no_data"} | dict.fromkeys(_FIGURES)
        ]
    return [
        {
            **of_station(station),
            "by": by,
            "value": value,
            "entries": count,
            "share": share(count, counts[by].total()),
            "note": notes[by],
        }
        for by in BY
        for value, count in sorted(counts[by].items())
    ]


def _line(row: Row) -> tuple[Cell, Cell]:
    return row["station_id"], row["by"]


KIND = Kind("access", "职业与开门方式", "Occupations and credentials", COLUMNS, build)
