"""What stands on either side of a comparison, at one moment; unknown values are left out, or None."""

from collections.abc import Callable
from statistics import fmean

from catalogue.conditions import Compare, FromField, FromFigure, FromLearned, FromLimit, Operand
from gateway.alerting.detection.moment import Moment


def left_of(condition: Compare, at: Moment) -> list[object]:
    """Return the known values on the left."""
    if condition.field is not None:
        if "." in condition.field:
            values = station_values(condition, condition.field, at)
            return values if condition.of in {"any", "all"} else _aggregate(condition.of, values)
        return _known(at.own_value(condition.field, any_age=condition.any_age))
    if condition.value is not None:
        return _known(at.own_value(at.subject) if at.subject else None)
    if condition.figure is not None:
        return _known(at.figures.get(condition.figure))
    found = _limit(at, str(condition.limit))
    return _known(condition.default if found is None else found)


def station_values(asked: Compare | FromField, name: str, at: Moment) -> list[object]:
    """Return the known values of a field on the devices of the moment's station that are asked for."""
    domain, _, field = name.partition(".")
    places = at.view.places
    if name == "station.capacity":
        return _known(places.capacity(at.station_id))
    if name == "station.open_now":
        return [places.is_open(at.station_id, at.ts)]
    chosen = []
    for number in places.of_station(at.station_id, domain):
        device = places.series[number].device
        if asked.device == "same" and device != at.device:
            continue
        if asked.role is not None and places.role(at.station_id, device) not in asked.role:
            continue
        if asked.zone == "same" and places.zone(at.station_id, device) != places.zone(
            at.station_id, at.device
        ):
            continue
        chosen.append(number)
    return at.values((domain, field), chosen, any_age=asked.any_age or name == "station.state")


def operand_value(operand: Operand | tuple[object, ...], at: Moment) -> object:
    """Return what stands on the right, None when it is unknown."""
    if not isinstance(operand, FromField | FromLimit | FromFigure | FromLearned):
        return operand
    base = _base(operand, at)
    times, plus = operand.times, operand_value(operand.plus, at)
    if (
        not isinstance(base, int | float)
        or not isinstance(times, int | float)
        or not isinstance(plus, int | float)
    ):
        return base if isinstance(base, str) else None
    return base * times + plus


def _base(operand: FromField | FromLimit | FromFigure | FromLearned, at: Moment) -> object:
    if isinstance(operand, FromFigure):
        return at.figures.get(operand.figure)
    if isinstance(operand, FromLearned):
        return at.learned.get(operand.learned)
    if isinstance(operand, FromLimit):
        found = _limit(at, operand.limit)
        return operand.default if found is None else found
    if "." not in operand.field:
        return at.own_value(operand.field, any_age=operand.any_age)
    values = _aggregate(operand.of, station_values(operand, operand.field, at))
    return values[0] if values else None


def _limit(at: Moment, name: str) -> float | None:
    return at.view.places.limit(at.station_id, at.device, name)


def _aggregate(of: str, values: list[object]) -> list[object]:
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if not numbers:
        return values[:1] if len(values) == 1 else []
    return [_AGGREGATES[of](numbers)]


_AGGREGATES: dict[str, Callable[[list[float]], float]] = {"max": max, "min": min, "mean": fmean, "sum": sum}


def _known(value: object) -> list[object]:
    return [] if value is None else [value]
