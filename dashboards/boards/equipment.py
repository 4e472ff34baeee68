"""What a station has for people to use, and the box that reports all of it."""

from collections.abc import Mapping

from dashboards.influxql import BUCKET, call, select
from dashboards.limits import Limit, above, below, within
from dashboards.model import Colour, Figure, Panel, Query
from dashboards.parts import (
    HERE,
    PER_DEVICE,
    bands,
    chart,
    measure,
)
from dashboards.texts import name
from dashboards.units import figure_of
from dashboards.views import gauges, lines
from wire.influx import STATIONS, readings

MINUTE_S = 60
GOOD_OR_BAD: Mapping[str, Colour] = {
    "closed": "green",
    "open": "blue",
    "locked": "green",
    "unlocked": "blue",
    "fault": "red",
    "running": "blue",
    "standby": "green",
    "ready": "green",
    "removed": "red",
    "self_test_failed": "red",
    "battery_low": "orange",
    "pads_expired": "orange",
    "free": "green",
    "in_use": "blue",
    "overdue": "orange",
    "cool": "blue",
    "heat": "orange",
    "normal": "green",
    "alarm": "red",
    "maintenance": "purple",
    "planned_off": "purple",
    "commissioning": "purple",
}


def of_station(*names: str) -> tuple[Query, ...]:
    """Ask for what is known of the station as a whole, a series a name."""
    return tuple(
        Query(select(call(STATIONS, "last", one), STATIONS, HERE, (BUCKET,), "fill(null)"), name(one))
        for one in names
    )


def things() -> tuple[Panel, ...]:
    """Return the states of appliances, and what is left of supplies."""
    names = ["station_mode", "appliance_state", "hvac_mode", "locker_cell_state", "aed_status"]
    supplies = measure("facility", "consumable_level_pct")
    return (
        bands("things", "facility", *names, colours={**GOOD_OR_BAD, "open": "green"}, size=(24, 10)),
        Panel(
            "supplies",
            gauges(),
            12,
            7,
            queries=(
                Query(
                    select(
                        call(readings("facility"), "last", supplies.name),
                        readings("facility"),
                        HERE,
                        ("device",),
                    ),
                    PER_DEVICE,
                ),
            ),
            figure=figure_of(supplies, below(Limit("FA-07", "low", "orange"))),
            span="24h",
        ),
        chart(
            "fridge",
            "facility",
            "fridge_temp_celsius",
            steps=above(Limit("EN-11", "warm", "orange"), Limit("EN-11", "spoilt", "red")),
            size=(12, 7),
        ),
    )


def box() -> tuple[Panel, ...]:
    """Return the health of the agent's box, and of its data."""
    disk = above(Limit("AG-04", "high", "orange"), Limit("AG-04", "higher", "red"))
    heat = above(Limit("AG-15", "hot", "red"))
    link = within((Limit("AG-08", "lte", "orange"),), ())
    ages = above(Limit("AG-05", "least", "orange"))
    waiting = above(Limit("AG-09", "clear", "yellow"), Limit("AG-09", "old", "red"))
    return (
        chart("disk", "agent", "disk_used_pct", steps=disk),
        chart("box_heat", "agent", "soc_temp_celsius", steps=heat),
        chart("link", "agent", "link_rssi_dbm", steps=link),
        Panel(
            "waiting",
            lines(MINUTE_S, limits=True),
            8,
            8,
            queries=of_station("outbox_age_s"),
            figure=Figure("s", low=0, steps=waiting),
            least_s=MINUTE_S,
        ),
        chart("silent", "agent", "device_last_ok_age_s", function="max", steps=ages),
        Panel(
            "frames",
            lines(MINUTE_S),
            8,
            8,
            queries=of_station("frames_missing", "frames_late", "frames_gone", "frames_quarantined"),
            figure=Figure("none", low=0, decimals=0),
            least_s=MINUTE_S,
        ),
    )
