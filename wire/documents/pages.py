"""The tables as pages for people: every event, every measure."""

from collections.abc import Iterable, Sequence

from wire.measures import DOMAINS, EVENT_FIELDS, EVENTS, MEASURES, Measure
from wire.measures.model import EventField

_NOTICE = "Made by `python -m wire.generate`; change the tables in `wire/measures/` instead."


def events_page() -> str:
    """Return the table of all events and of the fields they may carry."""
    kinds = [
        (domain, f"`{kind.name}`", kind.frame_class.value, _names(kind.fields), kind.zh, kind.en)
        for domain in DOMAINS
        for kind in EVENTS[domain].values()
    ]
    fields = [
        (domain, f"`{field.name}`", _allowed(field), field.zh, field.en)
        for domain in DOMAINS
        for field in EVENT_FIELDS[domain]
    ]
    return "\n".join(
        [
            "# Events",
            "",
            _NOTICE,
            "",
            "A reading with `event` tells what happened once. Every field is optional save those in bold;",
            "any event may carry any field of its domain. Domains without events refuse `event`.",
            "",
            *_table(("domain", "event", "class", "fields", "zh", "en"), kinds),
            "",
            "## Fields",
            "",
            "Outside these values and bounds a reading is refused: no field has room for a name, a telephone",
            "or a card number.",
            "",
            *_table(("domain", "field", "values", "zh", "en"), fields),
            "",
        ]
    )


def measures_page() -> str:
    """Return the table of all measures."""
    rows = [_measure_row(row) for domain in DOMAINS for row in MEASURES[domain].values()]
    head = (
        "domain",
        "field",
        "unit",
        "type",
        "kind",
        "range",
        "danger",
        "alarm",
        "heartbeat",
        "dead-band",
        "zh",
        "en",
    )
    return "\n".join(
        [
            "# Measures",
            "",
            _NOTICE,
            "",
            "Units are UCUM codes. A value outside its range is stored and named suspect; beyond the side of",
            'danger it still reaches the rules. Codes for "no value" are given after the range.',
            "A value in the column alarm makes a frame of class alarm, a change of state one of class event.",
            "",
            *_table(head, rows),
            "",
        ]
    )


def _measure_row(row: Measure) -> tuple[str, ...]:
    return (
        row.domain,
        f"`{row.name}`",
        f"`{row.unit}`",
        row.type,
        row.kind.value,
        _range(row),
        row.danger or "",
        _alarm(row),
        f"{row.heartbeat_s} s",
        _number(row.deadband),
        row.zh,
        row.en,
    )


def _alarm(row: Measure) -> str:
    if row.alarm_above is not None:
        return f"above {_number(row.alarm_above)}"
    return ", ".join(str(value).lower() for value in row.alarm_values)


def _range(row: Measure) -> str:
    if row.values:
        return ", ".join(row.values)
    if row.pattern:
        return f"`{row.pattern}`"
    if row.low is None and row.high is None:
        return ""
    parts = [f"{_number(row.low)} … {_number(row.high)}"]
    if row.sentinels:
        parts.append("no value: " + ", ".join(_number(code) for code in row.sentinels))
    if row.moduli:
        parts.append("rolls over at " + " or ".join(_number(modulus) for modulus in row.moduli))
    return "; ".join(parts)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{int(value):,}" if value == int(value) else f"{value:,}"


def _names(fields: Iterable[EventField]) -> str:
    return ", ".join(f"**`{field.name}`**" if field.required else f"`{field.name}`" for field in fields)


def _allowed(field: EventField) -> str:
    if field.values:
        return ", ".join(field.values)
    return f"`{field.pattern}`" if field.pattern else f"{field.low} … {field.high:,}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines]
