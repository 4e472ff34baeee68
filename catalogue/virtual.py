"""What rules may name beside the fields on the wire: figures of a station as a whole, and of the gateway.

Domain ``station``: worked out by the alert engine from frames, births and wills in order of receipt, so a
replay works them out alike. They belong to no device (rules about them are `per: station`) and count as
reported whenever they are worked out anew, at least once per heartbeat while the station is heard.
Domain ``platform``: measured by the gateway about itself and fed as readings of station `_gateway`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from wire.measures.model import EventKind, FrameClass, Measure
from wire.measures.rows import LARGEST, Rows

_S = Rows("station")
_P = Rows("platform")

STATION: tuple[Measure, ...] = (
    # from stations.yaml; known at any time
    _S.gauge("capacity", "1", "int", (1, 10_000), None, 86_400, 0, "容量", "Capacity"),
    _S.flag("open_now", 60, "按公示时间应开放", "Open by its published hours"),
    # the gateway's own count of people, from all doors, anchored again when everybody has left
    _S.gauge("people_inside_count", "1", "int", (-500, 500), None, 60, 0, "站内人数", "People inside"),
    _S.gauge(
        "people_inside_confidence_ratio",
        "1",
        "float",
        (0, 1),
        None,
        300,
        0,
        "站内人数置信度",
        "Confidence in it",
    ),
    # growth of people_in_total over all doors; where no door counts people, occurrences of access.granted
    _S.counter("visits_total", "1", "int", LARGEST, 60, 0, 1, "累计到访人次", "Visits, running total"),
    # how often a toilet or shower cubicle became occupied
    _S.counter(
        "cubicle_uses_total",
        "1",
        "int",
        LARGEST,
        60,
        0,
        1,
        "累计隔间使用次数",
        "Uses of cubicles, running total",
    ),
    # contract section 5; reported at every change
    _S.choice("state", ("online", "late", "offline", "unknown"), 90, "驿站连接状态", "State of the link"),
    # `sent` minus receipt of the newest live frame whose clock was set; positive: the station is ahead
    _S.gauge(
        "clock_skew_ms",
        "ms",
        "int",
        (None, None),
        None,
        60,
        0,
        "与平台的时钟差",
        "Clock against the platform's",
    ),
    # what that frame, whether set or not, says of its clock; one that nothing sets cannot say how wrong it is
    _S.flag("clock_set", 60, "时钟已校准", "Clock set"),
    # its newest birth, else its last frame, came in the region that stations.yaml says; told again and again
    # while it did not, else once
    _S.flag("region_as_listed", 60, "区域与登记一致", "In its listed region"),
    # readings in quarantine / all, over the last 10 minutes; unknown below 20 readings
    _S.gauge(
        "rejected_ratio", "1", "float", (0, 1), None, 60, 0, "被拒数据占比", "Share of rejected readings"
    ),
)

PLATFORM: tuple[Measure, ...] = (
    _P.flag("broker_connected", 30, "与消息代理相连", "Connected to the broker"),
    # per channel (the device): failed sends since the last that was delivered, over the last 10 minutes
    _P.gauge(
        "notify_errors_count", "1", "int", (0, None), None, 60, 0, "连续发送失败次数", "Sends failed in a row"
    ),
    _P.gauge(
        "engine_tick_age_s",
        "s",
        "float",
        (0, None),
        None,
        30,
        0,
        "规则引擎停顿",
        "Since the engine's last tick",
    ),
    # seconds since the daily test message went out while nobody has acknowledged it; 0 when it was
    _P.gauge(
        "test_message_waiting_s",
        "s",
        "int",
        (0, None),
        None,
        300,
        0,
        "每日测试消息未确认时长",
        "Daily test message unanswered",
    ),
    # receive minus reading time of live frames (the lane telemetry, clock set), 95th percentile of 5 minutes
    _P.gauge(
        "ingest_lag_p95_s",
        "s",
        "float",
        (0, None),
        None,
        60,
        0,
        "入库延迟 P95",
        "Ingest lag, 95th percentile",
    ),
    # age of the oldest stored frame that the mirror in InfluxDB lacks; 0 with all, unknown without one
    _P.gauge("mirror_lag_s", "s", "float", (0, None), None, 60, 0, "镜像库落后时长", "Mirror behind by"),
)

OBSERVED = frozenset(
    {"station.region_as_listed", "station.rejected_ratio", *(f"platform.{one.name}" for one in PLATFORM)}
)
"""Those that are measured beside the wire; the others the alert engine works out itself."""

_EVENTS = (
    # a frame or birth was received
    ("heard", "收到数据", "frame or birth"),
    # a live birth was received
    ("birth", "上线", "birth"),
    # the last will of its newest session was received
    ("lost", "失联", "last will"),
    # it said that it stops
    ("stopped", "正常停机", "clean stop"),
    # a birth with a boot_id never seen from it before; the first ever is none
    ("boot", "重启", "restart"),
    # a live birth whose boot_id is not its newest but was live in the last 10 minutes
    ("boot_returned", "旧启动重新上线", "return of an earlier boot"),
    # visits_total rose
    ("visit", "到访", "visit"),
)

VIRTUAL_MEASURES: Mapping[str, Mapping[str, Measure]] = MappingProxyType(
    {
        "station": MappingProxyType({one.name: one for one in STATION}),
        "platform": MappingProxyType({one.name: one for one in PLATFORM}),
    }
)
VIRTUAL_EVENTS: Mapping[str, Mapping[str, EventKind]] = MappingProxyType(
    {
        "station": MappingProxyType(
            {name: EventKind("station", name, FrameClass.EVENT, (), zh, en) for name, zh, en in _EVENTS}
        )
    }
)
"""Happenings of a station, at the time the gateway received them; `visit` at its reading time."""
