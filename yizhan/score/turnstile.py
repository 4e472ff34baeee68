"""The door of a simulated station for a month: who really came, and what counter, door and radar saw of it.

People and the errors of the counter are those of the whole simulation; meters, climate and appliances are
left out, so a month takes a second. What breaks is chosen in `visit_cases`.
"""

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from gateway.domain.local_time import DAY_MS, HOUR_MS, MINUTE_MS, wall
from gateway.domain.visits import Floats, Hours, Ints, hours_between
from gateway.timeseries.quarters import Samples, Window, rows_of
from simulators.archetypes import ARCHETYPES
from simulators.arrivals import visits_of
from simulators.footfall import CounterErrors, Footfall
from simulators.grid import STEP_MS, Block
from simulators.people import Doorway
from simulators.place import Place
from simulators.plan import Passage, Plan, Span, taken_before
from simulators.scenarios.scenario import local_ms
from simulators.weather import CLIMATES, DayWeather, Weather
from wire.measures import MEASURES

TZ = "Asia/Shanghai"
_PER_MINUTE = MINUTE_MS // STEP_MS
_CLEANING_MS = 25 * MINUTE_MS
_OCCUPANCY = MEASURES["occupancy"]
_NOISE_OF_COUNT = 0.2
"""Standard deviation of the radar's count of people, as in the whole simulation."""
NEVER = (0, 0)
Stretch = tuple[int, int]
"""From when until when, in ms."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong in a month. Stretches in which something is not counted, not heard, or stands still.

    ``noise`` scales the errors of the counter (1 as in the catalogue), ``drift`` is the share of people
    leaving unseen, ``reset_ms`` when the counter starts again from zero.
    """

    noise: float = 1.0
    drift: float = 0.0
    blind: Stretch = NEVER
    counter_unheard: Stretch = NEVER
    stuck: Stretch = NEVER
    reset_ms: int | None = None
    doors_unheard: Stretch = NEVER
    all_unheard: Stretch = NEVER
    has_counter: bool = True
    has_doors: bool = True


@dataclass(frozen=True, slots=True)
class Month:
    """A station and a calendar month of it."""

    archetype: str
    visits_per_day: float
    year: int
    month: int
    seed: int

    @property
    def span(self) -> Stretch:
        """First and last moment, ms."""
        following = date(self.year + self.month // 12, self.month % 12 + 1, 1)
        return local_ms(date(self.year, self.month, 1), 0, TZ), local_ms(following, 0, TZ)


@dataclass(slots=True)
class Lived:
    """What was true and what was seen, minute by minute."""

    arrivals: list[int] = field(default_factory=list)
    grants: list[int] = field(default_factory=list)
    staff: list[int] = field(default_factory=list)
    entries: list[Floats] = field(default_factory=list)
    exits: list[Floats] = field(default_factory=list)
    inside: list[Floats] = field(default_factory=list)


def live(month: Month, trouble: Trouble) -> tuple[Hours, Ints]:
    """Return what the gateway would know of a month's hours, and how many really came in each."""
    start, end = month.span
    lived = _lived(month, trouble)
    starts = hours_between(start, end)
    edges = np.append(starts, end)
    came = np.histogram(np.array(lived.arrivals), edges)[0]
    return _seen(lived, trouble, starts, month), came.astype(np.int64)


def _lived(month: Month, trouble: Trouble) -> Lived:
    start, end = month.span
    of, rng = ARCHETYPES[month.archetype], np.random.default_rng([month.seed, month.month])
    doorway, weather = Doorway(f"score-{month.seed}", Place(of, {})), Weather(CLIMATES["louxing"])
    footfall, plan, lived = Footfall(int(rng.integers(500, 65_000))), Plan(), Lived()
    errors = replace(CounterErrors().scaled(trouble.noise), miss_out=trouble.drift)
    for midnight in range(start, end, DAY_MS):
        day = weather.day(
            wall(midnight, TZ).toordinal(), np.random.default_rng([month.seed, midnight // DAY_MS])
        )
        doorway.begin_day(day.ordinal, f"{month.year}-{month.month:02}")
        for visit in visits_of(of, month.visits_per_day, day, rng):
            doorway.receive(visit, midnight + int(visit.hour * HOUR_MS), plan, rng)
        _clean(plan, midnight + int(rng.uniform(8, 18) * HOUR_MS), lived)
        for hour in range(midnight, midnight + DAY_MS, HOUR_MS):
            block = _block(hour, day, midnight)
            passages = taken_before(plan.passages, block.end_ms)
            counted = [one for one in passages if not _within(one.at_ms, trouble.blind)]
            footfall.advance(block, counted, errors, rng)
            _note(block, plan, lived)
        lived.arrivals += [fact.at_ms for fact in plan.facts if fact.kind == "person"]
        lived.grants += [one["ts"] for domain, one in plan.events if _is_grant(domain, one)]
        plan.facts.clear()
        plan.events.clear()
        plan.forget(midnight + DAY_MS)
    return lived


def _is_grant(domain: str, reading: dict[str, object]) -> bool:
    return domain == "access" and reading["event"] == "granted"


def _clean(plan: Plan, at_ms: int, lived: Lived) -> None:
    """Let a cleaner in by key and out again: counted by the counter, and no visitor."""
    lived.staff.append(at_ms)
    plan.passages += [Passage(at_ms + 5_000, "in"), Passage(at_ms + _CLEANING_MS, "out")]
    plan.stays.append(Span(at_ms, at_ms + _CLEANING_MS, "cleaner", 1.0))


def _block(hour: int, day: DayWeather, midnight: int) -> Block:
    steps = np.arange(HOUR_MS // STEP_MS) * STEP_MS / HOUR_MS
    nothing = np.zeros(len(steps))
    local = (hour - midnight) / HOUR_MS + steps
    return Block(
        hour,
        hour + HOUR_MS,
        day,
        local,
        outdoor_c=nothing,
        sun=nothing,
        present=nothing.copy(),
        door_open=nothing,
        powered=nothing,
        conditioned=nothing,
    )


def _note(block: Block, plan: Plan, lived: Lived) -> None:
    for stay in plan.stays:
        block.add(block.present, stay.start_ms, stay.end_ms, stay.rate)
    lived.entries.append(block.values["front-door", "people_in_total"][::_PER_MINUTE])
    lived.exits.append(block.values["front-door", "people_out_total"][::_PER_MINUTE])
    lived.inside.append(block.present[::_PER_MINUTE])


# -- what reaches the gateway --------------------------------------------------------------------------


def _seen(lived: Lived, trouble: Trouble, starts: Ints, month: Month) -> Hours:
    ts = np.arange(starts[0], starts[-1] + HOUR_MS, MINUTE_MS)
    rng = np.random.default_rng([month.seed, 7])
    inside = np.concatenate(lived.inside)
    people = np.clip(np.rint(inside + _NOISE_OF_COUNT * rng.standard_normal(len(inside))), 0, 64)
    heard = ~_during(ts, trouble.all_unheard)
    counter = heard & ~_during(ts, trouble.counter_unheard) & trouble.has_counter
    doors = heard & ~_during(ts, trouble.doors_unheard) & trouble.has_doors
    entries, counted_s = _grown("people_in_total", ts, _shown(lived.entries, ts, trouble), counter, starts)
    exits, _ = _grown("people_out_total", ts, _shown(lived.exits, ts, trouble), counter, starts)
    person_s, present_s = _spent(people, heard, starts)
    return Hours(
        starts=starts,
        whole_s=np.full(len(starts), 3_600.0),
        entries=entries,
        exits=exits,
        counted_s=counted_s,
        grants=_told(lived.grants, ts, doors, starts),
        staff=_told(lived.staff, ts, doors, starts),
        guarded_s=doors.reshape(len(starts), -1).sum(axis=1) * 60.0,
        person_s=person_s,
        present_s=present_s,
    )


def _shown(totals: list[Floats], ts: Ints, trouble: Trouble) -> Floats:
    shown = np.concatenate(totals).astype(np.float64)
    stuck = np.flatnonzero(_during(ts, trouble.stuck))
    if len(stuck):
        shown[stuck] = shown[stuck[0]]
    if trouble.reset_ms is not None:
        after = ts >= trouble.reset_ms
        shown[after] = (shown[after] - shown[after][0]) % 65_536
    return shown


def _grown(name: str, ts: Ints, shown: Floats, heard: object, starts: Ints) -> tuple[Floats, Floats]:
    """Return growth and covered seconds by hour, worked out as the gateway's roll-ups do."""
    taken = np.asarray(heard, np.bool_)
    series = np.zeros(int(taken.sum()), np.int64)
    samples = Samples(series, ts[taken], shown[taken], series)
    rows = rows_of(_OCCUPANCY[name], samples, Window(int(starts[0]), int(starts[-1]) + HOUR_MS))
    places = np.searchsorted(starts, rows["bucket"].to_numpy(), side="right") - 1
    by_hour = (np.bincount(places, rows[name].to_numpy(), len(starts)) for name in ("increase", "covered_s"))
    grown, covered = (each.astype(np.float64) for each in by_hour)
    return grown, covered


def _spent(people: Floats, heard: object, starts: Ints) -> tuple[Floats, Floats]:
    by_hour = np.asarray(heard, np.bool_).reshape(len(starts), -1)
    inside = people.reshape(len(starts), -1) * by_hour
    return inside.sum(axis=1) * 60.0, by_hour.sum(axis=1) * 60.0


def _told(moments: list[int], ts: Ints, heard: object, starts: Ints) -> Floats:
    """Count the events of each hour that a door controller which is heard tells."""
    there = [at for at in moments if ts[0] <= at <= ts[-1] and np.asarray(heard)[(at - ts[0]) // MINUTE_MS]]
    return np.histogram(np.array(there), np.append(starts, starts[-1] + HOUR_MS))[0].astype(np.float64)


def _during(ts: Ints, stretch: Stretch) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return (ts >= stretch[0]) & (ts < stretch[1])


def _within(at_ms: int, stretch: Stretch) -> bool:
    return stretch[0] <= at_ms < stretch[1]
