"""What a dashboard is, before Grafana's words for it: rows of panels, their queries, how values are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
COLUMNS = 24
"""Grafana's grid is so many columns wide."""

Colour = Literal["green", "yellow", "orange", "red", "blue", "purple", "grey", "text"]


class Text(NamedTuple):
    """What a person reads, in both languages."""

    zh: str
    en: str

    def of(self, language: Language) -> str:
        """Return it in one language."""
        return self.zh if language == "zh" else self.en


class Step(NamedTuple):
    """From this value on a figure has this colour; the first step has no value."""

    above: float | None
    colour: Colour


BY_COLUMN = Text("$col", "$col")
PLAIN: tuple[Step, ...] = (Step(None, "text"),)
"""Nothing is good or bad about such a figure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """How a number is shown: Grafana's id of its unit, the ends of its axis, and from where on it is bad.

    ``soft`` is how far an axis reaches at least.
    """

    unit: str = "none"
    low: float | None = None
    high: float | None = None
    decimals: int | None = None
    steps: tuple[Step, ...] = PLAIN
    soft: tuple[float | None, float | None] = (None, None)


NUMBER = Figure("none", decimals=0)


class Word(NamedTuple):
    """One value of a state, as people read it, and its colour."""

    text: Text
    colour: Colour = "text"


@dataclass(frozen=True, slots=True)
class Query:
    """One question in InfluxQL, with Grafana's variables and macros.

    The legend is an alias of Grafana's (``$tag_device``, ``$col``) or words. ``table`` asks for rows as they
    are, otherwise each group is a series.
    """

    influxql: str
    legend: Text = BY_COLUMN
    table: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table as the query names it, or one series of a chart as its legend names it.

    A cell is ``filled`` or its text ``coloured`` by the steps, ``shaded`` by how high it is among all.

    ``link`` is a page to go to; ``${__data.fields.<name>}`` in it is another cell of the row, which may be
    ``hidden``. A series of a chart has its ``colour`` for good; with ``band_to`` it is no bar but the edge of
    a band that reaches to another series, or to itself. An empty cell says ``none``, and without it what the
    whole panel says when there is nothing.
    """

    name: str
    title: Text
    figure: Figure = NUMBER
    words: Mapping[str, Word] = field(default_factory=dict)
    cell: Literal["plain", "filled", "coloured", "shaded", "gauge"] = "plain"
    width: int | None = None
    link: str | None = None
    hidden: bool = False
    colour: Colour | None = None
    band_to: Text | None = None
    none: Text | None = None


class Change(NamedTuple):
    """One transformation of Grafana's between the answer and the picture: its id and options."""

    id: str
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class View:
    """How a panel is drawn: Grafana's type of it, with that type's options and what it says of each field."""

    type: str
    options: object
    custom: object | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture. ``name`` is the key of its texts; ``width`` and ``height`` count cells of the grid.

    ``of`` shows the answer of another panel of the board in place of asking again. ``span`` is a stretch of
    time of its own, such as ``30d`` (Grafana counts it back from now, and leaves it out where somebody chose
    fixed times). ``least_s`` is the shortest ``$__interval``.
    """

    name: str
    view: View
    width: int
    height: int
    queries: tuple[Query, ...] = ()
    of: str | None = None
    figure: Figure = NUMBER
    words: Mapping[str, Word] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    changes: tuple[Change, ...] = ()
    span: str | None = None
    least_s: int | None = None


class Row(NamedTuple):
    """Panels under one heading, laid out from left to right; ``name`` is the key of the heading.

    Nothing is asked for a ``folded`` row before somebody opens it; only the last of a board may be folded.
    """

    name: str
    panels: Sequence[Panel]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """Something to choose above the panels, filled by a query; ``several`` also offers all."""

    name: str
    influxql: str
    several: bool = True


@dataclass(frozen=True, slots=True)
class Annotation:
    """Moments from a query, marked in every chart of the board: the columns with text and tags."""

    name: str
    influxql: str
    text: Text
    tags: str
    colour: Colour = "red"


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard in both languages; it opens with the time ``since``, and asks again every ``refresh``."""

    name: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    since: str = "now-24h"
    refresh: str = "1m"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, in order."""
        return tuple(panel for row in self.rows for panel in row.panels)
