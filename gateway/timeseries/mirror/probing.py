"""Reading back what was written: whether a server that said yes has it.

A server with a full disk was seen to take writes into memory only, without an error (influxdata/influxdb
issue 24901). So after each portion the counts of some series are asked for.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from gateway.timeseries.mirror.portion import text_of
from gateway.timeseries.mirror.refusals import Unreachable
from wire.influx import Policy

if TYPE_CHECKING:
    from gateway.timeseries.mirror.server import Influx

SERIES = 4
"""Series looked at in each class of data of a portion."""
_LINE = re.compile(
    r'(?P<key>(?:\\.|[^ \\])+) (?P<fields>(?:"(?:\\.|[^"\\])*"|[^ "])+) (?P<time>-?[0-9]+)', re.DOTALL
)
_TEXT = re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Told:
    """What some lines say of one series: values by field, between two times in ns, both included."""

    measurement: str
    tags: Mapping[str, str]
    counts: Mapping[str, int]
    first: int
    last: int

    @property
    def question(self) -> str:
        """Ask for the same in InfluxQL."""
        counts = ", ".join(f'count("{name}") AS "{name}"' for name in self.counts)
        tags = "".join(f"\"{name}\" = '{_quoted(value)}' AND " for name, value in self.tags.items())
        within = f"time >= {self.first} AND time <= {self.last}"
        return f'SELECT {counts} FROM "{self.measurement}" WHERE {tags}{within}'


def check(server: "Influx", policy: Policy, taken: Sequence[pa.StringArray]) -> None:
    """Ask for the counts of some series; raises Unreachable when the server has less than it was given."""
    lines = pa.chunked_array(list(taken), pa.string()).combine_chunks()
    if not len(lines):
        return
    samples = [told(lines, key) for key in _keys(lines)]
    answers = server.query("; ".join(one.question for one in samples), policy)
    for place, one in enumerate(samples):
        rows = answers[place] if place < len(answers) else []
        there = rows[0] if rows else {}
        short = [name for name, count in one.counts.items() if (there.get(name) or 0) < count]
        if short:
            what = f"{policy.name}.{one.measurement} {dict(one.tags)} lacks {', '.join(short)}"
            raise Unreachable("not_read_back", f"{what}: accepted, not there; look at its disk and retention")


def told(lines: pa.StringArray, key: str) -> Told:
    """Return what lines say of the series `key`, as line protocol spells it."""
    of_series = lines.filter(pc.starts_with(lines, f"{key} "))
    parsed = [_LINE.match(line) for line in text_of(of_series).decode().split("\n")]
    found = [one for one in parsed if one is not None]
    by_time = {int(one["time"]): one["fields"] for one in found}  # a time said twice is one point
    counts: Counter[str] = Counter()
    for fields in by_time.values():
        counts.update(part.split("=")[0] for part in _TEXT.sub("", fields).split(","))
    measurement, *tags = re.split(r"(?<!\\),", key)
    named = dict(tag.split("=", 1) for tag in tags)
    return Told(measurement, {n: _plain(v) for n, v in named.items()}, counts, min(by_time), max(by_time))


def _keys(lines: pa.StringArray) -> list[str]:
    """Return the series of some lines, spread over all; always that of the last."""
    last = len(lines) - 1
    chosen = {last * place // max(SERIES - 1, 1) for place in range(SERIES)} | {last}
    matches = (_LINE.match(lines[place].as_py()) for place in sorted(chosen))
    return sorted({match["key"] for match in matches if match is not None})


def _plain(tag: str) -> str:
    return re.sub(r"\\(.)", r"\1", tag)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
