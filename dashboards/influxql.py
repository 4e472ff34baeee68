"""Questions in InfluxQL, made from the mirror's own table: no name is spelled a second time.

A field or tag that the table does not have is a KeyError when the dashboards are built.
"""

from collections.abc import Iterable

from wire.influx import OWN_STATION, Measurement

TIME = "$timeFilter"
BUCKET = "time($__interval)"
ZONE = "Asia/Shanghai"
"""Of the days of charts over many stations; a station's own rows begin at its own midnight."""
DAY = "time(1d)"

REGION = '"region" =~ /^${region:regex}$/'
STATION = '"station" =~ /^${station:regex}$/'
DEVICE = '"device" =~ /^${device:regex}$/'
GATEWAY = f"\"station\" = '{OWN_STATION}'"
MAIN = '"device" =~ /^main(\\.l[1-3])?$/'
"""The meter, or the phases of the meter, behind which the whole station lies (contract, section 1)."""
CIRCUITS = '"device" =~ /^circuit\\./'


def field(measurement: Measurement, name: str) -> str:
    """Quote the name of a field, or of a tag, which a table of rows may show as well; KeyError for others."""
    if name not in measurement.fields and name not in measurement.tags:
        raise KeyError(f"{measurement.name} has no {name}")
    return f'"{name}"'


def fields(measurement: Measurement, *names: str) -> list[str]:
    """Quote several."""
    return [field(measurement, name) for name in names]


def call(measurement: Measurement, function: str, name: str, alias: str | None = None) -> str:
    """Apply a function to a field, such as mean or last; percentile writes its number: `percentile:90`."""
    function, _, argument = function.partition(":")
    given = f", {argument}" if argument else ""
    called = f"{function}({field(measurement, name)}{given})"
    return f'{called} AS "{alias}"' if alias else called


def select(
    what: str | Iterable[str],
    measurement: Measurement | str,
    where: Iterable[str] = (),
    by: Iterable[str] = (),
    tail: str = "",
) -> str:
    """Return one statement; ``measurement`` may be a statement in brackets, ``tail`` is fill, zone, order."""
    source = measurement if isinstance(measurement, str) else measurement.source
    said = what if isinstance(what, str) else ", ".join(what)
    parts = [f"SELECT {said} FROM {source}", f"WHERE {' AND '.join((*where, TIME))}"]
    groups = ", ".join(one if "(" in one else f'"{one}"' for one in by)
    return " ".join((*parts, *([f"GROUP BY {groups}"] if groups else ()), *([tail] if tail else ())))


def within(statement: str) -> str:
    """Put a statement in brackets, to select from it."""
    return f"({statement})"


def tag_values(measurement: Measurement, tag: str, where: Iterable[str] = ()) -> str:
    """Return the statement that lists the values of a tag."""
    conditions = " AND ".join(where)
    listed = f"SHOW TAG VALUES FROM {measurement.source} WITH KEY = {field(measurement, tag)}"
    return f"{listed} WHERE {conditions}" if conditions else listed
