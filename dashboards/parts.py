"""Pieces that several dashboards are made of: charts of one measure, columns, variables, words."""

from collections.abc import Iterable, Mapping

from dashboards.influxql import BUCKET, REGION, STATION, call, field, fields, select, tag_values
from dashboards.model import PLAIN, Colour, Column, Figure, Panel, Query, Step, Text, Variable, View, Word
from dashboards.texts import name, shared
from dashboards.units import figure_of
from dashboards.views import lines, states
from wire.influx import STATIONS, Measurement, readings
from wire.measures import EVENT_FIELDS, EVENTS, MEASURES, Measure
from wire.measures.words import name_of

PER_DEVICE = Text("$tag_device", "$tag_device")
HERE = (REGION, STATION)

REGIONS = Variable("region", tag_values(STATIONS, "region"))
STATIONS_OF_REGION = Variable("station", tag_values(STATIONS, "station", (REGION,)))
ONE_STATION = Variable("station", STATIONS_OF_REGION.influxql, several=False)

SEVERITIES: Mapping[str, Colour] = {"P1": "red", "P2": "orange", "P3": "yellow", "P4": "blue"}
SEVERITY_WORDS = {level: Word(Text(level, level), colour) for level, colour in SEVERITIES.items()}

ALERT_WORDS = {
    "firing": Word(shared().words["firing"], "red"),
    "acknowledged": Word(shared().words["acknowledged"], "yellow"),
    "resolved": Word(shared().words["resolved"], "green"),
}
VERDICT_WORDS = {verdict: Word(shared().words[verdict]) for verdict in ("real", "false", "test")}

RUNBOOK = "${docs}/${__data.fields.runbook}"


def measure(domain: str, value: str) -> Measure:
    """Return the row of the measures' table."""
    return MEASURES[domain][value]


def per_device(
    domain: str, value: str, function: str = "mean", where: Iterable[str] = HERE, legend: Text = PER_DEVICE
) -> Query:
    """Ask for one measure over time, a series a device; buckets without a reading are empty, so gaps show."""
    source = readings(domain)
    what = call(source, function, value)
    return Query(select(what, source, where, (BUCKET, "device"), "fill(null)"), legend)


def chart(  # noqa: PLR0913 - each has a default but what it is of
    panel: str,
    domain: str,
    value: str,
    *,
    function: str = "mean",
    where: Iterable[str] = HERE,
    steps: tuple[Step, ...] = PLAIN,
    size: tuple[int, int] = (8, 8),
    view: View | None = None,
) -> Panel:
    """Draw one measure of every device, shading what alert rules call bad."""
    row = measure(domain, value)
    drawn = view or lines(row.heartbeat_s, limits=steps is not PLAIN)
    return Panel(
        panel,
        drawn,
        *size,
        queries=(per_device(domain, value, function, where),),
        figure=figure_of(row, steps),
        least_s=row.heartbeat_s,
    )


def bands(
    panel: str, domain: str, *names: str, colours: Mapping[str, Colour], size: tuple[int, int]
) -> Panel:
    """Draw states of devices as they change; ``colours`` are those of the values that matter."""
    source = readings(domain)
    rows = [measure(domain, one) for one in names]
    several = len(rows) > 1
    queries = tuple(
        Query(
            select(field(source, row.name), source, HERE, ("device",)),
            _legend(row) if several else PER_DEVICE,
        )
        for row in rows
    )
    words = {value: word for row in rows for value, word in words_of(row, colours).items()}
    return Panel(panel, states(max(row.heartbeat_s for row in rows)), *size, queries=queries, words=words)


def newest(source: Measurement, where: Iterable[str], by: tuple[str, ...], *names: str) -> Query:
    """Ask for the newest row of every series: each of its fields costs, however few rows there are."""
    return Query(select(fields(source, *names), source, where, by, "ORDER BY time DESC LIMIT 1"), table=True)


def words_of(row: Measure, colours: Mapping[str, Colour]) -> dict[str, Word]:
    """Return the values of a state as people read them; those without a colour are grey."""
    return {value: Word(Text(*name_of(row.name, value)), colours.get(value, "grey")) for value in row.values}


BAND = ("visits", "low", "high")


def banded_sum(source: Measurement, where: Iterable[str], every: str, tail: str) -> Query:
    """Ask for visits and their bounds in one statement: over thousands of stations each one counts."""
    return Query(select([call(source, "sum", one, one) for one in BAND], source, where, (every,), tail))


def band() -> tuple[Column, ...]:
    """Return visits as they are, and their bounds as the edges of a band."""
    low, high = name("low"), name("high")
    return (
        Column("visits", name("visits")),
        Column("low", low, colour="grey", band_to=low),
        Column("high", high, colour="grey", band_to=low),
    )


def by_severity() -> tuple[Column, ...]:
    """Return the series of a chart by severity, each in the colour it has everywhere."""
    return tuple(Column(level, Text(level, level), colour=colour) for level, colour in SEVERITIES.items())


def event_words(domain: str, field_name: str) -> dict[str, Word]:
    """Return the values of an event's field, or its kinds, as people read them."""
    if field_name == "event":
        return {kind.name: Word(Text(kind.zh, kind.en)) for kind in EVENTS[domain].values()}
    values = next((row.values for row in EVENT_FIELDS[domain] if row.name == field_name), ())
    return {value: Word(Text(*name_of(field_name, value))) for value in values}


def _legend(row: Measure) -> Text:
    return Text(f"$tag_device {row.zh}", f"$tag_device {row.en.lower()}")


def column(key: str, figure: Figure | None = None, **more: object) -> Column:
    """Return a column named by the shared texts."""
    return Column(key, name(key), figure or Figure("none"), **more)  # type: ignore[arg-type]


def counted(key: str, figure: Figure | None = None, **more: object) -> Column:
    """Return a column of whole numbers."""
    return column(key, figure or Figure("none", decimals=0), **more)


def station_link() -> str:
    """Return the address of one station's dashboard, from a row that names it, its language left open."""
    return "/d/yizhan-station-{language}?var-station=${__data.fields.station}&${region:queryparam}"
