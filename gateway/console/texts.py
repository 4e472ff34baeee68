"""Every text of the pages, in both languages; those of measures and events stand with their rows."""

from collections.abc import Callable, Mapping
from typing import Literal

from gateway.console.alert_texts import ALERT_TEXTS
from gateway.console.correction_texts import CORRECTION_TEXTS
from gateway.console.duty_texts import DUTY_TEXTS
from wire.measures import EVENT_FIELDS, EVENTS, MEASURES

Lang = Literal["zh", "en"]

TEXTS: Mapping[str, tuple[str, str]] = {
    **ALERT_TEXTS,
    **CORRECTION_TEXTS,
    **DUTY_TEXTS,
    "title": ("驿站", "Yizhan"),
    "fleet": ("全部驿站", "All stations"),
    "language": ("English", "中文"),
    "station": ("驿站", "Station"),
    "region": ("区域", "Region"),
    "state": ("状态", "State"),
    "last_seen": ("最近数据", "Last heard"),
    "inside": ("站内人数", "People inside"),
    "of_capacity": ("{inside} / {capacity}", "{inside} of {capacity}"),
    "alerts": ("未关闭告警", "Open alerts"),
    "none_open": ("无", "none"),
    "online": ("在线", "online"),
    "late": ("迟到", "late"),
    "offline": ("离线", "offline"),
    "unknown": ("未知", "unknown"),
    "all": ("全部", "all"),
    "never": ("从未收到", "never"),
    "no_count": ("无计数", "not counted"),
    "ago_s": ("{n} 秒前", "{n} s ago"),
    "ago_min": ("{n} 分钟前", "{n} min ago"),
    "ago_h": ("{n} 小时前", "{n} h ago"),
    "ago_d": ("{n} 天前", "{n} d ago"),
    "as_of": ("截至 {time}，每 10 秒自动刷新", "As of {time}, refreshed every 10 s"),
    "empty": ("还没有收到任何驿站的数据", "No station heard yet"),
    "empty_what": (
        "把一台驿站代理连到消息服务器，或先用模拟驿站试一试：",
        "Connect a station's agent to the broker, or try a simulated station first:",
    ),
    "empty_then": (
        "驿站发出第一条数据后几秒内会出现在这里。",
        "A station shows up here seconds after its first message.",
    ),
    "none_match": ("没有符合条件的驿站", "No station is in this state"),
    "next_page": ("下一页", "Next page"),
    "first_page": ("回到第一页", "First page"),
    "devices": ("设备", "Devices"),
    "device": ("设备", "Device"),
    "domain": ("类别", "Domain"),
    "values": ("最近读数", "Latest values"),
    "no_devices": ("这个驿站还没有发来读数", "This station has sent no readings yet"),
    "suspect": ("超出合理范围", "outside its plausible range"),
    "profile": ("类型", "Profile"),
    "urban_kiosk": ("城市小站", "urban kiosk"),
    "urban_standard": ("城市标准站", "urban standard"),
    "public_hall": ("服务大厅", "public hall"),
    "trucker_home": ("司机之家", "trucker home"),
    "delivery": ("送达方式", "Delivery"),
    "acknowledged": ("逐帧确认", "acknowledged"),
    "best_effort": ("尽力送达", "best effort"),
    "drift": ("计数漂移", "Counting drift"),
    "drift_of": ("每百人次 {n}", "{n} per 100 entries"),
    "anchored": ("上次归零", "Last anchored"),
    "completeness": ("数据帧", "Frames"),
    "received": ("收到", "received"),
    "duplicate": ("重复", "duplicate"),
    "gone": ("站端丢弃", "gone"),
    "missing": ("缺失", "missing"),
    "quarantined": ("隔离", "quarantined"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "occupancy": ("人员", "occupancy"),
    "access": ("门禁", "access"),
    "water": ("用水", "water"),
    "power": ("用电", "power"),
    "environment": ("环境", "environment"),
    "facility": ("设施", "facilities"),
    "agent": ("站端代理", "agent"),
    "event": ("事件", "Event"),
    "not_found": ("没有这个驿站", "There is no such station"),
    "not_found_what": (
        "驿站 {station_id} 不在名单里，也从未发来数据。请检查编号。",
        "Station {station_id} is neither listed nor was it ever heard. Check its id.",
    ),
    "sign_in": (
        "请登录：用户名任意，密码为访问令牌。",
        "Sign in: any user name, and your token as the password.",
    ),
}
"""(zh, en) by key."""

Translate = Callable[..., str]


def choose_language(asked: str | None, accepted: str) -> Lang:
    """Return the language asked for in the address, else the browser's first of ours, else Chinese."""
    if asked in {"zh", "en"}:
        return "zh" if asked == "zh" else "en"
    ranked = sorted(map(_ranked, accepted.split(",")), reverse=True)
    for _, name in ranked:
        if name[:2] in {"zh", "en"}:
            return "zh" if name[:2] == "zh" else "en"
    return "zh"


def translator(lang: Lang) -> Translate:
    """Return the function that pages look texts up with; KeyError for a text that is nowhere."""
    place = 0 if lang == "zh" else 1

    def translate(key: str, **values: object) -> str:
        return TEXTS[key][place].format(**values)

    return translate


def word_name(kind: str, word: str, lang: Lang) -> str:
    """Return what people call a word of a closed list: an entry of the journal, a reason; else the word."""
    key = f"{kind}_{word}"
    return translator(lang)(key) if key in TEXTS else word


def field_name(domain: str, name: str, lang: Lang) -> str:
    """Return what people call a field of a reading."""
    if name == "event":
        return translator(lang)("event")
    row = MEASURES[domain].get(name) or next((f for f in EVENT_FIELDS[domain] if f.name == name), None)
    return name if row is None else (row.zh if lang == "zh" else row.en)


def event_name(domain: str, name: str, lang: Lang) -> str:
    """Return what people call an event."""
    kind = EVENTS[domain].get(name)
    return name if kind is None else (kind.zh if lang == "zh" else kind.en)


def _ranked(part: str) -> tuple[float, str]:
    name, _, quality = part.strip().partition(";q=")
    try:
        return float(quality or 1), name.lower()
    except ValueError:
        return 0.0, name.lower()
