"""What the fast decoder doubts: each check marks the rows that the exact one has to look at."""

import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wire.arrays import Bools, filled, only_chunk, present
from wire.measures import EVENT_FIELDS, MEASURES, QUALITIES, FrameClass
from wire.measures.model import MOST_WORDS
from wire.scalars import LATEST_MS
from wire.topics import DEVICE_PATTERN, ULID_PATTERN


def doubtful_frames(table: pa.Table, station_ids: list[str]) -> Bools:
    """Mark the frames whose envelope is not plainly right, each of the station whose topic it came by."""
    right = pc.and_kleene(
        pc.equal(table["v"], 1), pc.equal(table["station_id"], pa.array(station_ids, pa.string()))
    )
    for check in (
        pc.is_in(table["class"], pa.array(sorted(FrameClass))),
        pc.greater_equal(table["sent"], 0),
        pc.less_equal(table["sent"], LATEST_MS),
        pc.greater_equal(table["seq"], 1),
        pc.greater_equal(table["oldest"], 1),
        # rare, and with conditions of their own
        pc.equal(pc.list_value_length(table["gone"]), 0),
        pc.is_null(table["clock"]),
    ):
        right = pc.and_kleene(right, check)
    doubtful = ~filled(right, otherwise=False)
    return doubtful | ~filled(pc.match_substring_regex(table["stream"], ULID_PATTERN), otherwise=False)


def doubtful_readings(domain: str, flat: pa.StructArray) -> Bools:
    """Mark the readings of a domain that are not plainly right."""
    doubtful = ~present(flat)
    ts = pc.fill_null(flat.field("ts"), -1)
    doubtful |= filled(pc.or_(pc.less(ts, 0), pc.greater(ts, LATEST_MS)), otherwise=True)
    doubtful |= _outside(flat.field("device"), _is_device, absent=True)
    if flat.type.get_field_index("quality") >= 0:
        doubtful |= _outside(flat.field("quality"), frozenset(QUALITIES).__contains__)
    if flat.type.get_field_index("epoch") >= 0:
        doubtful |= filled(pc.less(flat.field("epoch"), 0), otherwise=False)
    # events carry conditions from field to field; they are rare, and looked at one by one
    for name in ("event", *(item.name for item in EVENT_FIELDS.get(domain, ()))):
        if flat.type.get_field_index(name) >= 0:
            doubtful |= present(flat.field(name))
    said = np.zeros(len(flat), np.bool_)
    for name in MEASURES[domain]:
        if flat.type.get_field_index(name) >= 0:
            column = flat.field(name)
            said |= present(column)
            doubtful |= _doubtful_values(domain, name, column)
    return doubtful | ~said


def _doubtful_values(domain: str, name: str, column: pa.Array) -> Bools:
    measure = MEASURES[domain][name]
    if measure.type == "float":
        # Arrow reads NaN and Infinity, which are not JSON, and integers beyond 64 bits; what is absent is NaN
        wrong: Bools = ~(np.abs(column.to_numpy(zero_copy_only=False)) < 2.0**63)
        if np.count_nonzero(wrong) > column.null_count:
            return wrong & present(column)
    if measure.type == "enum":
        return _outside(column, frozenset(measure.values).__contains__)
    if measure.type == "text":
        return _outside(column, _matcher(measure.pattern or ""))
    if measure.type == "words":
        return _doubtful_words(column, frozenset(measure.values))
    return np.zeros(len(column), np.bool_)


def _doubtful_words(column: pa.ListArray, known: frozenset[str]) -> Bools:
    lengths = pc.list_value_length(column)
    doubtful = ~filled(pc.and_(pc.greater(lengths, 0), pc.less_equal(lengths, MOST_WORDS)), otherwise=True)
    parent = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
    doubtful[parent[_outside(column.flatten(), known.__contains__, absent=True)]] = True
    return doubtful


@cache
def _matcher(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).fullmatch


@cache
def _is_device(text: str) -> bool:
    return re.fullmatch(DEVICE_PATTERN, text) is not None


def _outside(
    column: pa.Array | pa.ChunkedArray, allowed: Callable[[str], object], *, absent: bool = False
) -> Bools:
    """Mark rows whose text `allowed` refuses; `absent` says whether a missing one is marked too."""
    encoded = only_chunk(column).dictionary_encode()
    refused = np.array([not allowed(text) for text in encoded.dictionary.to_pylist()] + [absent])
    if not refused[:-1].any() and not (absent and encoded.null_count):
        return np.zeros(len(encoded), np.bool_)
    marked: Bools = refused[pc.fill_null(encoded.indices, len(refused) - 1).to_numpy(zero_copy_only=False)]
    return marked
