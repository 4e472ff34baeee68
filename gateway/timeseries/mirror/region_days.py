"""Days of regions: what their stations come to together, summed up by the server, a region at a time.

By day, a month of 12,100 stations takes InfluxDB 1.6.7 a dozen seconds of CPU: too much for everybody who
opens a dashboard, and little now and then. The server has what came late as well, so its sums are asked for
again and nothing is remembered here.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import structlog

from gateway.domain.buckets import day_start
from gateway.domain.registry import DEFAULT_TZ
from gateway.timeseries.mirror.lines import line
from gateway.timeseries.mirror.portion import Connect, Portion, portion_of
from gateway.timeseries.mirror.refusals import Refused
from gateway.timeseries.mirror.server import Influx
from wire.influx import RAW, REGION_DAYS, ROLLUPS, STATIONS, VISITS, Tier, rollup

log = structlog.get_logger(__name__)

LEAST_MS, MOST_MS = 300_000, 3_600_000
"""Between the end of one round of all regions and the next, or the next try."""
SHARE = 100
"""The pause is so many times as long as the round was: beside other work, 14 s of 12,100 stations."""
DAYS = 32
"""A dashboard's month, and what comes late."""
_DAY_MS = 86_400_000
_MAIN = ' AND "device" =~ /^main(\\.l[1-3])?$/'
_SUMS = (
    (VISITS["1d"].name, "", {"visits": "visits", "low": "low", "high": "high"}),
    (rollup("power", Tier.DAY).name, _MAIN, {"energy_kwh": "energy_import_kwh_total_increase"}),
    (rollup("water", Tier.DAY).name, _MAIN, {"water_m3": "water_volume_m3_total_increase"}),
)
"""Measurement, which devices, and our field from its own."""


class RegionDays:
    """Sums of the last days, one region after the other; the server's trouble with them is nobody else's."""

    name = "region_days"

    def __init__(self, server: Influx, clock: Callable[[], int]) -> None:
        self._server, self._clock = server, clock
        self._began = self._due = 0
        self._waiting: deque[str] = deque()

    def read(self, connect: Connect, position: int) -> Portion | None:  # noqa: ARG002 - of the protocol
        """Return the days of the next region."""
        now = self._clock()
        try:
            if not self._waiting and now >= self._due:
                self._began, self._due = now, now + LEAST_MS
                self._waiting.extend(self._regions())
            if not self._waiting:
                return None
            days = list(self._lines(self._waiting.popleft(), now))
            self._due = now + min(max(SHARE * (now - self._began), LEAST_MS), MOST_MS)
            return portion_of(ROLLUPS, days, position)
        except Refused as refused:
            self._waiting.clear()
            self._due = now + LEAST_MS
            log.warning("region_days_not_summed", reason=str(refused), next="again in five minutes")
            return None

    def _regions(self) -> list[str]:
        asked = f'SHOW TAG VALUES FROM "{STATIONS.name}" WITH KEY = "region"'
        return [str(row["value"]) for rows in self._server.query(asked, RAW) for row in rows]

    def _lines(self, region: str, now: int) -> Iterator[str]:
        """Yield a line a day, from midnight on: half a day would be written over a whole one."""
        since = day_start(now - DAYS * _DAY_MS, ZoneInfo(DEFAULT_TZ))
        where = f"\"region\" = '{region}' AND time >= {since}ms AND time <= {now}ms"
        asked = "; ".join(_question(*one, where) for one in _SUMS)
        days: defaultdict[int, dict[str, object]] = defaultdict(dict)
        for rows in self._server.query(asked, ROLLUPS):
            for row in rows:
                days[row.pop("time")] |= row
        for at_ns, sums in days.items():
            said = line(REGION_DAYS, {"region": region}, sums, at_ns)
            yield from () if said is None else (said,)


def _question(measurement: str, devices: str, fields: dict[str, str], where: str) -> str:
    sums = ", ".join(f'sum("{theirs}") AS "{ours}"' for ours, theirs in fields.items())
    by = f"GROUP BY time(1d) fill(none) tz('{DEFAULT_TZ}')"
    return f'SELECT {sums} FROM "{measurement}" WHERE {where}{devices} {by}'
