"""How single values, lines and bars are drawn in the pictures of the dashboards."""

from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter

from dashboards.model import Column, Language, Panel
from tests.support.lived_mirror import DAY_MS
from tests.support.panels import Series, Shown

INK = {
    "green": "#3f9c4a",
    "yellow": "#d9a514",
    "orange": "#e0752d",
    "red": "#c4303b",
    "blue": "#3274c2",
    "purple": "#8f5bb5",
    "grey": "#9a9a9a",
    "text": "#444444",
}
LINES = tuple(INK[name] for name in ("blue", "orange", "green", "purple", "red", "yellow", "grey"))
ZONE = ZoneInfo("Asia/Shanghai")


def from_rows(got: Shown, panel: Panel, language: Language) -> list[Series]:
    """A chart made of a table: one series a column."""
    rows = sorted(got.rows, key=lambda row: row["Time"])
    times = [row["Time"] for row in rows]
    return [Series(one.title.of(language), times, [row[one.name] for row in rows]) for one in panel.columns]


def known(one: Series) -> tuple[list[float], list[Any]]:
    pairs = [(at, value) for at, value in zip(one.times, one.values, strict=True) if value is not None]
    return [at / DAY_MS for at, _ in pairs], [value for _, value in pairs]


def bucket(times: list[float]) -> float:
    return min((after - before for before, after in pairwise(times)), default=0.04)


def stack(axes: Axes, series: list[Series], colours: list[str], *, bars: bool) -> None:
    pairs = [(at, value) for one in series for at, value in zip(one.times, one.values, strict=True)]
    moments = sorted({at for at, value in pairs if value is not None})
    days = [at / DAY_MS for at in moments]
    below = [0.0] * len(moments)
    for one, colour in zip(series, colours, strict=True):
        told = dict(zip(one.times, one.values, strict=True))
        values = [float(told.get(at) or 0) for at in moments]
        top = [low + value for low, value in zip(below, values, strict=True)]
        if bars:
            axes.bar(
                days, values, bucket(days) * 0.8, bottom=below, color=colour, label=one.name, align="edge"
            )
        else:
            axes.fill_between(days, below, top, color=colour, alpha=0.6, lw=0, label=one.name)
        below = top


def steps(axes: Axes, panel: Panel) -> None:
    for step in panel.figure.steps:
        if step.above is not None and step.colour != "green":
            axes.axhline(step.above, color=INK[step.colour], lw=0.8, ls="--")


def finish(axes: Axes, panel: Panel, series: int) -> None:
    axes.xaxis_date(ZONE)
    axes.xaxis.set_major_formatter(DateFormatter("%m-%d\n%H:%M", tz=ZONE))  # type: ignore[no-untyped-call]
    axes.tick_params(labelsize=7)
    axes.grid(visible=True, lw=0.3)
    if panel.view.type == "timeseries":
        axes.set_ylabel(panel.figure.unit, fontsize=7)
        soft, _ = panel.figure.soft
        axes.set_ylim(panel.figure.low if soft is None else soft, panel.figure.high)
    if series:
        axes.legend(fontsize=6.5, ncols=min(series, 6), loc="upper left", framealpha=0.6)


def sorted_rows(rows: list[dict[str, Any]], panel: Panel) -> list[dict[str, Any]]:
    for one in reversed(panel.view.options.sort_by or []):  # type: ignore[attr-defined]
        name = str(one.display_name)
        empty = [row for row in rows if row.get(name) is None]
        full = [row for row in rows if row.get(name) is not None]
        rows = [*sorted(full, key=lambda row: row[name], reverse=bool(one.desc)), *empty]
    return rows


def colour(value: Any, column: Column) -> str:  # noqa: ANN401 - a cell
    if str(value) in column.words:
        return INK[column.words[str(value)].colour]
    if not isinstance(value, int | float):
        return INK["text"]
    reached = [step.colour for step in column.figure.steps if step.above is None or value >= step.above]
    return INK[reached[-1]]


def written(value: Any, column: Column, language: Language) -> str:  # noqa: ANN401 - a cell
    if value is None:
        return ""
    if str(value) in column.words:
        return column.words[str(value)].text.of(language)
    if column.name == "Time":
        return f"{datetime.fromtimestamp(value / 1000, ZONE):%m-%d %H:%M}"
    if column.figure.unit == "percentunit":
        return f"{value:.1%}"
    if isinstance(value, float):
        return f"{value:.{2 if column.figure.decimals is None else int(column.figure.decimals)}f}"
    return str(value)
