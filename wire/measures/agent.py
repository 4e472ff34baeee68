"""The box itself: its machine, clock, link, outbox and devices."""

from wire.measures.model import EventField, EventKind, FrameClass
from wire.measures.rows import BITS_32, BYTE_SENTINELS, LARGEST, TEMPERATURE_SENTINELS, Rows
from wire.topics import ULID_PATTERN

VERSION_PATTERN = r"^[vV]?[0-9]{1,4}(\.[0-9]{1,4}){1,3}([.+-]?[a-z]{1,5}\.?[0-9]{0,4})?$"
"""A release such as 0.1.0, 1.2.3rc1 or v2.0-r3, and too narrow for a name or a telephone number."""

_CONFIG_HASH_PATTERN = "^[0-9a-f]{64}$"
"""SHA-256; anything shorter has room for a card number."""

_ROWS = Rows("agent")

MEASURES = (
    _ROWS.gauge("uptime_s", "s", "int", (0, None), None, 60, 3_600, "运行时长", "Uptime"),
    _ROWS.gauge(
        "clock_offset_ms",
        "ms",
        "float",
        (-1_000_000_000, 1_000_000_000),
        "both",
        60,
        100,
        "时钟偏差",
        "Clock offset",
    ),
    _ROWS.flag("clock_synced", 300, "时钟已同步", "Clock synchronised"),
    _ROWS.gauge("cpu_pct", "%", "float", (0, 100), "high", 60, 10, "处理器占用", "CPU used"),
    _ROWS.gauge("mem_used_pct", "%", "float", (0, 100), "high", 60, 2, "内存占用", "Memory used"),
    _ROWS.gauge("disk_used_pct", "%", "float", (0, 100), "high", 60, 1, "磁盘占用", "Disk used"),
    _ROWS.counter(
        "disk_write_gb_total", "GBy", "float", None, 3_600, 0.1, 0.001, "累计写盘量", "Data written to disk"
    ),
    _ROWS.gauge(
        "soc_temp_celsius",
        "Cel",
        "float",
        (-20, 110),
        "high",
        60,
        1,
        "芯片温度",
        "Chip temperature",
        sentinels=TEMPERATURE_SENTINELS,
    ),
    _ROWS.choice("link_kind", ("eth", "lte", "wifi"), 60, "联网方式", "Link"),
    _ROWS.gauge("link_rssi_dbm", "dB[mW]", "float", (-140, 0), "low", 60, 3, "信号强度", "Signal strength"),
    _ROWS.counter(
        "mqtt_reconnects_total",
        "1",
        "int",
        BITS_32 - 1,
        60,
        0,
        1,
        "累计重连次数",
        "Reconnects",
        moduli=(BITS_32,),
    ),
    _ROWS.gauge(
        "outbox_depth_count", "1", "int", (0, BITS_32 - 1), "high", 30, 10, "待确认帧数", "Frames waiting"
    ),
    _ROWS.gauge(
        "outbox_age_s",
        "s",
        "int",
        (0, BITS_32 - 1),
        "high",
        30,
        60,
        "最久待确认时长",
        "Oldest frame waiting for",
    ),
    _ROWS.gauge("outbox_used_pct", "%", "float", (0, 100), "high", 60, 1, "发件箱占用", "Outbox space used"),
    _ROWS.gauge(
        "outbox_parked_count", "1", "int", (0, BITS_32 - 1), "high", 60, 0, "搁置帧数", "Frames parked"
    ),
    _ROWS.counter("frames_resent_total", "1", "int", LARGEST, 60, 10, 1, "累计重发帧数", "Frames sent again"),
    _ROWS.counter("publish_dropped_total", "1", "int", LARGEST, 60, 0, 1, "累计丢弃帧数", "Frames dropped"),
    _ROWS.counter(
        "foreign_gateway_total",
        "1",
        "int",
        LARGEST,
        60,
        0,
        1,
        "累计他网关消息",
        "Messages of another gateway ignored",
    ),
    _ROWS.counter("device_poll_errors_total", "1", "int", LARGEST, 60, 10, 1, "累计采集错误", "Poll errors"),
    _ROWS.gauge(
        "device_last_ok_age_s", "s", "int", (0, None), None, 60, 60, "距上次采集成功", "Since last good poll"
    ),
    _ROWS.gauge(
        "device_battery_pct",
        "%",
        "float",
        (0, 100),
        "low",
        3_600,
        1,
        "设备电量",
        "Device battery",
        sentinels=BYTE_SENTINELS,
    ),
    _ROWS.gauge(
        "device_battery_v", "V", "float", (0, 5), "low", 3_600, 0.05, "设备电池电压", "Device battery voltage"
    ),
    _ROWS.gauge(
        "cert_expiry_days",
        "d",
        "int",
        (-3_650, 3_650),
        "low",
        86_400,
        0,
        "证书剩余天数",
        "Days to certificate expiry",
    ),
    _ROWS.text("config_hash", _CONFIG_HASH_PATTERN, 86_400, "配置摘要", "Configuration hash"),
    _ROWS.text("agent_version", VERSION_PATTERN, 86_400, "程序版本", "Agent version"),
)

_BOOT_ID = EventField("boot_id", "text", "启动编号", "Boot", pattern=ULID_PATTERN)
_VERSION = EventField("version", "text", "程序版本", "Version", pattern=VERSION_PATTERN)

FIELDS: tuple[EventField, ...] = (_BOOT_ID, _VERSION)

# A heartbeat is worth nothing an hour later: as an event it would outlive the samples in a full outbox.
EVENTS = (EventKind("agent", "heartbeat", FrameClass.SAMPLE, FIELDS, "心跳", "Heartbeat"),)
