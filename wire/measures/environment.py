"""Air, light, noise and fire."""

from wire.measures.model import EventField, EventKind
from wire.measures.rows import TEMPERATURE_SENTINELS, WORD_SENTINELS, Rows

_ROWS = Rows("environment")

_NH3_SENTINELS = (655.34, 655.35, 65_534, 65_535)
_H2S_SENTINELS = (65.534, 65.535, 65_534, 65_535)
"""0xFFFE while the cell polarises, 0xFFFF when it failed; 0.01 and 0.001 ppm a step (Milesight GS301)."""

_CO_ALARM_PPM = 30
"""The lowest band of EN 50291: 30 ppm for 120 minutes."""

MEASURES = (
    _ROWS.gauge(
        "air_temp_celsius",
        "Cel",
        "float",
        (-40, 60),
        "both",
        60,
        0.2,
        "室温",
        "Air temperature",
        sentinels=TEMPERATURE_SENTINELS,
    ),
    _ROWS.gauge(
        "outdoor_temp_celsius",
        "Cel",
        "float",
        (-45, 55),
        "both",
        300,
        0.3,
        "室外温度",
        "Outdoor temperature",
        sentinels=TEMPERATURE_SENTINELS,
    ),
    _ROWS.gauge(
        "humidity_pct",
        "%",
        "float",
        (0, 100),
        "high",
        60,
        1,
        "相对湿度",
        "Relative humidity",
        sentinels=(127.5, 255, 6553.5),
    ),
    _ROWS.gauge(
        "co2_ppm",
        "[ppm]",
        "int",
        (300, 10_000),
        "high",
        60,
        25,
        "二氧化碳",
        "Carbon dioxide",
        sentinels=(65_534, 65_535),
    ),
    _ROWS.gauge(
        "co_ppm",
        "[ppm]",
        "float",
        (0, 1_000),
        "high",
        30,
        1,
        "一氧化碳",
        "Carbon monoxide",
        sentinels=WORD_SENTINELS,
        alarm_above=_CO_ALARM_PPM,
    ),
    _ROWS.gauge(
        "pm2_5_ug_per_m3",
        "ug/m3",
        "float",
        (0, 1_000),
        "high",
        300,
        5,
        "PM2.5",
        "PM2.5",
        sentinels=WORD_SENTINELS,
    ),
    _ROWS.gauge(
        "nh3_ppm", "[ppm]", "float", (0, 100), "high", 600, 0.1, "氨", "Ammonia", sentinels=_NH3_SENTINELS
    ),
    _ROWS.gauge(
        "h2s_ppm",
        "[ppm]",
        "float",
        (0, 50),
        "high",
        600,
        0.02,
        "硫化氢",
        "Hydrogen sulphide",
        sentinels=_H2S_SENTINELS,
    ),
    _ROWS.gauge("illuminance_lux", "lx", "float", (0, 100_000), None, 300, 20, "照度", "Illuminance"),
    _ROWS.gauge("noise_db", "dB[SPL]", "float", (20, 120), None, 300, 3, "噪声", "Noise level"),
    _ROWS.choice(
        "smoke_alarm",
        ("normal", "alarm", "test", "fault", "removed"),
        3_600,
        "烟感",
        "Smoke detector",
        alarm_values=("alarm",),
    ),
    _ROWS.flag("heat_alarm", 3_600, "温感报警", "Heat alarm", alarm=True),
)

FIELDS: tuple[EventField, ...] = ()

EVENTS: tuple[EventKind, ...] = ()
