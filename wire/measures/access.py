"""Doors: their states, and what happened at them.

The kinds of event cover Hikvision's minor codes and BACnet's AccessEvent; no raw card bits, no faces.
"""

from wire.measures.model import EventField, EventKind, FrameClass
from wire.measures.rows import LARGEST, Rows
from wire.topics import SUBJECT_REF_PATTERN

_ROWS = Rows("access")

MEASURES = (
    _ROWS.choice("door_state", ("closed", "open", "unknown"), 60, "门状态", "Door"),
    _ROWS.choice("lock_state", ("locked", "unlocked", "fault", "unknown"), 60, "锁状态", "Lock"),
    _ROWS.choice(
        "door_mode",
        ("normal", "always_open", "always_closed", "fire_release", "maintenance"),
        300,
        "门模式",
        "Door mode",
        alarm_values=("fire_release",),
    ),
    _ROWS.gauge("door_open_s", "s", "int", (0, 86_400), "high", 10, 60, "门开启时长", "Door open for"),
    _ROWS.flag("door_tamper", 300, "门禁防拆", "Door tamper", alarm=True),
    _ROWS.counter("access_granted_total", "1", "int", LARGEST, 60, 0, 1, "累计放行次数", "Grants"),
    _ROWS.counter("access_denied_total", "1", "int", LARGEST, 60, 0, 1, "累计拒绝次数", "Denials"),
    _ROWS.flag("controller_online", 60, "门禁控制器在线", "Door controller online"),
    _ROWS.gauge(
        "controller_buffer_pct",
        "%",
        "float",
        (0, 100),
        "high",
        300,
        1,
        "控制器缓存占用",
        "Door controller buffer used",
    ),
    _ROWS.gauge(
        "controller_clock_offset_s",
        "s",
        "float",
        (-86_400, 86_400),
        "both",
        600,
        0.5,
        "控制器时钟偏差",
        "Door controller clock offset",
    ),
)

_PHASE = EventField("phase", "enum", "阶段", "Phase", values=("begin", "end"))
_REASON = EventField(
    "reason",
    "enum",
    "原因",
    "Reason",
    values=(
        "no_right",
        "expired",
        "unknown",
        "bad_time",
        "failed_match",
        "anti_passback",
        "auth_unavailable",
        "other",
    ),
)
_DIRECTION = EventField("direction", "enum", "方向", "Direction", values=("in", "out"))
_CREDENTIAL_KIND = EventField(
    "credential_kind",
    "enum",
    "凭证类型",
    "Credential",
    values=("qr", "member_code", "face", "id_card", "card", "password", "bluetooth", "remote", "key", "none"),
)
_SUBJECT_REF = EventField("subject_ref", "text", "匿名代号", "Pseudonym", pattern=SUBJECT_REF_PATTERN)
_OCCUPATION = EventField(
    "occupation",
    "enum",
    "职业类别",
    "Occupation",
    values=(
        "sanitation",
        "delivery_rider",
        "courier",
        "ride_hailing",
        "taxi",
        "truck",
        "traffic_police",
        "construction",
        "landscaping",
        "municipal",
        "designated_driver",
        "security",
        "other",
    ),
)

FIELDS: tuple[EventField, ...] = (_PHASE, _REASON, _DIRECTION, _CREDENTIAL_KIND, _SUBJECT_REF, _OCCUPATION)

_PERSON = (_DIRECTION, _CREDENTIAL_KIND, _SUBJECT_REF, _OCCUPATION)
_ATTEMPT = (_REASON, *_PERSON)
_LASTING = (_PHASE,)


def _alarm(name: str, fields: tuple[EventField, ...], zh: str, en: str) -> EventKind:
    return EventKind("access", name, FrameClass.ALARM, fields, zh, en)


def _event(name: str, fields: tuple[EventField, ...], zh: str, en: str) -> EventKind:
    return EventKind("access", name, FrameClass.EVENT, fields, zh, en)


EVENTS = (
    _event("granted", _PERSON, "放行", "Access granted"),
    _event("granted_no_entry", _PERSON, "放行未进入", "Granted, nobody entered"),
    _event("denied", _ATTEMPT, "拒绝", "Access denied"),
    _event("lockout", (_PHASE, *_ATTEMPT), "多次失败锁定", "Locked out after too many tries"),
    _event("exit_button", _LASTING, "出门按钮", "Exit button"),
    _event("door_opened", (_DIRECTION,), "门打开", "Door opened"),
    _event("door_closed", (), "门关闭", "Door closed"),
    _alarm("door_forced", _LASTING, "强行开门", "Door forced"),
    _event("door_held", _LASTING, "门超时未关", "Door held open"),
    _event("lock_open", _LASTING, "锁打开或常开", "Lock opened, or always open"),
    _event("lock_closed", _LASTING, "锁关闭或常闭", "Lock closed, or always closed"),
    _alarm("fire_release", _LASTING, "消防联动释放", "Fire release"),
    _event("tailgate", (_DIRECTION,), "尾随", "Tailgating"),
    _event("reverse", (_DIRECTION,), "反向通行", "Passage in the wrong direction"),
    _event("loiter", _LASTING, "逗留", "Loitering"),
    _alarm("tamper", _LASTING, "防拆报警", "Tampering"),
    _alarm("duress", _PERSON, "胁迫报警", "Duress"),
    _event("input_fault", _LASTING, "输入回路故障", "Input shorted or cut"),
    _event("buffer_nearly_full", _LASTING, "控制器缓存将满", "Door controller buffer nearly full"),
    _event("mains_off", _LASTING, "控制器断电", "Door controller without mains"),
    _event("battery_low", _LASTING, "控制器电池低", "Door controller battery low"),
    _event("mqtt_state", _LASTING, "控制器上报中断", "Door controller's own uplink lost"),
)
