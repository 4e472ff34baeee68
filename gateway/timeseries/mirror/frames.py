"""Samples and events, in the order of their frames."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gateway.timeseries.changes import corrected_since
from gateway.timeseries.mirror.lines import reading_lines
from gateway.timeseries.mirror.portion import POINTS_A_PORTION, Connect, Portion, as_lines, text_of
from gateway.timeseries.replay import present_columns, seen_upto
from wire import influx
from wire.influx import NS_A_MS, SLOTS_A_FRAME, Measurement, Policy
from wire.measures import DOMAINS, EVENTS

Ints = npt.NDArray[np.int64]

FEWEST_FRAMES = 100
MOST_FRAMES = 20_000
MOST_CHANGED = 1_000
"""Frames written anew at once because something in them was said again."""
_TAGS_A_LINE = 3

Since = Callable[[Policy], int]
"""From when on (ms) the mirror keeps a class of data now."""


class Frames:
    """New frames, by their running number."""

    name = "frames"

    def __init__(self, durable_upto: Callable[[], int], since: Since) -> None:
        self._durable_upto = durable_upto
        self._since = since
        self._at_once = FEWEST_FRAMES

    def read(self, connect: Connect, position: int) -> Portion | None:
        """Return the readings of the next frames, about as many values as fit a portion."""
        last = min(position + self._at_once, self._durable_upto())
        if last <= position:
            return None
        with connect() as cursor:
            seen = seen_upto(cursor, position, last)
            if seen is None:
                return None
            said = read_frames(cursor, f"BETWEEN {position + 1} AND {seen}", self._since)
        fit = POINTS_A_PORTION * (seen - position) // max(said.points, 1)
        self._at_once = min(max(fit, FEWEST_FRAMES), MOST_FRAMES, 4 * self._at_once)
        return said.portion(seen)


class Corrections:
    """Frames of which a reading was corrected, by the number of the correction."""

    name = "corrections"

    def __init__(self, since: Since) -> None:
        self._since = since

    def read(self, connect: Connect, position: int) -> Portion | None:
        """Return every reading of the frames that were corrected next."""
        with connect() as cursor:
            changed = corrected_since(cursor, position, MOST_CHANGED)
            if not changed:
                return None
            frames = _listed({one.frame for one in changed})
            return read_frames(cursor, frames, self._since, anew=True).portion(changed[-1].n)


class Replays:
    """Frames that got readings out of quarantine after they were stored, in the order of replaying."""

    name = "replays"

    def __init__(self, since: Since) -> None:
        self._since = since

    def read(self, connect: Connect, position: int) -> Portion | None:
        """Return every reading of the frames that were added to next."""
        asked = "SELECT rowid, frame FROM replayed WHERE rowid > ? ORDER BY rowid LIMIT ?"
        with connect() as cursor:
            rows = cursor.execute(asked, [position, MOST_CHANGED]).fetchall()
            if not rows:
                return None
            frames = {frame for _, frame in rows if frame is not None}
            said = read_frames(cursor, _listed(frames), self._since) if frames else Readings({}, 0, 0)
            return said.portion(rows[-1][0])


def _listed(frames: set[int]) -> str:
    return f"IN ({', '.join(map(str, sorted(frames)))})"


@dataclass(frozen=True, slots=True)
class Readings:
    """Lines of some frames by class, the values in them, and how many are too old for their class."""

    lines: dict[Policy, pa.StringArray]
    points: int
    outside: int

    def portion(self, upto: int) -> Portion:
        """Return them as what brings the mirror up to a position."""
        return Portion(self.lines, upto, self.points, self.outside)


def read_frames(
    cursor: duckdb.DuckDBPyConnection, which: str, since: Since, *, anew: bool = False
) -> Readings:
    """Return what the frames `which` (a condition on their number) have said; `anew` as for lines."""
    cursor.register("mirrored", _frames(cursor, which))
    parts: dict[Policy, list[pa.StringArray]] = {}
    outside = 0
    for measurement, domain, view, there in _views(present_columns(cursor)):
        kept = since(measurement.policy)
        of_frames = f"r.frame {which}"
        select = reading_lines(measurement, domain, view, there, f"{of_frames} AND r.ts >= {kept}", anew=anew)
        lines = as_lines(cursor.sql(select).to_arrow_table()["line"])
        if len(lines):
            parts.setdefault(measurement.policy, []).append(lines)
        outside += _older(cursor, view, of_frames, kept)
    cursor.unregister("mirrored")
    joined = {policy: as_lines(pa.chunked_array(arrays)) for policy, arrays in parts.items()}
    points = sum(text_of(lines).count(b"=") - _TAGS_A_LINE * len(lines) for lines in joined.values())
    return Readings(joined, points, outside)


def _views(present: dict[str, list[str]]) -> Iterator[tuple[Measurement, str, str, Sequence[str]]]:
    """Yield what is written from which view: what an event carries goes where samples go, too."""
    for domain in DOMAINS:
        for view in (f"{domain}_samples", f"{domain}_events"):
            if view in present:
                yield influx.readings(domain), domain, view, present[view]
        if EVENTS[domain] and f"{domain}_events" in present:
            yield influx.events(domain), domain, f"{domain}_events", present[f"{domain}_events"]


def _older(cursor: duckdb.DuckDBPyConnection, view: str, of_frames: str, since: int) -> int:
    asked = f"SELECT count(*) FROM {view} r WHERE {of_frames} AND r.ts < {since}"
    return int(cursor.execute(asked).fetchall()[0][0])


def _frames(cursor: duckdb.DuckDBPyConnection, which: str) -> pa.Table:
    """Return number, tags and slot of the frames."""
    frames = cursor.sql(
        f"SELECT frame, source, seq, digest FROM frames_raw r WHERE frame {which} ORDER BY frame"
    ).to_arrow_table()
    sources = cursor.execute(
        "SELECT id, region, station_id, stream FROM sources"
        f" WHERE id IN (SELECT source FROM frames_raw WHERE frame {which}) ORDER BY id"
    ).fetchall()
    tags = pa.array([f"region={region},station={station}" for _, region, station, _ in sources], pa.string())
    starts = np.array([influx.slot_of_frame(stream, 0) for *_, stream in sources], np.int64)
    of = np.searchsorted(np.array([number for number, *_ in sources], np.int64), frames["source"].to_numpy())
    slots = (starts[of] + SLOTS_A_FRAME * (_numbers(frames) % NS_A_MS)) % NS_A_MS
    return pa.table({"frame": frames["frame"], "tags": tags.take(pa.array(of)), "slot": slots})


def _numbers(frames: pa.Table) -> Ints:
    """Return the number that tells a frame from others of its stream; of best effort, out of its digest."""
    numbers: Ints = frames["seq"].fill_null(-1).to_numpy().astype(np.int64)
    for row in np.flatnonzero(numbers < 0).tolist():
        digest = frames["digest"][row].as_py()
        numbers[row] = int.from_bytes(digest[:4], "big") if digest else 0
    return numbers
