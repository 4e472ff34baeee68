"""Draws what every panel would tell, from the real InfluxDB: one picture a dashboard, for people to look at.

    python -m tests.support.pictures [--hours N] [--language zh|en] [--out DIR]

Not Grafana's own look: the same rows, units, limits and words, drawn by matplotlib.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dashboards.asking import Chosen, seconds_of
from dashboards.boards import BOARDS
from dashboards.layout import Place, placed
from dashboards.model import COLUMNS, Board, Column, Language, Panel
from dashboards.texts import shared, texts_of
from simulators.towns import LOUXING
from tests.integration.dashboards.conftest import END_MS, ONE_OF_EACH, befalling
from tests.support.influx import Influx
from tests.support.lived_mirror import DAY_MS, HOUR_MS, Lived, create, live
from tests.support.panels import Ask, Series, Shown, asker, shown
from tests.support.strokes import (
    INK,
    LINES,
    bucket,
    finish,
    from_rows,
    known,
    sorted_rows,
    stack,
    steps,
    written,
)
from tests.support.strokes import (
    colour as colour_of,
)
from tests.support.told_mirror import tell

CELL_IN = 0.72
"""Inches that one cell of Grafana's grid is wide; it is half as high."""
ROWS_SHOWN = 14
FEW = 40
"""So many points of a line are marked one by one."""


def main() -> None:
    """Fill a server, draw every dashboard."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    parser.add_argument("--out", type=Path, default=Path("build/dashboards"))
    words = parser.parse_args()
    words.out.mkdir(parents=True, exist_ok=True)
    mpl.rcParams["font.sans-serif"] = ["Noto Sans CJK SC", "Noto Sans CJK JP", "DejaVu Sans"]
    mpl.rcParams["axes.unicode_minus"] = False
    with tempfile.TemporaryDirectory() as folder, Influx(Path(folder) / "influx") as influx:
        _fill(influx, Path(folder), words.hours)
        for board in BOARDS:
            file = words.out / f"{board.name}-{words.language}.png"
            Drawing(board, words.language, asker(influx.port)).save(file)
            print(file)


def _fill(influx: Influx, folder: Path, hours: int) -> None:
    """All stations are told of; those of each kind, and those in trouble, are lived through."""
    create(influx)
    start = END_MS - hours * HOUR_MS
    faults = befalling(start)
    some = [site for site in LOUXING if site in ONE_OF_EACH or site.station_id in faults]
    happened = live(influx, folder, Lived(tuple(some), start, END_MS), faults)
    tell(influx, Lived(LOUXING, END_MS - 31 * DAY_MS, END_MS), happened)


class Drawing:
    """One dashboard, its panels where Grafana would have them."""

    def __init__(self, board: Board, language: Language, ask: Ask) -> None:
        self._board, self._language, self._ask = board, language, ask
        self._texts = texts_of(board.name)
        rows = list(placed(board.rows))
        self._panels = [(panel, place) for _, _, panels in rows for panel, place in panels]
        self._headings = [(row, place) for row, place, _ in rows]
        self._height = max(place.y + place.height for _, place in self._panels)

    def save(self, file: Path) -> None:
        """Draw it."""
        figure = Figure(figsize=(COLUMNS * CELL_IN, self._height * CELL_IN / 2), facecolor="white")
        for row, place in self._headings:
            text = self._texts.rows[row.name].of(self._language)
            figure.text(0.005, 1 - (place.y + 0.7) / self._height, text, fontsize=13, weight="bold")
        for panel, place in self._panels:
            axes = figure.add_axes(self._inside(place))
            axes.set_title(self._texts.panels[panel.name].title.of(self._language), fontsize=10, loc="left")
            self._draw(axes, panel, place)
        figure.savefig(file, dpi=60)

    def _inside(self, place: Place) -> tuple[float, float, float, float]:
        left, bottom = place.x + 0.55, self._height - place.y - place.height + 1.0
        width, height = place.width - 0.8, place.height - 2.0
        return left / COLUMNS, bottom / self._height, width / COLUMNS, height / self._height

    def _draw(self, axes: Axes, panel: Panel, place: Place) -> None:
        got = self._shown(panel)
        if got.is_empty:
            said = self._texts.panels[panel.name].missing or shared().missing
            axes.text(0.5, 0.5, said.of(self._language), ha="center", va="center", fontsize=9, color="grey")
            axes.axis("off")
            return
        kinds = {
            "timeseries": self._chart,
            "state-timeline": self._bands,
            "stat": self._figures,
            "table": self._table,
            "geomap": self._map,
            "bargauge": self._gauges,
        }
        kinds[panel.view.type](axes, panel, got, place)

    def _shown(self, panel: Panel) -> Shown:
        since = END_MS - seconds_of(self._board.since.removeprefix("now-").removesuffix("/d")) * 1_000
        one = any(not variable.several for variable in self._board.variables)
        station = (ONE_OF_EACH[2].station_id,) if one else None
        chosen = Chosen(since, END_MS, {"region": None, "station": station, "device": None})
        return shown(self._board, panel, chosen, self._ask, self._language)

    def _chart(self, axes: Axes, panel: Panel, got: Shown, _: Place) -> None:
        custom: Any = panel.view.custom
        series = got.series or from_rows(got, panel, self._language)
        as_bars = custom.draw_style == "bars"
        stacked = custom.stacking is not None and custom.stacking.mode == "normal"
        steps(axes, panel)
        if stacked:
            stack(axes, series, self._colours(panel, series), bars=as_bars)
        named = {column.name: column for column in panel.columns}
        columns = {column.title.of(self._language): column for column in panel.columns} | named
        for number, one in enumerate(() if stacked else series):
            times, values = known(one)
            column = columns.get(one.name)
            colour = INK[column.colour] if column and column.colour else LINES[number % len(LINES)]
            name = column.title.of(self._language) if column else one.name
            if as_bars and not (column and column.band_to):
                axes.bar(times, values, bucket(times) * 0.8, color=colour, label=name, align="edge")
            else:
                few = "." if len(times) < FEW else None
                axes.plot(times, values, color=colour, lw=0.9, label=name, marker=few)
        finish(axes, panel, len(series))

    def _colours(self, panel: Panel, series: list[Series]) -> list[str]:
        fixed = {one.title.of(self._language): INK[one.colour] for one in panel.columns if one.colour}
        return [fixed.get(one.name, LINES[at % len(LINES)]) for at, one in enumerate(series)]

    def _bands(self, axes: Axes, panel: Panel, got: Shown, _: Place) -> None:
        said = set()
        for row, one in enumerate(got.series):
            times, values = known(one)
            for at, (time, value) in enumerate(zip(times, values, strict=True)):
                word = panel.words[str(value)]
                until = times[at + 1] if at + 1 < len(times) else END_MS / DAY_MS
                label = word.text.of(self._language) if str(value) not in said else None
                said.add(str(value))
                axes.barh(row, until - time, left=time, height=0.7, color=INK[word.colour], label=label)
        axes.set_yticks(range(len(got.series)), [one.name for one in got.series], fontsize=7)
        finish(axes, panel, len(said))

    def _figures(self, axes: Axes, panel: Panel, got: Shown, _: Place) -> None:
        calc = panel.view.options.reduce_options.calcs[0]  # type: ignore[attr-defined]
        axes.axis("off")
        for at, column in enumerate(panel.columns):
            cells = [row[column.name] for row in got.rows if row[column.name] is not None]
            value = sum(cells) if calc == "sum" else cells[-1]
            x = (at + 0.5) / len(panel.columns)
            colour = colour_of(value, column)
            axes.text(x, 0.62, written(value, column, self._language), ha="center", fontsize=17, color=colour)
            axes.text(x, 0.2, column.title.of(self._language), ha="center", fontsize=9)

    def _table(self, axes: Axes, panel: Panel, got: Shown, place: Place) -> None:
        axes.axis("off")
        shown_rows = sorted_rows(got.rows, panel)[: min(ROWS_SHOWN, place.height * 2 - 4)]
        columns = [column for column in panel.columns if not column.hidden]
        cells = [[written(row[one.name], one, self._language) for one in columns] for row in shown_rows]
        titles = [column.title.of(self._language) for column in columns]
        widths = [column.width or 120 for column in columns]
        table = axes.table(
            cells, colLabels=titles, loc="upper center", colWidths=[width / sum(widths) for width in widths]
        )
        table.auto_set_font_size(False)  # noqa: FBT003 - matplotlib's own signature
        table.set_fontsize(7.5)
        for (row, at), cell in table.get_celld().items():
            cell.set_linewidth(0.2)
            if row and columns[at].cell in {"filled", "coloured"}:
                value = shown_rows[row - 1][columns[at].name]
                cell.set_facecolor(colour_of(value, columns[at]) + "55")
            elif row and columns[at].cell == "shaded":
                most = max(one[name] or 0 for one in got.rows for name in one if name.isdigit())
                share = (shown_rows[row - 1][columns[at].name] or 0) / (most or 1)
                cell.set_facecolor((0.2, 0.45, 0.76, 0.7 * share))

    def _map(self, axes: Axes, panel: Panel, got: Shown, _: Place) -> None:
        ages = Column("age", panel.columns[0].title, panel.figure)
        colours = [colour_of(row["last_seen_age_s"], ages) for row in got.rows]
        axes.scatter([row["lon"] for row in got.rows], [row["lat"] for row in got.rows], c=colours, s=60)
        axes.tick_params(labelsize=7)

    def _gauges(self, axes: Axes, panel: Panel, got: Shown, _: Place) -> None:
        values = [[value for value in one.values if value is not None][-1] for one in got.series]
        column = Column("value", self._texts.title, panel.figure)
        axes.barh(
            [one.name for one in got.series], values, color=[colour_of(value, column) for value in values]
        )
        axes.set_xlim(panel.figure.low, panel.figure.high)
        axes.tick_params(labelsize=7)


if __name__ == "__main__":
    main()
