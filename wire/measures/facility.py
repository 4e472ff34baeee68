"""What the station offers: appliances, lockers, supplies, and what visitors say of them."""

from wire.measures.model import EventField, EventKind, FrameClass
from wire.measures.rows import BITS_32, BYTE_SENTINELS, TEMPERATURE_SENTINELS, Rows

_ROWS = Rows("facility")

MEASURES = (
    _ROWS.choice(
        "hvac_mode", ("off", "cool", "heat", "fan", "dry", "auto"), 300, "空调模式", "Air conditioner mode"
    ),
    _ROWS.flag("hvac_on", 300, "空调运行", "Air conditioner on"),
    _ROWS.gauge(
        "hvac_setpoint_celsius",
        "Cel",
        "float",
        (16, 30),
        None,
        600,
        0.5,
        "空调设定温度",
        "Air conditioner set-point",
    ),
    _ROWS.gauge(
        "hvac_power_w", "W", "float", (0, 6_000), "high", 15, 20, "空调功率", "Air conditioner power"
    ),
    _ROWS.choice("appliance_state", ("off", "standby", "running", "fault"), 300, "电器状态", "Appliance"),
    _ROWS.counter(
        "appliance_cycles_total",
        "1",
        "int",
        BITS_32 - 1,
        600,
        0,
        1,
        "电器累计使用次数",
        "Appliance uses",
        moduli=(BITS_32,),
    ),
    _ROWS.gauge(
        "fridge_temp_celsius",
        "Cel",
        "float",
        (-30, 40),
        "high",
        120,
        0.3,
        "冰箱温度",
        "Fridge temperature",
        sentinels=TEMPERATURE_SENTINELS,
    ),
    _ROWS.choice("locker_cell_state", ("free", "in_use", "overdue", "fault"), 600, "柜格状态", "Locker cell"),
    _ROWS.gauge(
        "medicine_expiry_days",
        "d",
        "int",
        (-365, 1_825),
        "low",
        86_400,
        0,
        "药品距过期天数",
        "Days to medicine expiry",
    ),
    _ROWS.choice(
        "aed_status",
        ("ready", "self_test_failed", "battery_low", "pads_expired", "removed"),
        86_400,
        "除颤器状态",
        "Defibrillator",
    ),
    _ROWS.gauge(
        "consumable_level_pct",
        "%",
        "float",
        (0, 100),
        "low",
        3_600,
        5,
        "耗材余量",
        "Supplies left",
        sentinels=BYTE_SENTINELS,
    ),
    _ROWS.flag("kiosk_online", 300, "服务终端在线", "Kiosk online"),
    _ROWS.gauge("wifi_clients_count", "1", "int", (0, 255), None, 300, 1, "无线终端数", "WiFi clients"),
    _ROWS.choice(
        "station_mode",
        ("open", "closed", "planned_off", "maintenance", "commissioning"),
        300,
        "驿站状态",
        "Station mode",
    ),
)

_CELL = EventField("cell", "int", "柜格编号", "Cell", low=1, high=999)
_ACTION = EventField(
    "action", "enum", "动作", "Action", values=("deposit", "collect", "release"), required=True
)
_CATEGORY = EventField(
    "category",
    "enum",
    "反馈类别",
    "Category",
    values=(
        "cleanliness",
        "equipment",
        "supplies",
        "opening",
        "comfort",
        "safety",
        "service",
        "praise",
        "other",
    ),
)
_SCORE = EventField("score", "int", "评分", "Score", low=1, high=5)

FIELDS: tuple[EventField, ...] = (_CELL, _ACTION, _CATEGORY, _SCORE)

EVENTS = (
    EventKind("facility", "locker_use", FrameClass.EVENT, (_CELL, _ACTION), "使用储物柜", "Locker used"),
    EventKind("facility", "medicine_box_opened", FrameClass.EVENT, (), "药箱打开", "Medicine box opened"),
    EventKind("facility", "feedback", FrameClass.EVENT, (_CATEGORY, _SCORE), "访客反馈", "Feedback"),
)
