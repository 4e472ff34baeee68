"""One rule at work: its evaluator, its instances and their deadlines."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.kind import Active, Kind
from gateway.alerting.detection.view import View
from gateway.domain.alerts import Figure, Judgement, Key, Transition
from gateway.domain.episodes import Episode, Instance, due, expire, goes_on, step


@dataclass(frozen=True, slots=True)
class Pending:
    """A condition that holds but not yet for long enough."""

    key: Key
    since: int
    severity: str
    value: Figure
    limit: Figure


class Lane:
    """Judges batches by one rule; nothing here knows any other."""

    def __init__(self, plan: Plan, kind: Kind) -> None:
        self.plan = plan
        self.kind = kind
        self.instances: dict[Key, Instance] = {}
        self._active = Active(self.instances.keys())
        self._deadlines: list[tuple[int, Key]] = []

    def take(self, view: View) -> Iterator[Transition]:
        """Judge a batch and what comes due until its last receipt."""
        self.plan.follow(view)
        yield from self._step_all(self.kind.take(view, self._active))
        yield from self.advance(view.clock, view)

    def advance(self, now: int, view: View) -> Iterator[Transition]:
        """Work off what is due at ``now`` (ms)."""
        yield from self._step_all(self.kind.advance(now, view))
        while self._deadlines and self._deadlines[0][0] <= now:
            _, key = heapq.heappop(self._deadlines)
            yield from self._expire(key, now)

    def pending(self) -> Iterator[Pending]:
        """Yield what holds but has not opened; may be asked on any thread."""
        for key, instance in list(self.instances.items()):
            live = instance.live
            if live is not None and live.reached is None:
                level = live.last.level or 0
                severity = self.plan.timing(key.station_id).levels[level].severity
                yield Pending(key, live.since, severity, live.last.value, live.last.limit)

    def open(self) -> Iterator[tuple[Key, Episode]]:
        """Yield the live episodes that are open."""
        for key, instance in self.instances.items():
            if instance.live is not None and instance.live.reached is not None:
                yield key, instance.live

    def save(self) -> dict[str, Any]:
        """Return everything remembered, as plain data."""
        return {"instances": self.instances, "kind": self.kind.save(), "plan": self.plan.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what `save` returned."""
        self.instances = dict(saved["instances"])
        self._active = Active(self.instances.keys())
        self.kind.restore(saved["kind"])
        self.plan.restore(saved["plan"])
        self._deadlines.clear()
        for key in self.instances:
            self._schedule(key)

    def _step_all(self, judgements: Iterable[Judgement]) -> Iterator[Transition]:
        for judgement in judgements:
            key = judgement.key
            if key not in self.instances and (judgement.level is None or judgement.unknown):
                continue
            timing = self.plan.timing(key.station_id)
            same = goes_on(self._instance(key), judgement, timing)
            if same is not None:
                self.instances[key] = same
                continue
            yield from self._expire(key, judgement.received)
            instance, transitions = step(self._instance(key), judgement, timing)
            self._put(key, instance)
            yield from transitions

    def _expire(self, key: Key, now: int) -> Iterator[Transition]:
        instance = self.instances.get(key)
        if instance is None:
            return
        timing = self.plan.timing(key.station_id)
        at = due(instance, timing)
        if at is None or at > now:
            return
        instance, transitions = expire(instance, now, timing)
        self._put(key, instance)
        yield from transitions

    def _instance(self, key: Key) -> Instance:
        return self.instances.get(key) or Instance()

    def _put(self, key: Key, instance: Instance) -> None:
        known = key in self.instances
        if not instance.active:
            self.instances.pop(key, None)
        else:
            self.instances[key] = instance
            self._schedule(key)
        if known != instance.active:
            self._active = Active(self.instances.keys())

    def _schedule(self, key: Key) -> None:
        at = due(self.instances[key], self.plan.timing(key.station_id))
        if at is not None:
            heapq.heappush(self._deadlines, (at, key))
