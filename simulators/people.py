"""People at the door and inside: from the day's visits to everything they do."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulators.personas import (
    ANONYMOUS_CREDENTIALS,
    CREDENTIALS,
    DENIED_PER_TRY,
    EXIT_BUTTON,
    REFUSALS,
    TAILGATES,
)
from simulators.place import Guest, Place
from simulators.plan import Fact, Passage, Plan, Span
from simulators.uses import USES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    from simulators.arrivals import Visit
    from simulators.place import Use

DOOR = "front-door"
_OPEN_AFTER = (1.0, 0.4)
_UNLOCKED_MS = 8_000
"""The lock closes again this long after a grant."""
_DOOR_OPEN = (1.6, 0.45)
_RETRIES = (1, 4)
_NEXT_TRY_MS = 6_000
_BETWEEN_PEOPLE_MS = 1_500
_REGULARS_PER_PERSONA = 240
_FEEDBACK, _CATEGORIES = 0.02, ("praise", "cleanliness", "equipment", "supplies", "comfort", "service")
_AFTER_LAST_USE_MS = 20_000


@dataclass(slots=True)
class Doorway:
    """People of one station: the only place that lets anybody in.

    `refusal` answers with a reason when the access system refuses everybody at that moment.
    """

    station_id: str
    place: Place
    day: int = 0
    month: str = ""
    persons: int = 0
    refusal: Callable[[int], str | None] = field(default=lambda _at: None)

    def begin_day(self, ordinal: int, month: str) -> None:
        """Start a local day; pseudonyms change with the month."""
        self.day, self.month = ordinal, month

    def receive(self, visit: Visit, at_ms: int, plan: Plan, rng: Generator) -> None:
        """Let one group come, or be turned away."""
        granted_ms = self._authenticate(visit, at_ms, plan, rng)
        if granted_ms is None:
            fields: dict[str, object] = {"persona": visit.persona.key, "people": visit.size}
            plan.facts.append(Fact(at_ms, "turned_away", fields))
            return
        for _follower in range(visit.size - 1):
            if rng.random() >= TAILGATES:
                granted_ms = (
                    self._authenticate(visit, granted_ms + _NEXT_TRY_MS // 2, plan, rng) or granted_ms
                )
        opened = granted_ms + min(_seconds(rng, _OPEN_AFTER), _UNLOCKED_MS)
        entered = self._open(plan, opened, visit.size, "in", rng)
        leave = entered + int(visit.stay_min * 60_000)
        uses = [self._inside(Guest(visit.persona, entered, leave), plan, rng) for _ in range(visit.size)]
        leave = max(
            [
                leave,
                *(
                    use.at_ms + use.seconds * 1000 + _AFTER_LAST_USE_MS
                    for each in uses
                    for use in each
                    if use.attended
                ),
            ]
        )
        self._leave(visit, entered, leave, plan, rng)
        for each in uses:
            self._record(visit, entered, leave, each, plan)

    def _authenticate(self, visit: Visit, at_ms: int, plan: Plan, rng: Generator) -> int | None:
        kind = str(rng.choice(list(CREDENTIALS), p=list(CREDENTIALS.values())))
        tries = 1 + int(rng.integers(*_RETRIES))
        fields: dict[str, object] = {"credential_kind": kind, "direction": "in"}
        if kind not in ANONYMOUS_CREDENTIALS:
            fields["subject_ref"] = self._subject_ref(visit, rng)
        for attempt in range(tries):
            moment = at_ms + attempt * _NEXT_TRY_MS
            reason = self.refusal(moment)
            if reason is None and rng.random() < DENIED_PER_TRY:
                reason = str(rng.choice(REFUSALS[kind]))
            if reason is None:
                self._event(plan, moment, "granted", {**fields, "occupation": visit.persona.occupation})
                return moment
            self._event(plan, moment, "denied", {**fields, "reason": reason})
        return None

    def _subject_ref(self, visit: Visit, rng: Generator) -> str:
        regular = int(rng.integers(_REGULARS_PER_PERSONA))
        name = f"{self.station_id}/{self.month}/{visit.persona.key}/{regular}"
        return base64.b32encode(hashlib.sha256(name.encode()).digest())[:16].decode().lower()

    def _open(self, plan: Plan, at_ms: int, people: int, way: str, rng: Generator) -> int:
        closed = at_ms + _seconds(rng, _DOOR_OPEN) + (people - 1) * _BETWEEN_PEOPLE_MS
        plan.openings.append(Span(at_ms, closed, DOOR, 1.0))
        first = at_ms + min(1_000, (closed - at_ms) // 2)
        plan.passages.extend(Passage(first + n * _BETWEEN_PEOPLE_MS, way) for n in range(people))
        return first

    def _inside(self, guest: Guest, plan: Plan, rng: Generator) -> list[Use]:
        wanted = [what for what, chance in guest.persona.uses.items() if rng.random() < chance]
        done = (USES[what](plan, self.place, guest, rng) for what in wanted)
        return [use for use in done if use is not None]

    def _leave(self, visit: Visit, entered: int, leave: int, plan: Plan, rng: Generator) -> None:
        if rng.random() < EXIT_BUTTON:
            self._event(plan, leave - 2_000, "exit_button", {})
        if rng.random() < _FEEDBACK:
            category, score = str(rng.choice(_CATEGORIES)), int(rng.integers(2, 6))
            said = {
                "device": "station",
                "ts": leave,
                "event": "feedback",
                "category": category,
                "score": score,
            }
            plan.events.append(("facility", said))
        self._open(plan, leave, visit.size, "out", rng)
        plan.stays.append(Span(entered, leave, visit.persona.key, float(visit.size)))
        if visit.persona.key == "truck" and self.place.archetype.truck_bays:
            plan.taken.append(Span(entered, leave, "parking", 1.0))

    def _record(self, visit: Visit, entered: int, leave: int, uses: list[Use], plan: Plan) -> None:
        self.persons += 1
        used: list[str] = [use.what for use in uses]
        fields: dict[str, object] = {
            "person": self.persons,
            "persona": visit.persona.key,
            "group": visit.size,
        }
        plan.facts.append(
            Fact(entered, "person", {**fields, "arrive": entered, "leave": leave, "used": used})
        )
        for use in uses:
            taken: dict[str, object] = {"person": self.persons, "what": use.what, "device": use.device}
            amounts = {"seconds": use.seconds, "litres": round(use.litres, 3), "wh": round(use.wh, 1)}
            plan.facts.append(Fact(use.at_ms, "use", {**taken, **amounts}))

    def _event(self, plan: Plan, at_ms: int, event: str, fields: dict[str, object]) -> None:
        plan.events.append(("access", {"device": DOOR, "ts": at_ms, "event": event, **fields}))


def _seconds(rng: Generator, lognormal: tuple[float, float]) -> int:
    return int(1000 * rng.lognormal(*lognormal))
