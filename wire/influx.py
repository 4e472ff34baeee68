"""The mirror in InfluxDB: every measurement with its policy, tags and field types, made from the measures.

The one place that names a measurement, a policy or a tag; who writes, and who reads by InfluxQL, asks here.
Types are fixed by the table, so that no two writers can ever disagree about a field.

What a reader has to know of the times: a sample's is its `ts` in ms plus a slot below a millisecond (see
`slot`), a roll-up's is the start of its bucket, all in UTC.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from wire.measures import DOMAINS, EVENT_FIELDS, EVENTS, MEASURES, Kind, Measure, ValueType

NS_A_MS = 1_000_000
OWN_STATION = "_gateway"
"""Station and region of what the gateway says of itself."""
HIDDEN = frozenset({"subject_ref"})
"""Fields that stay in the store of record: what could tell one visitor from another."""


class FieldType(StrEnum):
    """How InfluxDB keeps a field; the words of `SHOW FIELD KEYS`."""

    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    STRING = "string"


@dataclass(frozen=True, slots=True)
class Policy:
    """One class of data and how long it is kept; a shard is what goes at once when its time is over."""

    name: str
    keep_days: int
    shard_days: int


RAW = Policy("raw", 400, 7)
ACCESS = Policy("access", 30, 1)
ROLLUPS = Policy("rollups", 5 * 366, 28)
ALERTS = Policy("alerts", 2 * 366, 28)
POLICIES: tuple[Policy, ...] = (RAW, ACCESS, ROLLUPS, ALERTS)
"""13 months, 30 days, 5 years and 2 years (domain catalogue 6.2); the first is the database's default."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement: where it is kept, what its points are told apart by, and what they say."""

    name: str
    policy: Policy
    tags: tuple[str, ...]
    fields: Mapping[str, FieldType]

    @property
    def source(self) -> str:
        """How InfluxQL names it behind FROM: `"power"`, or `"rollups"."power_15m"` off the default policy."""
        return f'"{self.name}"' if self.policy is RAW else f'"{self.policy.name}"."{self.name}"'


class Tier(StrEnum):
    """How long the buckets of a roll-up are; a day is the station's own."""

    QUARTER = "15m"
    DAY = "1d"


_OF_STATION = ("region", "station")
_OF_DEVICE = (*_OF_STATION, "device")
_TYPES: Mapping[ValueType, FieldType] = {
    "int": FieldType.INTEGER,
    "float": FieldType.FLOAT,
    "bool": FieldType.BOOLEAN,
    "enum": FieldType.STRING,
    "words": FieldType.STRING,  # joined by a space
    "text": FieldType.STRING,
}


def slot(stream: str | None, seq: int | None, index: int) -> int:
    """Return the nanoseconds (0 to 999,999) that a reading's time gets beyond its millisecond.

    Two readings of one device in one millisecond both survive: those of one frame differ by their index,
    those of neighbouring frames by a stride wider than a frame has readings. Sent again, a reading lands on
    itself. `gateway.timeseries.mirror` has the same over columns.
    """
    return (slot_of_frame(stream, seq) + index) % NS_A_MS


SLOTS_A_FRAME = 4_099
"""Prime, and no divisor of a million: 243 frames in a row before the slots of two can meet."""


def slot_of_frame(stream: str | None, seq: int | None) -> int:
    """Return the slot of a frame's first reading; a frame without a number starts at its stream's."""
    return (zlib.crc32((stream or "").encode()) + SLOTS_A_FRAME * (seq or 0)) % NS_A_MS


def readings(domain: str) -> Measurement:
    """Return where every value of a domain goes, also one that came with an event.

    `quality` is there when it is not good, `suspect` names the fields outside their range, if any.
    """
    return MEASUREMENTS[domain]


def events(domain: str) -> Measurement:
    """Return where the events of a domain go; KeyError for one that has none."""
    return MEASUREMENTS[f"{domain}_events"]


def rollup(domain: str, tier: Tier) -> Measurement:
    """Return where the roll-ups of a domain go, one point a device and bucket."""
    return MEASUREMENTS[f"{domain}_{tier}"]


def rolled_fields(measure: Measure) -> Mapping[str, FieldType]:
    """Return the fields that one measure has in a roll-up.

    Numbers: least, most, mean weighted by time, last, and the seconds they cover; counters: how much they
    grew, and last; states: the seconds of each value, 0 where it did not occur in a bucket that is told.
    States without a closed list of values, such as texts and fault codes, are not rolled up.
    """
    name = measure.name
    if measure.kind is Kind.STATE:
        return {state_field(measure, value): FieldType.FLOAT for value in values_of(measure)}
    told = ("increase", "last") if measure.kind is Kind.COUNTER else ("min", "max", "mean", "last")
    return {f"{name}_{figure}": FieldType.FLOAT for figure in (*told, "covered_s")}


def values_of(measure: Measure) -> tuple[str, ...]:
    """Return the values of a state as roll-ups spell them; of a list, its words."""
    return ("true", "false") if measure.type == "bool" else measure.values


def state_field(measure: Measure, value: str) -> str:
    """Return the field of a roll-up that says for how many seconds a state held."""
    return f"{measure.name}_{value}_s"


def event_count(event: str) -> str:
    """Return the field of a roll-up that counts an event; one that lasts counts when it begins."""
    return f"{event}_count"


def _typed(names: str, kind: FieldType) -> dict[str, FieldType]:
    return dict.fromkeys(names.split(), kind)


def _integers(names: str) -> dict[str, FieldType]:
    return _typed(names, FieldType.INTEGER)


def _floats(names: str) -> dict[str, FieldType]:
    return _typed(names, FieldType.FLOAT)


def _strings(names: str) -> dict[str, FieldType]:
    return _typed(names, FieldType.STRING)


def _reading_fields(domain: str) -> dict[str, FieldType]:
    measures = {row.name: _TYPES[row.type] for row in MEASURES[domain].values()}
    return {**measures, **_strings("quality suspect")}


def _event_fields(domain: str) -> dict[str, FieldType]:
    of_kinds = (field for kind in EVENTS[domain].values() for field in kind.fields)
    said = {row.name: _TYPES[row.type] for row in (*EVENT_FIELDS[domain], *of_kinds)}
    shown = {name: kind for name, kind in said.items() if name not in HIDDEN}
    return {"event": FieldType.STRING, **shown, "quality": FieldType.STRING}


def _rollup_fields(domain: str) -> dict[str, FieldType]:
    fields = {name: kind for row in MEASURES[domain].values() for name, kind in rolled_fields(row).items()}
    return fields | {event_count(event): FieldType.INTEGER for event in EVENTS[domain]}


def _of_domains() -> Iterable[Measurement]:
    for domain in DOMAINS:
        yield Measurement(domain, RAW, _OF_DEVICE, _reading_fields(domain))
        if EVENTS[domain]:
            policy = ACCESS if domain == "access" else RAW
            yield Measurement(f"{domain}_events", policy, _OF_DEVICE, _event_fields(domain))
        for tier in Tier:
            yield Measurement(f"{domain}_{tier}", ROLLUPS, _OF_DEVICE, _rollup_fields(domain))


STATIONS = Measurement(
    "stations",
    RAW,
    _OF_STATION,
    _strings("state name_zh name_en profile agent_version")
    | _floats("lat lon last_seen_age_s energy_today_kwh water_today_l outbox_used_pct disk_used_pct")
    | _integers(
        "capacity people_inside open_p1 open_p2 open_p3 open_p4 visits_today outbox_depth_count outbox_age_s"
        " frames_received frames_late frames_missing frames_gone frames_quarantined"
    ),
)
"""Every station once a minute, also one that is silent. `today` is the station's own day up to now;
`frames_…` count since the station was first seen."""

REGION_TOTALS = Measurement(
    "regions",
    RAW,
    ("region",),
    _integers(
        "stations online late offline unknown open_p1 open_p2 open_p3 open_p4 people_inside visits_today"
    )
    | _floats("energy_today_kwh water_today_l"),
)
"""The stations of a region together, once a minute: how many are in each state, and sums of what they say.
Who asks for a country reads some hundred series here, and 12,100 of `stations`."""

WORST = Measurement(
    "worst",
    RAW,
    ("region", "place"),
    _strings("station name_zh name_en state")
    | _floats("lat lon last_seen_age_s")
    | _integers("open_p1 open_p2 open_p3 open_p4 people_inside visits_today outbox_age_s"),
)
"""The stations that need somebody first, once a minute. `place` is where one stands in its region, `0000` for
the worst: the newest point of each place is the list as it is, whoever stood there before."""

ALERT_TRANSITIONS = Measurement(
    "alerts",
    ALERTS,
    (*_OF_DEVICE, "rule", "severity"),
    _strings("alert_id change state value_text limit_text name_zh name_en runbook verdict")
    | _floats("value limit ack_s resolve_s"),
)
"""One point for everything that changes an alert; `change` is the journal's word, `state` the alert's after
it. One about a whole station has no device. `ack_s` and `resolve_s` are seconds since it opened, on the
points that acknowledge and resolve it."""

ALERT_MESSAGES = Measurement(
    "alert_journal",
    ALERTS,
    (*_OF_STATION, "rule", "severity", "change", "channel", "reason"),
    {**_integers("count"), **_strings("alert_id")},
)
"""Messages sent and failed, escalations, and what was kept from people and why; `count` is 1. A tag that
does not apply is not there."""

GATEWAY = Measurement(
    "gateway",
    RAW,
    _OF_STATION,
    _integers(
        "frames_total points_total duplicates_total acks_total quarantined_total dropped_total ignored_total"
        " messages_sent_total messages_failed_total inbox_bytes store_up broker_up stations_known"
        " mirror_lag_frames mirror_points_total mirror_refused_total"
    )
    | _floats("commit_seconds_total mirror_lag_s"),
)
"""The gateway's counters once a minute, counted since it started; its machine is in `agent`, as any box."""

QUARANTINE = Measurement("quarantine", RAW, (*_OF_STATION, "reason"), _integers("entries_total"))
"""What was quarantined since the gateway started, by reason, once a minute."""

VISITS: Mapping[str, Measurement] = MappingProxyType(
    {
        period: Measurement(
            f"visits_{period}",
            ROLLUPS,
            _OF_STATION,
            {**_floats("visits low high completeness"), **_strings("method")},
        )
        for period in ("1h", "1d", "1mo")
    }
)
"""Person-visits with their error band, per hour and the station's own day and month."""

REPORTS = Measurement(
    "reports",
    ROLLUPS,
    (*_OF_DEVICE, "kind", "period", "level", "measure", "by", "value", "severity", "rule"),
    _floats(
        "visits low high covered_s scheduled_s completeness mean_inside capacity share_of_capacity"
        " night_share energy_kwh energy_peak_kwh energy_flat_kwh energy_valley_kwh water_m3 energy_cost"
        " water_cost cost kwh_per_visit l_per_visit cost_per_visit availability scheduled_min usable_min"
        " unusable_min unheard_min planned_min repairs mttr_h amount entries share alerts acknowledged"
        " ack_median_s ack_longest_s resolved resolve_median_s judged false false_share"
    )
    | _strings("method note withdrawn")
    | _integers("version"),
)
"""Published reports, a point a row at the beginning of what it is about: `kind` as reports are asked for,
`period` a day, month or year, a region's total without a station. Figures have the units of the report's
columns, costs are CNY. A new version is written over the one before; a figure that it tells no more reads 0
and stands among the words of `withdrawn`."""

REGION_DAYS = Measurement("regions_1d", ROLLUPS, ("region",), _floats("visits low high energy_kwh water_m3"))
"""What the stations of a region come to in a day: visits and their bounds, and what main meters counted. Days
are those of the default time zone. What came late is in within the hour, of a small fleet within minutes."""

MEASUREMENTS: Mapping[str, Measurement] = MappingProxyType(
    {
        measurement.name: measurement
        for measurement in (
            *_of_domains(),
            STATIONS,
            REGION_TOTALS,
            WORST,
            REGION_DAYS,
            ALERT_TRANSITIONS,
            ALERT_MESSAGES,
            GATEWAY,
            QUARANTINE,
            *VISITS.values(),
            REPORTS,
        )
    }
)


def bucket(database: str, policy: Policy) -> str:
    """Return the name that is written to: InfluxDB 2 has it as a bucket, 1.8 reads it as `db/rp`."""
    return f"{database}/{policy.name}"
