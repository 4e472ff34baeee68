"""A store whose roll-ups hold what simulated stations said; and everything reports ask besides."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.domain.holidays import Holidays
from gateway.queries.reports.subjects import Subject
from gateway.queries.reports.visit_hours import Ledger
from gateway.timeseries.rollups import Rollups
from gateway.timeseries.store import Store
from tests.integration.api_support import batch_of

NOVEMBER = 1_793_462_400_000
"""2026-11-01T00:00+08:00."""
DAY = 86_400_000
HOUR = 3_600_000
MINUTE = 60_000
LEDGER = Ledger(Holidays())

Row = Mapping[str, Any]


class Lived:
    """A store to write readings into, which are rolled up when asked for."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path)
        self.store.open()
        self._rollups = Rollups(self.store)

    def write(self, station_id: str, domain: str, rows: Sequence[Row], *, events: bool = False) -> None:
        """Store the readings of a station as one frame."""
        self.store.consume([batch_of(self.store, station_id, domain, rows, events=events)])
        self.store.next_frame += 1

    def roll(self, now: int) -> None:
        """Bring the roll-ups up to date, as of ``now``."""
        while self._rollups.step(now, self.store.next_frame - 1):
            pass


@contextmanager
def lived_in(path: Path) -> Iterator[Lived]:
    """Open one for the length of a block."""
    lived = Lived(path / "store.duckdb")
    yield lived
    lived.store.close()


def station(station_id: str = "louxing-07", region: str = "louxing", **changed: Any) -> Subject:  # noqa: ANN401 - any field
    """Return a station that has always been there and never closes."""
    said: dict[str, Any] = {
        "zh": "驿站",
        "en": "Station",
        "tz": "Asia/Shanghai",
        "first_seen": 0,
        "spec": None,
    }
    return Subject(station_id=station_id, region=region, **{**said, **changed})


def counting(
    start: int, per_hour: Sequence[int], *, first: int = 1_000, device: str = "front-door"
) -> list[Row]:
    """Return a counter's readings, one a minute, that counts so many in each hour, half past."""
    rows: list[Row] = []
    total = first
    for n, count in enumerate(per_hour):
        for minute in range(60):
            total += count if minute == 30 else 0
            ts = start + n * HOUR + minute * MINUTE
            rows.append({"device": device, "ts": ts, "people_in_total": total, "people_out_total": total})
    return rows


def granted(start: int, per_hour: Sequence[int], kind: str = "qr", **more: object) -> list[Row]:
    """Return so many grants in each hour, all within its first minutes."""
    return [
        {
            "device": "front-door",
            "ts": start + n * HOUR + m * 1_000,
            "event": "granted",
            "credential_kind": kind,
        }
        | more
        for n, count in enumerate(per_hour)
        for m in range(count)
    ]


def guarded(start: int, hours: int) -> list[Row]:
    """Return a door controller's heartbeats, one a minute."""
    return [
        {"device": "front-door", "ts": start + m * MINUTE, "controller_online": True}
        for m in range(60 * hours)
    ]
