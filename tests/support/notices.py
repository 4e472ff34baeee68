"""Alerts and messages for tests of what people are told."""

from ulid import ULID

from gateway.notify.notifier import Kind, Message, Notice
from wire.measures.words import Name

NOW = 1_767_000_000_000
"""2025-12-29 17:20:00 in Shanghai."""

MINUTE_MS = 60_000
STATION = Name("港桥惠工驿站", "Gangqiao rest station")
OVERSTAY = Name("淋浴间超时滞留", "Shower occupied too long")
ACTION = Name(
    "请立即喊话，2 分钟无应答到场并拨 120",
    "Call through the speaker; no answer in 2 min: send the nearest person, then dial 120",
)


def alert_id(number: int = 1) -> str:
    """Return the same ULID for the same number."""
    return str(ULID.from_bytes(NOW.to_bytes(6, "big") + number.to_bytes(10, "big")))


def notice(number: int = 1, **changes: object) -> Notice:
    """Return an alert of a shower that has been occupied for too long."""
    facts: dict[str, object] = {
        "alert_id": alert_id(number),
        "severity": "P1",
        "rule": "OC-03",
        "name": OVERSTAY,
        "station_id": "gangqiao",
        "station": STATION,
        "tz": "Asia/Shanghai",
        "opened": NOW - 31 * MINUTE_MS,
        "first_action": ACTION,
        "device": "shower-2",
        "domain": "occupancy",
        "field": "cubicle_occupied_s",
        "value": 1_860.0,
        "limit": 1_800.0,
        "link": f"https://yizhan.example.org/a/token{number}",
    }
    return Notice(**{**facts, **changes})  # type: ignore[arg-type]


def message(*notices: Notice, **changes: object) -> Message:
    """Return a message about these alerts, or about one."""
    facts: dict[str, object] = {
        "notification_id": "n-1",
        "kind": Kind.ALERT,
        "notices": notices or (notice(),),
    }
    return Message(**{**facts, **changes})  # type: ignore[arg-type]
