"""Water: how much, how hot, how hard it presses, and where it should not be."""

from wire.measures.model import EventField, EventKind
from wire.measures.rows import BYTE_SENTINELS, TEMPERATURE_SENTINELS, WORD_SENTINELS, Rows

_ROWS = Rows("water")
_DIAL = (1_000_000,)
"""CJ/T 188 meters show XXXXXX.XX m3."""

MEASURES = (
    _ROWS.counter(
        "water_volume_m3_total",
        "m3",
        "float",
        999_999.999,
        60,
        0.01,
        0.001,
        "累计用水量",
        "Water used",
        moduli=_DIAL,
    ),
    _ROWS.counter(
        "water_reverse_m3_total",
        "m3",
        "float",
        999_999.999,
        600,
        0.01,
        0.001,
        "累计反向水量",
        "Water run backwards",
        moduli=_DIAL,
    ),
    _ROWS.gauge("water_flow_l_per_min", "L/min", "float", (-5, 120), "high", 30, 0.2, "水流量", "Water flow"),
    _ROWS.gauge(
        "water_pressure_kpa",
        "kPa",
        "float",
        (0, 1_000),
        "both",
        30,
        10,
        "水压",
        "Water pressure",
        sentinels=WORD_SENTINELS,
    ),
    _ROWS.gauge(
        "water_temp_celsius",
        "Cel",
        "float",
        (-20, 100),
        "both",
        60,
        0.5,
        "水温",
        "Water temperature",
        sentinels=TEMPERATURE_SENTINELS,
    ),
    _ROWS.flag("leak_detected", 60, "漏水", "Leak", alarm=True),
    _ROWS.gauge(
        "leak_position_m", "m", "float", (0, 200), None, 60, 0.5, "漏水位置", "Leak position along the cable"
    ),
    _ROWS.choice("valve_state", ("open", "closed", "moving", "fault"), 300, "阀门状态", "Valve"),
    _ROWS.flag("pipe_empty", 300, "空管", "Pipe empty"),
    _ROWS.gauge(
        "dispenser_hot_celsius",
        "Cel",
        "float",
        (0, 105),
        "high",
        60,
        1,
        "饮水机热水温度",
        "Dispenser hot water",
        sentinels=TEMPERATURE_SENTINELS,
    ),
    _ROWS.counter(
        "dispenser_dispensed_l_total", "L", "float", None, 300, 0.5, 0.1, "饮水机累计出水", "Water dispensed"
    ),
    _ROWS.gauge(
        "dispenser_filter_life_pct",
        "%",
        "float",
        (0, 100),
        "low",
        3_600,
        1,
        "滤芯寿命",
        "Filter life left",
        sentinels=BYTE_SENTINELS,
    ),
    _ROWS.gauge(
        "dispenser_tds_mg_per_l",
        "mg/L",
        "float",
        (0, 2_000),
        "high",
        600,
        5,
        "溶解性总固体",
        "Dissolved solids",
        sentinels=WORD_SENTINELS,
    ),
    _ROWS.code("dispenser_fault_code", 65_535, 600, "饮水机故障码", "Dispenser fault code"),
    _ROWS.gauge(
        "tank_level_pct",
        "%",
        "float",
        (0, 100),
        "both",
        300,
        1,
        "水箱液位",
        "Tank level",
        sentinels=BYTE_SENTINELS,
    ),
    _ROWS.flag("water_meter_battery_low", 3_600, "水表电池低", "Water meter battery low"),
)

FIELDS: tuple[EventField, ...] = ()

EVENTS: tuple[EventKind, ...] = ()
