"""What a station lives on: its water, its power and its air."""

from dashboards.influxql import CIRCUITS, DEVICE, MAIN
from dashboards.limits import Limit, above, below, within
from dashboards.model import Panel, Text
from dashboards.parts import (
    HERE,
    chart,
    measure,
    per_device,
)
from dashboards.units import figure_of
from dashboards.views import lines

MINUTE_S = 60


def water() -> tuple[Panel, ...]:
    """Return flow, pressure and temperature."""
    flow = above(Limit("WA-03", "trickle", "yellow"), Limit("WA-02", "burst", "red"))
    pressure = within(
        (Limit("WA-06", "gone", "red"), Limit("WA-07", "low", "orange")), (Limit("WA-07", "high", "orange"),)
    )
    frost = below(Limit("WA-12", "colder", "red"), Limit("WA-12", "cold", "orange"))
    return (
        chart("flow", "water", "water_flow_l_per_min", function="max", steps=flow),
        chart("pressure", "water", "water_pressure_kpa", function="min", steps=pressure),
        chart("water_temperature", "water", "water_temp_celsius", steps=frost),
    )


def power() -> tuple[Panel, ...]:
    """Return power by phase and circuit, and what endangers either."""
    volts = within(
        (Limit("PW-04", "lowest", "red"), Limit("PW-04", "low", "orange")),
        (Limit("PW-05", "high", "orange"), Limit("PW-05", "highest", "red")),
    )
    leakage = above(Limit("PW-09", "main", "orange"), Limit("PW-09", "main_fire", "red"))
    heat = above(Limit("PW-08", "hot", "orange"), Limit("PW-08", "hottest", "red"))
    active = measure("power", "power_active_w").heartbeat_s
    return (
        chart(
            "phases",
            "power",
            "power_active_w",
            where=(*HERE, MAIN),
            view=lines(active, fill=20, stacked=True),
        ),
        chart(
            "circuits",
            "power",
            "power_active_w",
            where=(*HERE, CIRCUITS, DEVICE),
            view=lines(active, fill=10),
        ),
        chart("voltage", "power", "voltage_v", where=(*HERE, DEVICE), steps=volts),
        chart("current", "power", "current_a", where=(*HERE, DEVICE)),
        chart("leakage", "power", "residual_current_ma", function="max", steps=leakage),
        chart("terminals", "power", "terminal_temp_celsius", function="max", steps=heat),
    )


def air() -> tuple[Panel, ...]:
    """Return what people breathe, see and hear."""
    co2 = above(Limit("EN-04", "hour_mean", "yellow"), Limit("EN-04", "stale", "red"))
    dust = above(Limit("EN-10", "high", "orange"))
    outdoor = measure("environment", "outdoor_temp_celsius")
    temperature = (
        per_device("environment", "air_temp_celsius"),
        per_device("environment", outdoor.name, legend=Text(outdoor.zh, outdoor.en)),
    )
    return (
        Panel(
            "temperature",
            lines(outdoor.heartbeat_s),
            8,
            8,
            queries=temperature,
            figure=figure_of(outdoor),
            least_s=MINUTE_S,
        ),
        chart("co2", "environment", "co2_ppm", steps=co2),
        chart("humidity", "environment", "humidity_pct", steps=above(Limit("EN-08", "high", "orange"))),
        chart("dust", "environment", "pm2_5_ug_per_m3", steps=dust),
        chart("light", "environment", "illuminance_lux"),
        chart("noise", "environment", "noise_db"),
    )
