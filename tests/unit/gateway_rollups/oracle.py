"""What a quarter comes to, told sample by sample: slow, plain, and read from the raw rows."""

from collections import Counter, defaultdict
from typing import Any, NamedTuple

import numpy as np

from gateway.domain.counters import dial_of, growth
from gateway.timeseries.quarters import QUARTER_MS
from gateway.timeseries.store import Store
from wire.measures import DOMAINS, EVENT_FIELDS, MEASURES, Kind, Measure


class Cell(NamedTuple):
    """One row of a roll-up, without its series number."""

    domain: str
    device: str
    bucket: int
    name: str
    value: str | None


Figures = dict[str, float | None]


def expected(store: Store, closed: int) -> dict[Cell, Figures]:
    """Return the roll-ups of all quarters that ended by `closed` (ms)."""
    cells: dict[Cell, Figures] = {}
    cursor = store.cursor()
    for domain in DOMAINS:
        for measure in MEASURES[domain].values():
            for device, samples in _samples(cursor, domain, measure).items():
                tell = _state if measure.kind is Kind.STATE else _number
                cells.update(tell(domain, device, measure, samples, closed))
        cells.update(_events(cursor, domain, closed))
    return cells


def stored(store: Store) -> dict[Cell, Figures]:
    """Return what the store holds."""
    cells: dict[Cell, Figures] = {}
    for domain in DOMAINS:
        table = (
            store.cursor()
            .sql(f"SELECT q.*, s.device FROM {domain}_quarters q JOIN series s ON s.id = q.series")  # noqa: S608 - our own names
            .to_arrow_table()
        )
        for row in table.to_pylist():
            cell = Cell(domain, row["device"], row["bucket"], row["name"], row["value"])
            assert cell not in cells, "a quarter is told once"
            kept = ("count", "covered_s", "min", "max", "mean", "increase", "last", "last_ts")
            cells[cell] = {name: row[name] for name in kept}
    return cells


def _samples(cursor: Any, domain: str, measure: Measure) -> dict[str, list[tuple[int, Any, int | None]]]:  # noqa: ANN401 - DuckDB's, which has no types
    found: dict[str, list[tuple[int, Any, int | None]]] = defaultdict(list)
    views = [f"{domain}_samples"] + ([f"{domain}_events"] if EVENT_FIELDS[domain] else [])
    rows = [
        row
        for view in views
        for row in cursor.execute(
            f"SELECT device, ts, frame, idx, {measure.name}, epoch, quality, suspect FROM {view}"  # noqa: S608 - our own names
            " JOIN series ON series.id = series"
        ).fetchall()
        if not (view.endswith("events") and measure.name not in MEASURES[domain])
    ]
    for device, ts, _, _, value, epoch, quality, suspect in sorted(rows, key=lambda row: row[1:4]):
        if value is not None and quality in {None, "substituted"} and measure.name not in (suspect or ()):
            found[device].append((ts, value, epoch))
    return found


def _spans(samples: list[tuple[int, Any, int | None]], measure: Measure) -> list[tuple[int, int, Any]]:
    """Return (from, to, value) of what held when."""
    spans = []
    for place, (ts, value, _) in enumerate(samples):
        end = ts + 1_500 * measure.heartbeat_s
        if place + 1 < len(samples):
            end = min(end, samples[place + 1][0])
        spans.append((ts, end, value))
    return spans


def _quarters(ts: int, end: int) -> list[tuple[int, int]]:
    """Cut a span into (quarter, ms); one without length belongs to its own quarter."""
    cut, at = [], ts
    while at < end or at == ts:
        bucket = at - at % QUARTER_MS
        until = min(end, bucket + QUARTER_MS)
        cut.append((bucket, until - at))
        at = max(until, at + 1)
        if until == end:
            break
    return cut


def _number(
    domain: str, device: str, measure: Measure, samples: list[Any], closed: int
) -> dict[Cell, Figures]:
    held: dict[int, list[tuple[float, int]]] = defaultdict(list)
    taken: Counter[int] = Counter()
    last: dict[int, tuple[int, float]] = {}
    for ts, end, value in _spans(samples, measure):
        taken[ts - ts % QUARTER_MS] += 1
        for bucket, ms in _quarters(ts, end):
            held[bucket].append((float(value), ms))
            last[bucket] = (ts, float(value))
    grown = _increase(domain, measure, samples) if measure.kind is Kind.COUNTER else {}
    cells = {}
    for bucket, parts in held.items():
        if bucket + QUARTER_MS > closed:
            continue
        total = sum(ms for _, ms in parts)
        gauge = measure.kind is Kind.GAUGE
        cells[Cell(domain, device, bucket, measure.name, None)] = {
            "count": taken[bucket],
            "covered_s": total / 1_000,
            "min": min(value for value, _ in parts) if gauge else None,
            "max": max(value for value, _ in parts) if gauge else None,
            "mean": sum(value * ms for value, ms in parts) / total if gauge else None,
            "increase": None if gauge else grown.get(bucket, 0.0),
            "last": last[bucket][1],
            "last_ts": last[bucket][0],
        }
    return cells


def _increase(domain: str, measure: Measure, samples: list[Any]) -> dict[int, float]:
    ts = np.array([row[0] for row in samples])
    values = np.array([float(row[1]) for row in samples])
    epochs, latest = [], 0
    for _, _, epoch in samples:
        latest = latest if epoch is None else epoch
        epochs.append(latest)
    rises = growth(dial_of(domain, measure.name), ts, values, np.array(epochs))
    grown: dict[int, float] = defaultdict(float)
    for at, rise in zip(ts.tolist(), rises.tolist(), strict=True):
        grown[at - at % QUARTER_MS] += rise
    return grown


def _state(
    domain: str, device: str, measure: Measure, samples: list[Any], closed: int
) -> dict[Cell, Figures]:
    cells: dict[Cell, Figures] = {}
    last: dict[int, Cell] = {}
    for ts, end, value in _spans(samples, measure):
        for bucket, ms in _quarters(ts, end):
            if bucket + QUARTER_MS > closed:
                continue
            cell = Cell(domain, device, bucket, measure.name, _said(value))
            figures = cells.setdefault(cell, {**_NONE, "count": 0, "covered_s": 0.0})
            figures["covered_s"] = (figures["covered_s"] or 0.0) + ms / 1_000
            figures["count"] = (figures["count"] or 0) + (ts - ts % QUARTER_MS == bucket)
            if bucket in last:
                cells[last[bucket]]["last_ts"] = None
            figures["last_ts"], last[bucket] = ts, cell
    return cells


def _said(value: object) -> str:
    if isinstance(value, list):
        return " ".join(sorted(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


_NONE: Figures = dict.fromkeys(("count", "covered_s", "min", "max", "mean", "increase", "last", "last_ts"))


def _events(cursor: Any, domain: str, closed: int) -> dict[Cell, Figures]:  # noqa: ANN401 - DuckDB's, which has no types
    if not EVENT_FIELDS[domain]:
        return {}
    phase = "phase" if domain == "access" else "NULL"
    counts: Counter[Cell] = Counter()
    for device, ts, event, stage in cursor.execute(
        f"SELECT device, ts, event, {phase} FROM {domain}_events JOIN series ON series.id = series"  # noqa: S608 - our own names
    ).fetchall():
        bucket = ts - ts % QUARTER_MS
        if stage != "end" and bucket + QUARTER_MS <= closed:
            counts[Cell(domain, device, bucket, event, None)] += 1
    return {cell: {**_NONE, "count": count} for cell, count in counts.items()}
