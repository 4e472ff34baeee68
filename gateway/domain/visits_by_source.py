"""From what was seen in a month's hours to person-visits: by the counter, else grants, else presence.

A counter is believed unless the doors let in far more people than it saw. Where it was not heard, its own
total may still tell (it went on counting); else grants times people per grant; else the time people spent
inside. What nobody heard is taken for what is usual at that hour, and may be nothing or twice as much.
Why, and where the numbers come from: docs/decisions/visits.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gateway.domain.visits import Floats, Hours, Ints, Reckoned

Flags = npt.NDArray[np.bool_]

ENOUGH = 0.5
"""An hour is known by a source that was heard for this share of it."""
# Domain catalogue 5.2 and 5.4: groups, and what counters miss, see twice, or see turning back.
_GROUPS = {1: 0.80, 2: 0.14, 3: 0.06}
_TAILGATES = 0.85
_MISSED, _DOUBLE, _PAIR_AS_ONE, _TURNED_BACK = 0.02, 0.01, 0.15, 0.03
_GROUP = sum(size * share for size, share in _GROUPS.items())
_FOLLOWERS = (_GROUP - 1) / _GROUP
ENTRIES_PER_PERSON = (1 - _FOLLOWERS * _PAIR_AS_ONE) * (1 - _MISSED) * (1 + _DOUBLE) + 2 * _TURNED_BACK
"""What a counter counts in for each person coming and going: 1.02."""
COUNTER_BIAS = 0.07
"""Domain catalogue fact 14 and 5.4: counters are wrong by up to 5 to 7 % one way."""
COUNTER_VARIANCE = _FOLLOWERS * _PAIR_AS_ONE + _MISSED + _DOUBLE + 2 * _TURNED_BACK
PEOPLE_PER_GRANT = _GROUP / (1 + (1 - _TAILGATES) * (_GROUP - 1))
"""1.21: followers slip in behind the one who was let in."""
GRANT_BIAS = 0.06
"""A mean group of 1.20 to 1.32 and 0.7 to all of its followers slipping in give 5 and 4 %."""
GRANT_VARIANCE = sum(share * (size - _GROUP) ** 2 for size, share in _GROUPS.items())
_PRIOR_GRANTS = 150
"""A station's own people per grant count as much as what is usual after so many grants."""
STAY_S = {"urban_kiosk": 1_530, "urban_standard": 1_590, "public_hall": 1_650, "trucker_home": 4_020}
"""Mean stay by profile, from the stays and shares of 5.1 and 5.2."""
STAY_S_ELSEWHERE = 1_600
STAY_BIAS, OWN_STAY_BIAS = 0.30, 0.15
STAY_VARIANCE = 3.0
"""Stays differ: their squared variation is 0.5 to 2, and people come in groups."""
_OWN_STAY_VISITS = 50
_FULLEST = 0.9
STAFF_A_DAY = 1.0
"""Somebody comes to clean once a day."""
USUAL_VARIANCE = 2.0
_CHANCE = 3.0
_APART = 0.35
"""A day on which counter and doors differ by more than this share, and by more than chance, is odd."""


@dataclass(frozen=True, slots=True)
class _Found:
    """People by one source, hour by hour, and where it knows."""

    mean: Floats
    variance: Floats
    bias: Floats
    known: Flags
    covered_s: Floats


def reckon(hours: Hours, tz: str, profile: str | None) -> Reckoned:
    """Return what the hours of one local month (or of what has passed of it) amount to."""
    clock, days = hours.on_the_wall(tz)
    counter = _by_counter(hours, clock)
    per_grant = _people_per_grant(counter, hours, days)
    grants = _by_grants(hours, per_grant)
    counter = _believed(counter, grants, hours, days)
    best = _first_of(counter, grants)
    return _filled(hours, clock, (counter, grants, _by_presence(hours, best, profile)))


# -- sources -------------------------------------------------------------------------------------------


def _by_counter(hours: Hours, clock: Ints) -> _Found:
    known = _is_heard(hours.counted_s, hours.whole_s)
    entries = _without_staff(hours.entries, hours.staff)
    entries, known = _bridged(entries, known, clock)
    people = entries / ENTRIES_PER_PERSON
    bias = people * COUNTER_BIAS + _staff_untold(hours)
    return _Found(people, people * COUNTER_VARIANCE, bias, known, hours.counted_s)


def _by_grants(hours: Hours, per_grant: float) -> _Found:
    people = hours.grants * per_grant
    known = _is_heard(hours.guarded_s, hours.whole_s)
    return _Found(people, hours.grants * GRANT_VARIANCE, people * GRANT_BIAS, known, hours.guarded_s)


def _by_presence(hours: Hours, best: _Found, profile: str | None) -> _Found:
    known = _is_heard(hours.present_s, hours.whole_s)
    both = known & best.known
    stay_s, bias = float(STAY_S.get(profile or "", STAY_S_ELSEWHERE)), STAY_BIAS
    visits = best.mean[both].sum()
    if visits >= _OWN_STAY_VISITS and hours.person_s[both].sum() > 0:
        stay_s, bias = hours.person_s[both].sum() / visits, OWN_STAY_BIAS
    people = hours.person_s / stay_s
    return _Found(
        people, people * STAY_VARIANCE, people * bias + _staff_untold(hours), known, hours.present_s
    )


def _staff_untold(hours: Hours) -> Floats:
    """Return how many staff may be among those counted, an hour in which no door tells them apart."""
    untold: Floats = np.where(_is_heard(hours.guarded_s, hours.whole_s), 0.0, STAFF_A_DAY / 24)
    return untold


def _is_heard(heard_s: Floats, whole_s: Floats) -> Flags:
    heard: Flags = (heard_s > 0) & (heard_s >= ENOUGH * whole_s)
    return heard


def _without_staff(entries: Floats, staff: Floats) -> Floats:
    """Take those out whom the door let in as staff; who is counted a minute later, out of the next hour."""
    now = np.minimum(entries, staff)
    left, later = entries - now, (staff - now)[:-1]
    left[1:] -= np.minimum(left[1:], later)
    return left


def spent_inside_s(occupied_s: Floats, heard_s: Floats) -> Floats:
    """Return the seconds people spent inside, from those in which a sensor saw anybody at all.

    Groups come at random, so a place that is empty a share p of the time holds -ln(p) groups on average.
    """
    heard, occupied = heard_s.sum(), occupied_s.sum()
    if not occupied:
        return occupied_s
    share = min(occupied / heard, _FULLEST)
    spent: Floats = occupied_s * (-np.log1p(-share) / share * _GROUP)
    return spent


# -- a counter against its gaps, and against the doors -------------------------------------------------


def _bridged(entries: Floats, known: Flags, clock: Ints) -> tuple[Floats, Flags]:
    """Share out over a gap what a counter that went on counting shows after it.

    One that shows less than half of what is usual was off, or nobody came: the gap stays one.
    """
    entries, known = entries.copy(), known.copy()
    clean = known.copy()
    clean[1:] &= known[:-1]
    usual = _usual(entries, clean, clock)
    for gap in _gaps(known):
        run = slice(gap.start, gap.stop + 1)
        expected, after = usual[gap].sum(), entries[gap.stop]
        if expected < 1 or after >= usual[gap.stop] + ENOUGH * expected:
            weight = usual[run] if usual[run].any() else np.ones(run.stop - run.start)
            entries[run] = (entries[run].sum()) * weight / weight.sum()
            known[gap] = True
    return entries, known


def _gaps(known: Flags) -> Iterator[slice]:
    """Yield the stretches of unknown hours that lie between known ones."""
    edges = np.flatnonzero(np.diff(known.astype(np.int8)))
    begins = [int(edge) + 1 for edge in edges if known[edge]]
    ends = [int(edge) + 1 for edge in edges if not known[edge]]
    if begins:
        yield from map(slice, begins, [end for end in ends if end > begins[0]])


def _people_per_grant(counter: _Found, hours: Hours, days: Ints) -> float:
    """Return the station's own people per grant, held to what is usual while few were seen.

    The middle of all days decides which days to learn from: a counter that stands still is none of them.
    """
    both = counter.known & _is_heard(hours.guarded_s, hours.whole_s)
    people = np.bincount(days[both], weights=counter.mean[both], minlength=1)
    grants = np.bincount(days[both], weights=hours.grants[both], minlength=1)
    ratios = people[grants > 0] / grants[grants > 0]
    middle = float(np.median(ratios)) if len(ratios) else 0.0
    if not PEOPLE_PER_GRANT * (1 - _APART) <= middle <= PEOPLE_PER_GRANT / (1 - _APART):
        return PEOPLE_PER_GRANT
    fit = people >= (1 - _APART) * middle * grants
    weight = _PRIOR_GRANTS + grants[fit].sum()
    return float((_PRIOR_GRANTS * PEOPLE_PER_GRANT + people[fit].sum()) / weight)


def _believed(counter: _Found, grants: _Found, hours: Hours, days: Ints) -> _Found:
    """Leave out the days on which the doors let in far more than were counted; widen those with far fewer."""
    both = counter.known & grants.known
    seen, let_in, chance = (
        np.bincount(days[both], column[both], int(days[-1]) + 1).astype(np.float64)
        for column in (counter.mean, grants.mean, grants.variance + counter.variance)
    )
    beyond = np.maximum(_CHANCE * np.sqrt(chance), _APART * let_in)
    blind, crowded = let_in - seen > beyond, seen - let_in > beyond
    share = np.divide(seen - let_in, seen, out=np.zeros_like(seen), where=crowded)
    share = np.maximum(share, _exits_apart(hours, counter.known, seen[~blind].sum(), let_in[~blind].sum()))
    bias = np.maximum(counter.bias, counter.mean * share[days])
    return replace(counter, bias=bias, known=counter.known & ~(blind[days] & grants.known))


def _exits_apart(hours: Hours, known: Flags, seen: float, let_in: float) -> float:
    """Return how far exits are from entries, as a share of these; 0 where the doors bear entries out."""
    came, went = float(hours.entries[known].sum()), float(hours.exits[known].sum())
    borne_out = let_in > 0 and abs(seen - let_in) <= (COUNTER_BIAS + GRANT_BIAS) * let_in
    return 0.0 if borne_out or not came or not went else abs(came - went) / came


# -- putting together ----------------------------------------------------------------------------------


def _first_of(first: _Found, second: _Found) -> _Found:
    def choose(name: str) -> Floats:
        chosen: Floats = np.where(first.known, getattr(first, name), getattr(second, name))
        return chosen

    known = first.known | second.known
    return _Found(choose("mean"), choose("variance"), choose("bias"), known, choose("covered_s"))


def _filled(hours: Hours, clock: Ints, sources: tuple[_Found, _Found, _Found]) -> Reckoned:
    """Take each hour from the first source that knows it; fill in what is usual where none does."""
    best = _first_of(_first_of(sources[0], sources[1]), sources[2])
    method = np.select([source.known for source in sources], [1, 2, 3], 0)
    unheard_s = np.where(best.known, 0.0, hours.whole_s)
    usual = _usual(best.mean, best.known & (hours.whole_s > 0), clock) * unheard_s / 3_600
    none = np.zeros(len(usual))
    return Reckoned(
        hours.starts,
        np.where(best.known, best.mean, usual),
        np.where(best.known, best.variance, usual * USUAL_VARIANCE),
        np.where(best.known, best.bias, usual),
        np.where(best.known, np.minimum(best.covered_s, hours.whole_s), none),
        hours.whole_s,
        method.astype(np.int64),
    )


def _usual(people: Floats, known: Flags, clock: Ints) -> Floats:
    """Return the mean of the known hours at the same hour of the day; of all hours where none is known."""
    sums = np.bincount(clock[known], weights=people[known], minlength=24)
    counts = np.bincount(clock[known], minlength=24)
    overall = people[known].mean() if known.any() else 0.0
    by_hour = np.divide(sums, counts, out=np.full(24, overall), where=counts > 0)
    usual: Floats = by_hour[clock]
    return usual
