"""Frames decoded as columns: one pass over the bytes of a whole batch, no object per reading.

Only frames that are right in every respect pass here. Whatever this decoder doubts is left to the exact
one (`wire.codec.decode`), which alone gives reasons; both are made from `wire.measures` and agree on what
they accept.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from wire.arrays import Bools, only_chunk, present
from wire.doubts import doubtful_frames, doubtful_readings
from wire.measures import DOMAINS, EVENT_FIELDS, MEASURES

Ints = npt.NDArray[np.int64]

_NEWLINE, _NULL = ord("\n"), int.from_bytes(b"null", "little")

FEWEST = 8
"""Batches up to this size that do not parse are left to the exact decoder instead of being halved again."""

_ARROW_TYPES: Mapping[str, pa.DataType] = {
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
    "enum": pa.string(),
    "text": pa.string(),
    "words": pa.list_(pa.string()),
}
_READING_COLUMNS: Mapping[str, pa.DataType] = {"device": pa.string(), "ts": pa.int64()}
_SELDOM_COLUMNS: Mapping[str, pa.DataType] = {"quality": pa.string(), "epoch": pa.int64()}
_KNOWN_EVERYWHERE = {*_READING_COLUMNS, *_SELDOM_COLUMNS, "event"}
_FRAME_COLUMNS: Mapping[str, pa.DataType] = {
    "v": pa.int64(),
    "station_id": pa.string(),
    "stream": pa.string(),
    "seq": pa.int64(),
    "oldest": pa.int64(),
    "gone": pa.list_(pa.list_(pa.int64())),
    "class": pa.string(),
    "sent": pa.int64(),
    "clock": pa.string(),
}


@cache
def field_types(domain: str) -> Mapping[str, pa.DataType]:
    """Return the Arrow type of every field a reading or event of the domain may carry."""
    types = {name: _ARROW_TYPES[measure.type] for name, measure in MEASURES[domain].items()}
    types.update({field.name: _ARROW_TYPES[field.type] for field in EVENT_FIELDS.get(domain, ())})
    return types


@cache
def _sample_types(domain: str) -> Mapping[str, pa.DataType]:
    """Return what may be declared beside device and time; of events, only their presence is looked at."""
    return {**_SELDOM_COLUMNS, **{name: _ARROW_TYPES[row.type] for name, row in MEASURES[domain].items()}}


@dataclass(frozen=True, slots=True)
class Rows:
    """The readings of one domain: `parent` is the row of the frame, `index` the place in its list."""

    parent: Ints
    index: Ints
    columns: Mapping[str, pa.Array]


@dataclass(frozen=True, slots=True)
class Columns:
    """Frames that passed, one row each, and their readings per domain.

    `position` points into the payloads that were given. Every frame here has a stream, a set clock, no `gone`
    and no event: the others are few, and the exact decoder's.
    """

    position: Ints
    stream: list[str]
    seq: Ints
    oldest: Ints
    frame_class: list[str]
    sent: Ints
    rows: Mapping[str, Rows]
    unknown_fields: Counter[str]


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one pass made of a batch: columns (more than one only after a halving), and positions doubted."""

    columns: list[Columns]
    doubted: list[int]


@dataclass
class ColumnDecoder:
    """Decodes batches; remembers which fields are in use, since Arrow pays for each declared one."""

    in_use: dict[str, set[str]] = field(default_factory=lambda: {domain: set() for domain in DOMAINS})

    def decode(self, payloads: Sequence[bytes], station_ids: Sequence[str]) -> Decoded:
        """Decode UTF-8 JSON payloads (already decompressed), each from the topic of its station."""
        plausible, doubted = _sort_out(payloads)
        columns = []
        for table, positions in self._parse(payloads, plausible, doubted):
            part = _Part(table, np.asarray(positions, np.int64), [station_ids[n] for n in positions])
            doubted.extend(part.positions[part.doubtful].tolist())
            columns.append(part.columns())
        return Decoded(columns, sorted(doubted))

    def learn(self, domain: str, fields: Iterable[str]) -> None:
        """Note fields that the exact decoder met, so that the next batch has columns for them."""
        self.in_use[domain].update(set(fields) & _sample_types(domain).keys())

    def _parse(
        self, payloads: Sequence[bytes], positions: list[int], doubted: list[int]
    ) -> Iterable[tuple[pa.Table, list[int]]]:
        """Yield parsed halves; a frame that no half of its own size can hold is doubted."""
        if not positions:
            return
        table = self._parse_once([payloads[n] for n in positions])
        if table is not None and table.num_rows == len(positions):
            yield table, positions
        elif len(positions) <= FEWEST:
            doubted.extend(positions)
        else:
            middle = len(positions) // 2
            yield from self._parse(payloads, positions[:middle], doubted)
            yield from self._parse(payloads, positions[middle:], doubted)

    def _parse_once(self, payloads: list[bytes]) -> pa.Table | None:
        joined = b"\n".join(payloads)
        try:
            table = _read_json(joined, self._schema())
            if self._learn_from(table):
                table = _read_json(joined, self._schema())
        except pa.ArrowInvalid:
            return None
        return table.combine_chunks()

    def _schema(self) -> pa.Schema:
        domains = []
        for domain in DOMAINS:
            types = _sample_types(domain)
            known = {**_READING_COLUMNS, **{name: types[name] for name in sorted(self.in_use[domain])}}
            domains.append((domain, pa.list_(pa.struct(list(known.items())))))
        return pa.schema([*_FRAME_COLUMNS.items(), ("readings", pa.struct(domains))])

    def _learn_from(self, table: pa.Table) -> bool:
        """Note known fields that Arrow had to guess the type of; True when there were any."""
        learned = False
        for domain in table.schema.field("readings").type:
            if domain.name not in self.in_use:
                continue
            fields = {item.name for item in domain.type.value_type} & _sample_types(domain.name).keys()
            learned |= bool(fields - self.in_use[domain.name])
            self.in_use[domain.name] |= fields
        return learned


def _sort_out(payloads: Sequence[bytes]) -> tuple[list[int], list[int]]:
    """Split off the payloads that Arrow reads differently from the contract."""
    # one look at the whole batch: nearly always it is clean, and no frame is touched by itself
    if _plausible(payloads):
        return list(range(len(payloads))), []
    plausible: list[int] = []
    doubted: list[int] = []
    for position, payload in enumerate(payloads):
        (plausible if _plausible([payload]) else doubted).append(position)
    return plausible, doubted


def _plausible(payloads: Sequence[bytes]) -> bool:
    """Rule out nulls (Arrow takes them as absent), broken text, and what is not one object a line."""
    joined = b"\n".join(payloads)
    return (
        all(payload.startswith(b"{") for payload in payloads)
        and np.count_nonzero(np.frombuffer(joined, np.uint8) == _NEWLINE) == len(payloads) - 1
        and joined.isascii()
        and not _says_null(joined)
    )


def _says_null(text: bytes) -> bool:
    """Look for the word, four letters a number: 0.15 µs a frame, where a search took 0.39."""
    return any(
        bool((np.frombuffer(text, "<u4", (len(text) - offset) // 4, offset) == _NULL).any())
        for offset in range(min(4, len(text)))
    )


def _read_json(joined: bytes, schema: pa.Schema) -> pa.Table:
    return pyarrow.json.read_json(
        pa.BufferReader(joined),
        read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(joined) + 1),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="infer"),
    )


class _Part:
    """One parsed table under examination: which of its frames are right in every respect."""

    def __init__(self, table: pa.Table, positions: Ints, station_ids: list[str]) -> None:
        self.table = table
        self.positions = positions
        self.doubtful = doubtful_frames(table, station_ids)
        self._rows: dict[str, tuple[Ints, pa.StructArray]] = {}
        self._examine_readings()

    def _examine_readings(self) -> None:
        readings = only_chunk(self.table["readings"])
        has_reading = np.zeros(len(self.positions), np.bool_)
        for domain in DOMAINS:
            lists = readings.field(domain)
            flat = lists.flatten()
            if not len(flat):
                continue
            parent = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)
            has_reading[parent] = True
            self.doubtful[parent[doubtful_readings(domain, flat)]] = True
            self._rows[domain] = (parent, flat)
        self.doubtful |= ~has_reading

    def columns(self) -> Columns:
        """Return the frames nobody doubts, and their readings."""
        right = ~self.doubtful
        frames = self.table.drop_columns("readings")
        if not right.all():
            frames = frames.filter(pa.array(right))
        return Columns(
            position=self.positions[right],
            stream=frames["stream"].to_pylist(),
            seq=only_chunk(frames["seq"]).to_numpy(),
            oldest=only_chunk(frames["oldest"]).to_numpy(),
            frame_class=frames["class"].to_pylist(),
            sent=only_chunk(frames["sent"]).to_numpy(),
            rows={domain: self._right_rows(domain, right) for domain in self._rows},
            unknown_fields=self._unknown_fields(right),
        )

    def _right_rows(self, domain: str, right: Bools) -> Rows:
        parent, flat = self._rows[domain]
        index = _index_in_list(parent)
        known = {"device", "ts", "quality", "epoch", *MEASURES[domain]}
        columns = {item.name: flat.field(item.name) for item in flat.type if item.name in known}
        if not right.all():
            kept = right[parent]
            mask = pa.array(kept)
            columns = {name: column.filter(mask) for name, column in columns.items()}
            parent, index = (np.cumsum(right) - 1)[parent[kept]], index[kept]
        return Rows(parent, index, {name: column for name, column in columns.items() if _any(column)})

    def _unknown_fields(self, right: Bools) -> Counter[str]:
        """Count fields nobody declared: dropped, as the contract has it, but not in silence."""
        unknown: Counter[str] = Counter()
        for domain, (parent, flat) in self._rows.items():
            known = _KNOWN_EVERYWHERE | field_types(domain).keys()
            for item in flat.type:
                if item.name not in known:
                    there = present(flat.field(item.name))
                    unknown[f"{domain}.{item.name}"] += int((there & right[parent]).sum())
        for name, column in _foreign_columns(self.table):
            there = present(column)
            unknown[name] += int((there & right).sum())
        return +unknown


def _any(column: pa.Array) -> bool:
    return bool(column.null_count < len(column))


def _index_in_list(parent: Ints) -> Ints:
    """Return the place of each row among the rows of the same parent; `parent` ascends."""
    rows = np.arange(len(parent))
    starts = np.maximum.accumulate(np.where(np.diff(parent, prepend=-1) != 0, rows, 0))
    places: Ints = rows - starts
    return places


def _foreign_columns(table: pa.Table) -> Iterator[tuple[str, pa.Array]]:
    """Yield what is neither of the envelope nor a domain, as `x` or `readings.x`; a name may hold dots."""
    for name in table.column_names:
        if name not in _FRAME_COLUMNS and name != "readings":
            yield name, only_chunk(table[name])
    readings = only_chunk(table["readings"])
    for item in readings.type:
        if item.name not in MEASURES:
            yield f"readings.{item.name}", readings.field(item.name)
