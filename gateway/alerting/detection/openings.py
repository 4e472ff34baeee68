"""When alerts of which rule were open at a station: for rules that ask about other rules."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.domain.alerts import Change, Key, Transition

KEPT_MS = 86_400_000
"""Longer than any rule looks back at an alert that has cleared."""


@dataclass
class Openings:
    """Kept for the rules that others ask about; by (rule, station), spans in ms of receipt."""

    rules: frozenset[str] = frozenset()
    judged: int = 0
    """Up to when all is judged (ms of receipt): nobody asks about a time before it again."""
    _spans: dict[tuple[str, str], dict[tuple[Key, int], tuple[int, int | None]]] = field(default_factory=dict)

    def take(self, transitions: Iterable[Transition]) -> None:
        """Note what opened and cleared."""
        for one in transitions:
            if one.key.rule in self.rules and not one.retrospective:
                self._note(one)

    def open_since(self, rule: str, station_id: str, since: int, at: int) -> bool:
        """Whether an alert was open at a time, and had been since another."""
        spans = self._spans.get((rule, station_id), {})
        return any(begin <= since and (end is None or end > at) for begin, end in spans.values())

    def save(self) -> object:
        """Return everything as plain data."""
        return self._spans

    def restore(self, saved: object) -> None:
        """Take up what `save` returned."""
        self._spans = saved if isinstance(saved, dict) else {}

    def _note(self, one: Transition) -> None:
        spans = self._spans.setdefault((one.key.rule, one.key.station_id), {})
        episode = (one.key, one.opened)
        if one.change is Change.CLEARED:
            begin, _ = spans.get(episode, (one.opened, None))
            spans[episode] = (begin, one.received)
        else:
            spans.setdefault(episode, (one.received, None))
        kept = self.judged - KEPT_MS
        for old in [key for key, (_, end) in spans.items() if end is not None and end < kept]:
            del spans[old]
