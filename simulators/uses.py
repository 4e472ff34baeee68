"""What a visitor uses: water, power, time; probabilities stand with the personas, amounts here.

Amounts of the domain catalogue, section 5.3; a purifier rejects a litre for each it gives. Each use
adds its spans to the plan and says what it took.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from simulators.grid import HOUR_MS
from simulators.place import Guest, Place, Use
from simulators.plan import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.random import Generator

    from simulators.plan import Plan

HOT_WH_PER_L = 93.0
SHOWER_WH_PER_L = 28.0
MICROWAVE_W, PHONE_W, EBIKE_W, DRYER_W = 1150.0, 10.0, 250.0, 1370.0
_HOT_SHARE = 0.6
_REJECTED = 1.0
_LOCKER_SHARE, _UMBRELLA_SHARE = 0.5, 0.8
_DRINK_S, _DRINK_SIGMA = 20, 0.35
_MICROWAVE_S, _FRIDGE_S = 150, 10
_TOILET_MIN, _TOILET_SIGMA, _TOILET_LIMIT_MIN = 4.0, 0.61, 25.0
_CISTERN_L, _CISTERN_S, _WASH_L, _WASH_S = (3.5, 6.5), 60, 1.5, 15
_SHOWER_MIN, _SHOWER_SIGMA = 11.0, 0.42
_SHOWER_L, _SHOWER_L_SIGMA, _SHOWER_L_PER_MIN = 45.0, 0.485, (4.0, 8.0)
_SHOWER_LIMIT_L, _SHOWER_LIMIT_MIN, _DRESSING_S = 150.0, 25.0, 150
_WASHER_S, _WASHER_FILLS_MIN, _FILL_L, _FILL_S = 2400, (0, 12, 22, 30), 15.0, 120
_WASHER_COLD_W, _WASHER_WARM_W, _WARM_SHARE = 225.0, 900.0, 0.3
_DRYER_S = 4200
_EBIKE_H, _EBIKE_TAPER = (1.0, 4.0), 0.7


def _moment(guest: Guest, rng: Generator) -> int:
    return guest.enter_ms + int((guest.leave_ms - guest.enter_ms) * rng.uniform(0.05, 0.8))


def _draw(plan: Plan, tap: str, start_ms: int, seconds: float, litres: float) -> None:
    plan.draws.append(Span(start_ms, start_ms + int(seconds * 1000), tap, litres / seconds * 60))


def _run(plan: Plan, device: str, start_ms: int, seconds: int, watts: float) -> None:
    plan.taken.append(Span(start_ms, start_ms + seconds * 1000, device, 1.0))
    if watts:
        plan.loads.append(Span(start_ms, start_ms + seconds * 1000, device, watts))


def _drink(plan: Plan, place: Place, guest: Guest, rng: Generator) -> Use | None:
    at = _moment(guest, rng)
    litres = guest.persona.drink_median_l * float(rng.lognormal(0, _DRINK_SIGMA))
    hot = bool(rng.random() < _HOT_SHARE)
    found = place.take(("dispenser-1",), at, _DRINK_S, 300_000)
    if found is None:
        return None
    device, start = found
    _draw(plan, "dispenser.hot" if hot else "dispenser.cold", start, _DRINK_S, litres)
    _draw(plan, "dispenser.reject", start, _DRINK_S, litres * _REJECTED)
    return Use(
        "drink",
        device,
        start,
        _DRINK_S,
        litres * (1 + _REJECTED),
        litres * HOT_WH_PER_L if hot else 0.0,
        attended=True,
    )


def _microwave(plan: Plan, place: Place, guest: Guest, rng: Generator) -> Use | None:
    found = place.take(("microwave-1",), _moment(guest, rng), _MICROWAVE_S, 600_000)
    if found is None:
        return None
    device, start = found
    _run(plan, device, start, _MICROWAVE_S, MICROWAVE_W)
    return Use(
        "microwave", device, start, _MICROWAVE_S, 0.0, MICROWAVE_W * _MICROWAVE_S / 3600, attended=True
    )


def _fridge(plan: Plan, _place: Place, guest: Guest, rng: Generator) -> Use | None:
    start = _moment(guest, rng)
    plan.taken.append(Span(start, start + _FRIDGE_S * 1000, "fridge-1.door", 1.0))
    return Use("fridge", "fridge-1", start, _FRIDGE_S, 0.0, 5.0, attended=True)


def _phone(plan: Plan, place: Place, guest: Guest, rng: Generator) -> Use | None:
    start, seconds = guest.enter_ms + 20_000, (guest.leave_ms - guest.enter_ms) // 1000 - 30
    if seconds <= 0:
        return None
    in_locker = rng.random() < _LOCKER_SHARE
    found = place.take(place.archetype.locker_names, start, seconds, 0) if in_locker else None
    device = found[0] if found else "socket"
    plan.loads.append(Span(start, start + seconds * 1000, "phones", PHONE_W))
    if found:
        plan.taken.append(Span(start, start + seconds * 1000, device, 1.0))
    return Use("phone", device, start, seconds, 0.0, PHONE_W * seconds / 3600, attended=True)


def _toilet(plan: Plan, place: Place, guest: Guest, rng: Generator) -> Use | None:
    minutes = min(_TOILET_MIN * float(rng.lognormal(0, _TOILET_SIGMA)), _TOILET_LIMIT_MIN)
    seconds = max(60, int(minutes * 60))
    found = place.take(place.archetype.toilet_names, _moment(guest, rng), seconds, 900_000)
    if found is None:
        return None
    device, start = found
    _run(plan, device, start, seconds, 0.0)
    plan.loads.append(Span(start, start + seconds * 1000 + 600_000, "extractor", 40.0))
    cistern = float(rng.choice(_CISTERN_L)) - 0.5
    flush = start + (seconds - 40) * 1000
    _draw(plan, device, flush, _CISTERN_S, cistern)
    _draw(plan, device, flush + 20_000, _WASH_S, _WASH_L)
    return Use("toilet", device, start, seconds, cistern + _WASH_L, 10.0, attended=True)


def _shower(plan: Plan, place: Place, guest: Guest, rng: Generator) -> Use | None:
    litres = min(_SHOWER_L * float(rng.lognormal(0, _SHOWER_L_SIGMA)), _SHOWER_LIMIT_L)
    # who takes much water opens the tap wide: drawn one by one, amount and flow made showers of 40 minutes
    fastest = litres / (_SHOWER_LIMIT_MIN - _DRESSING_S / 60)
    running = int(litres / max(float(rng.uniform(*_SHOWER_L_PER_MIN)), fastest) * 60)
    wish = int(60 * _SHOWER_MIN * rng.lognormal(0, _SHOWER_SIGMA))
    seconds = min(max(wish, running + _DRESSING_S), int(60 * _SHOWER_LIMIT_MIN))
    found = place.take(place.archetype.shower_names, _moment(guest, rng), seconds, 1_800_000)
    if found is None:
        return None
    device, start = found
    _run(plan, device, start, seconds, 0.0)
    _draw(plan, device, start + 60_000, running, litres)
    return Use("shower", device, start, seconds, litres, litres * SHOWER_WH_PER_L, attended=True)


def _washer(plan: Plan, place: Place, guest: Guest, rng: Generator) -> Use | None:
    found = place.take(
        place.archetype.numbered("washer", place.archetype.washers),
        guest.enter_ms + 120_000,
        _WASHER_S,
        1_200_000,
    )
    if found is None:
        return None
    device, start = found
    watts = _WASHER_WARM_W if rng.random() < _WARM_SHARE else _WASHER_COLD_W
    _run(plan, device, start, _WASHER_S, watts)
    for minute in _WASHER_FILLS_MIN:
        _draw(plan, device, start + minute * 60_000, _FILL_S, _FILL_L)
    litres = _FILL_L * len(_WASHER_FILLS_MIN)
    return Use("washer", device, start, _WASHER_S, litres, watts * _WASHER_S / 3600, attended=False)


def _dryer(plan: Plan, place: Place, guest: Guest, _rng: Generator) -> Use | None:
    found = place.take(
        place.archetype.numbered("dryer", place.archetype.dryers),
        guest.enter_ms + 2_700_000,
        _DRYER_S,
        3_600_000,
    )
    if found is None:
        return None
    device, start = found
    _run(plan, device, start, _DRYER_S, DRYER_W)
    return Use("dryer", device, start, _DRYER_S, 0.0, DRYER_W * _DRYER_S / 3600, attended=False)


def _supplies(plan: Plan, _place: Place, guest: Guest, rng: Generator) -> Use | None:
    at = _moment(guest, rng)
    if rng.random() < _UMBRELLA_SHARE:
        return Use("umbrella", "umbrellas", at, 20, 0.0, 0.0, attended=True)
    plan.events.append(("facility", {"device": "medicine-box", "ts": at, "event": "medicine_box_opened"}))
    return Use("medicine", "medicine-box", at, 60, 0.0, 0.0, attended=True)


def _ebike(plan: Plan, place: Place, guest: Guest, rng: Generator) -> Use | None:
    seconds = int(3600 * rng.uniform(*_EBIKE_H))
    names = place.archetype.numbered("ebike", place.archetype.ebike_ports)
    found = place.take(names, guest.enter_ms, seconds, 0)
    if found is None:
        return None
    device, start = found
    full = int(seconds * _EBIKE_TAPER)
    plan.taken.append(Span(start, start + seconds * 1000, device, 1.0))
    plan.loads.append(Span(start, start + full * 1000, device, EBIKE_W))
    taper = np.linspace(start + full * 1000, start + seconds * 1000, 7).astype(int).tolist()
    wh = EBIKE_W * full / 3600
    for step, (begin, end) in enumerate(pairwise(taper)):
        watts = EBIKE_W * (1 - (step + 0.5) / 6)
        plan.loads.append(Span(begin, end, device, watts))
        wh += watts * (end - begin) / HOUR_MS
    return Use("ebike", device, start, seconds, 0.0, wh, attended=False)


USES: Mapping[str, Callable[[Plan, Place, Guest, Generator], Use | None]] = {
    "drink": _drink,
    "microwave": _microwave,
    "fridge": _fridge,
    "phone": _phone,
    "toilet": _toilet,
    "shower": _shower,
    "washer": _washer,
    "dryer": _dryer,
    "supplies": _supplies,
    "ebike": _ebike,
}
