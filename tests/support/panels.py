"""What a panel would show: Grafana's way from an answer of InfluxDB to a table of fields, step by step.

Follows Grafana's own transformers; a field that a step or a column names and that is not there is an error,
where Grafana would show nothing.
"""

import json
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

from dashboards.asking import Chosen, asked
from dashboards.model import Board, Language, Panel, Query

Rows = list[dict[str, Any]]
ZONE = ZoneInfo("Asia/Shanghai")
MATRIX_CORNER = "{row}\\{column}"


@dataclass(frozen=True)
class Series:
    """One line of a chart: what it is called, and its values over time (ms)."""

    name: str
    times: list[int]
    values: list[Any]


@dataclass(frozen=True)
class Shown:
    """What a panel got: series for charts, rows for tables, or both empty."""

    series: list[Series]
    rows: Rows

    @property
    def is_empty(self) -> bool:
        """Whether it would say that there is nothing."""
        return not self.rows and not any(value is not None for one in self.series for value in one.values)


Ask = Callable[[str], list[dict[str, Any]]]
"""Sends one statement; the series of its answer, times in ms."""


def asker(port: int, database: str = "yizhan") -> Ask:
    """Ask a server as Grafana does: times in ms."""

    def ask(statement: str) -> list[dict[str, Any]]:
        body = urllib.parse.urlencode({"q": statement, "db": database, "epoch": "ms"}).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/query", body, timeout=60) as answer:
            said = json.loads(answer.read())["results"][0]
        if "error" in said:
            raise AssertionError(f"{said['error']}: {statement}")
        return list(said.get("series", []))

    return ask


def shown(board: Board, panel: Panel, chosen: Chosen, ask: Ask, language: Language = "zh") -> Shown:
    """Return what a panel would show; the names of tables stay those of the Chinese board."""
    source = next(one for one in board.panels if one.name == panel.of) if panel.of else panel
    when = chosen.of(panel)
    series: list[Series] = []
    tables: list[Rows] = []
    for query in source.queries:
        answer = ask(asked(query.influxql, when, panel.least_s))
        if query.table:
            tables.append(_rows(answer))
        else:
            series += _series(answer, query, language)
    rows = transformed(tables, panel) if tables else []
    return Shown(series, rows)


def _rows(answer: Iterable[Mapping[str, Any]]) -> Rows:
    return [
        {
            ("Time" if name == "time" else name): value
            for name, value in {**one.get("tags", {}), **dict(zip(one["columns"], row, strict=True))}.items()
        }
        for one in answer
        for row in one["values"]
    ]


def _series(answer: Iterable[Mapping[str, Any]], query: Query, language: Language) -> list[Series]:
    drawn = []
    for one in answer:
        for at, column in enumerate(one["columns"][1:], start=1):
            name = query.legend.of(language).replace("$col", column)
            for tag, value in one.get("tags", {}).items():
                name = name.replace(f"$tag_{tag}", value)
            times, values = [row[0] for row in one["values"]], [row[at] for row in one["values"]]
            drawn.append(Series(name, times, values))
    return drawn


# -- transformations -----------------------------------------------------------------------------------


def transformed(tables: list[Rows], panel: Panel) -> Rows:
    """Return the rows after the panel's changes, and then its columns alone."""
    for change in panel.changes:
        tables = _STEPS[change.id](tables, change.options)
    rows = tables[0] if len(tables) == 1 else [row for table in tables for row in table]
    if panel.view.type not in {"table", "stat"}:
        return rows
    return [{column.name: _taken(row, column.name, panel) for column in panel.columns} for row in rows]


def _taken(row: Mapping[str, Any], name: str, panel: Panel) -> Any:  # noqa: ANN401 - a cell
    if name not in row and not (panel.name == "week" and name.isdigit()):
        raise AssertionError(f"{panel.name}: the answer has no {name}, only {', '.join(row)}")
    return row.get(name)


def _join(tables: list[Rows], options: Mapping[str, Any]) -> list[Rows]:
    key = options["byField"]
    joined: dict[Any, dict[str, Any]] = {}
    names = {name for table in tables for row in table for name in row}
    for table in tables:
        for row in table:
            kept = joined.setdefault(row[key], dict.fromkeys(names))
            kept.update({name: value for name, value in row.items() if value is not None})
    return [list(joined.values())]


def _calculate(tables: list[Rows], options: Mapping[str, Any]) -> list[Rows]:
    left, right = options["binary"]["left"], options["binary"]["right"]
    assert options["binary"]["operator"] == "/"
    for row in tables[0]:
        above, below = row[left], row[right]
        row[options["alias"]] = above / below if above is not None and below else None
    return tables


def _group(tables: list[Rows], options: Mapping[str, Any]) -> list[Rows]:
    keys = [name for name, one in options["fields"].items() if one["operation"] == "groupby"]
    groups: dict[tuple[Any, ...], Rows] = defaultdict(list)
    for row in tables[0]:
        groups[tuple(row[key] for key in keys)].append(row)
    reduced: Mapping[str, Callable[[list[Any]], float]] = {"count": len, "mean": fmean}
    return [
        [
            {
                **dict(zip(keys, group, strict=True)),
                **{
                    f"{name} ({how})": reduced[how]([row[name] for row in rows])
                    for name, one in options["fields"].items()
                    for how in one["aggregations"]
                },
            }
            for group, rows in groups.items()
        ]
    ]


def _format_time(tables: list[Rows], options: Mapping[str, Any]) -> list[Rows]:
    assert options["outputFormat"] == "[weekday=]E[ hour=]HH"
    for row in tables[0]:
        local = datetime.fromtimestamp(row[options["timeField"]] / 1000, UTC).astimezone(ZONE)
        row[options["timeField"]] = f"weekday={local.isoweekday()} hour={local.hour:02}"
    return tables


def _extract(tables: list[Rows], options: Mapping[str, Any]) -> list[Rows]:
    assert options["format"] == "kvp"
    for row in tables[0]:
        row.update(pair.split("=") for pair in row[options["source"]].split())
    return tables


def _matrix(tables: list[Rows], options: Mapping[str, Any]) -> list[Rows]:
    row_field, column_field = options["rowField"], options["columnField"]
    corner = MATRIX_CORNER.format(row=row_field, column=column_field)
    cells: dict[Any, dict[str, Any]] = {}
    for row in tables[0]:
        line = cells.setdefault(row[row_field], {corner: row[row_field]})
        line[row[column_field]] = row[options["valueField"]]
    return [list(cells.values())]


def _only(tables: list[Rows], options: Mapping[str, Any]) -> list[Rows]:
    names = options["include"]["names"]
    return [[{name: row[name] for name in names} for row in table] for table in tables]


_STEPS: Mapping[str, Callable[[list[Rows], Mapping[str, Any]], list[Rows]]] = {
    "joinByField": _join,
    "calculateField": _calculate,
    "groupBy": _group,
    "formatTime": _format_time,
    "extractFields": _extract,
    "groupingToMatrix": _matrix,
    "filterFieldsByName": _only,
}
