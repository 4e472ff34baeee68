"""Faults at the door: forced, propped open, nobody let in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from simulators.faults.fault import MINUTE_MS, Fault
from simulators.plan import Passage, Span

if TYPE_CHECKING:
    from simulators.plan import Plan

_DOOR = "front-door"


@dataclass(frozen=True, slots=True)
class ForcedDoor(Fault):
    """The door opens without a grant and stays open; some go in, and out again at the end."""

    zh: ClassVar[str] = "强行开门"
    en: ClassVar[str] = "forced door"
    minutes: float = 6.0
    people: int = 2

    def arrange(self, plan: Plan) -> None:
        """Bring them in and report the door."""
        plan.openings.append(Span(self.start_ms, self.end_ms, _DOOR, 1.0))
        plan.stays.append(Span(self.start_ms, self.end_ms, "intruder", float(self.people)))
        for at_ms, way in ((self.start_ms + 2_000, "in"), (self.end_ms - 4_000, "out")):
            plan.passages.extend(Passage(at_ms + 1_500 * n, way) for n in range(self.people))
        plan.events.append(("access", {"device": _DOOR, "ts": self.start_ms, "event": "door_forced"}))


@dataclass(frozen=True, slots=True)
class ProppedDoor(Fault):
    """Somebody wedges the door open."""

    zh: ClassVar[str] = "门被撑住未关"
    en: ClassVar[str] = "propped door"
    minutes: float = 40.0

    def arrange(self, plan: Plan) -> None:
        """Keep it open."""
        plan.openings.append(Span(self.start_ms, self.end_ms, _DOOR, 1.0))


@dataclass(frozen=True, slots=True)
class AuthenticationDown(Fault):
    """The service behind the QR codes is down: everybody is refused, among them some who come for it."""

    zh: ClassVar[str] = "扫码认证服务中断"
    en: ClassVar[str] = "authentication service down"
    minutes: float = 20.0
    tries: int = 10

    def arrange(self, plan: Plan) -> None:
        """Let people try, evenly spread; who they are stays unknown without the service."""
        every_ms = int(self.minutes * MINUTE_MS / self.tries)
        for at_ms in range(self.start_ms + every_ms // 2, self.end_ms, every_ms):
            refused = {
                "event": "denied",
                "reason": "auth_unavailable",
                "credential_kind": "qr",
                "direction": "in",
            }
            plan.events.append(("access", {"device": _DOOR, "ts": at_ms, **refused}))

    def refusal(self, at_ms: int) -> str | None:
        """Refuse while it lasts."""
        return "auth_unavailable" if self.active(at_ms) else None
