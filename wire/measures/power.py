"""Electricity: supply, circuits, the battery behind it, and the ports that charge vehicles."""

from wire.measures.model import EventField, EventKind, FrameClass
from wire.measures.rows import TEMPERATURE_SENTINELS, Rows

_ROWS = Rows("power")
_DIAL = (1_000_000,)
"""DL/T 645 and Eastron meters show up to 999,999.99 kWh."""

_NUT_WORDS = (
    "OL",
    "OB",
    "LB",
    "HB",
    "RB",
    "CHRG",
    "DISCHRG",
    "BYPASS",
    "CAL",
    "OFF",
    "OVER",
    "TRIM",
    "BOOST",
    "FSD",
    "ALARM",
    "TEST",
    "ECO",
    "COMM",
    "NOCOMM",
    "WAIT",
    "OTHER",
)
"""The words of ``ups.status`` in Network UPS Tools, docs/nut-names.txt and docs/new-drivers.txt."""

MEASURES = (
    _ROWS.gauge("voltage_v", "V", "float", (0, 300), "high", 15, 1, "电压", "Voltage, line to neutral"),
    _ROWS.gauge("current_a", "A", "float", (0, 100), "high", 15, 0.1, "电流", "Current"),
    _ROWS.gauge(
        "power_active_w", "W", "float", (-25_000, 75_000), "high", 15, 20, "有功功率", "Active power"
    ),
    _ROWS.gauge(
        "power_reactive_var", "var", "float", (-75_000, 75_000), None, 60, 50, "无功功率", "Reactive power"
    ),
    _ROWS.gauge(
        "power_apparent_va", "V.A", "float", (-75_000, 75_000), "high", 60, 50, "视在功率", "Apparent power"
    ),
    _ROWS.gauge("power_factor_ratio", "1", "float", (-1, 1), None, 60, 0.02, "功率因数", "Power factor"),
    _ROWS.gauge("frequency_hz", "Hz", "float", (45, 55), "both", 60, 0.05, "频率", "Frequency"),
    _ROWS.counter(
        "energy_import_kwh_total",
        "kW.h",
        "float",
        999_999.99,
        60,
        0.05,
        0.01,
        "累计用电量",
        "Energy used",
        moduli=_DIAL,
    ),
    _ROWS.counter(
        "energy_export_kwh_total",
        "kW.h",
        "float",
        999_999.99,
        300,
        0.05,
        0.01,
        "累计上网电量",
        "Energy fed back",
        moduli=_DIAL,
    ),
    _ROWS.gauge(
        "power_demand_max_w", "W", "float", (None, None), None, 900, 50, "最大需量", "Maximum demand"
    ),
    _ROWS.gauge(
        "voltage_thd_pct", "%", "float", (0, 50), "high", 300, 0.2, "电压总谐波畸变率", "Voltage distortion"
    ),
    _ROWS.gauge(
        "residual_current_ma", "mA", "float", (0, 3_000), "high", 30, 1, "剩余电流", "Residual current"
    ),
    _ROWS.flag("breaker_closed", 300, "断路器合闸", "Breaker closed"),
    _ROWS.gauge(
        "terminal_temp_celsius",
        "Cel",
        "float",
        (-20, 150),
        "high",
        60,
        0.5,
        "接线端温度",
        "Terminal temperature",
        sentinels=TEMPERATURE_SENTINELS,
    ),
    _ROWS.flag("mains_present", 60, "市电正常", "Mains present"),
    _ROWS.words("ups_status", _NUT_WORDS, 60, "不间断电源状态", "UPS status"),
    _ROWS.gauge("ups_charge_pct", "%", "float", (0, 100), "low", 60, 1, "UPS 电量", "UPS charge"),
    _ROWS.gauge("ups_load_pct", "%", "float", (0, 150), "high", 60, 1, "UPS 负载率", "UPS load"),
    _ROWS.gauge(
        "ups_runtime_s",
        "s",
        "int",
        (0, 86_400),
        "low",
        60,
        60,
        "UPS 剩余时间",
        "UPS runtime left",
        sentinels=(-1,),
    ),
    _ROWS.gauge(
        "ups_battery_v", "V", "float", (0, 60), "high", 300, 0.1, "UPS 电池电压", "UPS battery voltage"
    ),
    _ROWS.flag("planned_off", 300, "计划断电", "Switched off on schedule"),
    _ROWS.gauge(
        "charge_port_current_a", "A", "float", (0, 16), "high", 15, 0.1, "充电口电流", "Charge port current"
    ),
    _ROWS.gauge(
        "charge_port_temp_celsius",
        "Cel",
        "float",
        (-20, 120),
        "high",
        15,
        0.5,
        "充电口温度",
        "Charge port temperature",
        sentinels=TEMPERATURE_SENTINELS,
    ),
)

_CAUSE = EventField(
    "cause",
    "enum",
    "跳闸原因",
    "Cause",
    values=("overload", "short", "residual", "over_voltage", "under_voltage", "arc", "manual", "remote"),
)

FIELDS: tuple[EventField, ...] = (_CAUSE,)

EVENTS = (EventKind("power", "breaker_trip", FrameClass.EVENT, (_CAUSE,), "断路器跳闸", "Breaker tripped"),)
