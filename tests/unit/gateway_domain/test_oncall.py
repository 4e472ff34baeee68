from datetime import date, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.holidays import Holidays
from gateway.domain.hours import Hours
from gateway.domain.local_time import DAY_MS, HOUR_MS, wall
from gateway.domain.oncall import (
    AHEAD_MS,
    FALLBACK,
    OVERRIDE,
    Duty,
    Layer,
    Override,
    Person,
    Rota,
    chain,
    gaps,
    turn,
    unreachable,
)

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"
PEOPLE = {name: Person(name, name.title(), ("wecom",)) for name in ("li", "wang", "zhao", "boss")}
NIGHTS = (Hours.of("mon-sun", "18:00", "09:00"),)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


NOW = at("2026-11-22T10:00+08:00")


def rota(*layers: Layer, tz: str = SHANGHAI) -> Rota:
    return Rota(PEOPLE, layers, "boss", tz, Holidays())


def layer(*people: str, **more: object) -> Layer:
    return Layer(**{"name": "first", "people": people, "first_day": date(2026, 11, 2)} | more)  # type: ignore[arg-type]


LAYERS = st.builds(
    layer,
    st.sampled_from(["li", "wang"]),
    st.sampled_from(["zhao", "li"]),
    name=st.sampled_from(["first", "second"]),
    first_day=st.dates(date(2026, 10, 1), date(2026, 12, 1)),
    days=st.integers(1, 9),
    handover=st.builds(time, st.integers(0, 23), st.sampled_from([0, 30])),
    hours=st.sampled_from([(), NIGHTS, (Hours.of("workday", "09:00", "18:00"),)]),
    regions=st.sampled_from([frozenset(), frozenset({"louxing"})]),
    severities=st.sampled_from([frozenset(), frozenset({"P1"})]),
)
OVERRIDES = st.builds(
    lambda person, start, length, where, region: Override("o", person, start, start + length, where, region),
    st.sampled_from(["li", "zhao"]),
    st.integers(NOW - DAY_MS, NOW + AHEAD_MS),
    st.integers(HOUR_MS, 5 * DAY_MS),
    st.sampled_from([None, "first"]),
    st.sampled_from([None, "louxing", "xinhua"]),
)


def test_it_hands_over_by_the_clock_on_the_wall() -> None:
    weekly = layer("li", "wang")
    assert turn(weekly, at("2026-11-02T08:59+08:00"), SHANGHAI) is None
    assert turn(weekly, at("2026-11-02T09:00+08:00"), SHANGHAI) == "li"
    assert turn(weekly, at("2026-11-09T08:59+08:00"), SHANGHAI) == "li"
    assert turn(weekly, at("2026-11-09T09:00+08:00"), SHANGHAI) == "wang"
    assert turn(weekly, at("2026-11-16T09:00+08:00"), SHANGHAI) == "li"


def test_it_hands_over_once_in_the_night_that_has_an_hour_twice() -> None:
    daily = layer("li", "wang", days=1, handover=time(2, 30), first_day=date(2026, 10, 24))
    turns = [turn(daily, at("2026-10-25T00:00Z") + n * HOUR_MS // 4, BERLIN) for n in range(12)]
    assert turns == ["li"] * 2 + ["wang"] * 10


def test_it_calls_the_layers_in_their_order_and_the_fallback_last() -> None:
    plan = rota(layer("li"), layer("wang", name="second"), layer("li", name="third"))
    assert chain(plan, (), NOW, "louxing", "P1") == (
        Duty("li", "first"),
        Duty("wang", "second"),
        Duty("boss", FALLBACK),
    )


def test_it_keeps_a_layer_to_its_regions_severities_and_hours() -> None:
    plan = rota(
        layer("li", regions=frozenset({"louxing"})),
        layer("wang", name="grave", severities=frozenset({"P1"})),
        layer("zhao", name="nights", hours=NIGHTS),
    )
    assert [duty.by for duty in chain(plan, (), NOW, "louxing", "P2")] == ["first", FALLBACK]
    assert [duty.by for duty in chain(plan, (), NOW, "xinhua", "P1")] == ["grave", FALLBACK]
    night = at("2026-11-23T03:00+08:00")
    assert [duty.by for duty in chain(plan, (), night, None, "P2")] == ["nights", FALLBACK]


def test_it_lets_an_override_stand_in_for_a_layer_or_ahead_of_all() -> None:
    plan = rota(layer("li"), layer("wang", name="second"))
    instead = Override("1", "zhao", NOW, NOW + HOUR_MS, layer="first")
    ahead = Override("2", "zhao", NOW, NOW + HOUR_MS, region="louxing")
    assert [d.person for d in chain(plan, [instead], NOW, None, "P1")] == ["zhao", "wang", "boss"]
    assert [d.person for d in chain(plan, [ahead], NOW, "louxing", "P1")] == ["zhao", "li", "wang", "boss"]
    assert [d.person for d in chain(plan, [ahead], NOW, "xinhua", "P1")] == ["li", "wang", "boss"]
    assert [d.person for d in chain(plan, [instead], NOW + HOUR_MS, None, "P1")] == ["li", "wang", "boss"]


def test_it_passes_over_an_override_by_somebody_who_left() -> None:
    gone = Override("1", "qian", NOW, NOW + HOUR_MS)
    assert [d.person for d in chain(rota(layer("li")), [gone], NOW, None, "P1")] == ["li", "boss"]


def test_it_finds_the_days_between_nights() -> None:
    found = gaps(rota(layer("li", hours=NIGHTS)), (), NOW, ["louxing"], ["P1"])
    assert (found[0].start, found[0].end) == (NOW, at("2026-11-22T18:00+08:00"))
    assert (found[1].start, found[1].end) == (at("2026-11-23T09:00+08:00"), at("2026-11-23T18:00+08:00"))
    assert len(found) == 15


def test_it_closes_a_gap_with_an_override() -> None:
    stand_in = Override("1", "zhao", NOW, at("2026-11-22T18:00+08:00"))
    found = gaps(rota(layer("li", hours=NIGHTS)), [stand_in], NOW, ["louxing"], ["P1"])
    assert found[0].start == at("2026-11-23T09:00+08:00")


def test_it_is_one_long_gap_without_layers() -> None:
    [found] = gaps(rota(), (), NOW, [None], ["P1"])
    assert (found.start, found.end) == (NOW, NOW + AHEAD_MS)


def test_it_names_who_cannot_be_reached_and_from_when() -> None:
    plan = rota(layer("li", "wang"))
    plan = Rota(
        PEOPLE | {"wang": Person("wang", "Wang", ("sms",))}, plan.layers, "boss", SHANGHAI, Holidays()
    )
    assert unreachable(plan, (), NOW, {"wecom", "sms"}) == {}
    assert unreachable(plan, (), NOW, {"wecom"}) == {"wang": at("2026-11-23T09:00+08:00")}
    assert set(unreachable(plan, (), NOW, ())) == {"li", "wang", "boss"}
    away = Override("1", "li", NOW, NOW + AHEAD_MS, layer="first")
    assert unreachable(plan, [away], NOW, {"wecom"}) == {}


@pytest.mark.parametrize(("people", "fallback"), [(("qian",), "boss"), (("li",), "qian")])
def test_it_names_whoever_is_not_among_the_people(people: tuple[str, ...], fallback: str) -> None:
    with pytest.raises(ValueError, match="qian is not among the people"):
        Rota(PEOPLE, (layer(*people),), fallback, SHANGHAI, Holidays())


@given(st.lists(LAYERS, max_size=3), st.lists(OVERRIDES, max_size=3), st.integers(0, 14 * 24))
def test_it_always_ends_with_somebody_and_names_nobody_twice(
    layers: list[Layer], overrides: list[Override], hour: int
) -> None:
    duties = chain(rota(*layers), overrides, NOW + hour * HOUR_MS, "louxing", "P1")
    people = [duty.person for duty in duties]
    assert "boss" in people
    assert len(set(people)) == len(people)


@settings(max_examples=30)
@given(st.lists(LAYERS, max_size=2), st.lists(OVERRIDES, max_size=2), st.sampled_from([SHANGHAI, BERLIN]))
def test_it_calls_a_gap_exactly_when_only_the_fallback_is_left(
    layers: list[Layer], overrides: list[Override], tz: str
) -> None:
    plan = rota(*layers, tz=tz)
    found = gaps(plan, overrides, NOW, ["louxing"], ["P2"])
    for moment in range(NOW, NOW + AHEAD_MS, HOUR_MS // 2 + 7_000):
        alone = chain(plan, overrides, moment, "louxing", "P2")[0].by == FALLBACK
        assert alone == any(gap.start <= moment < gap.end for gap in found), wall(moment, tz)


def test_it_says_by_what_somebody_is_on_duty() -> None:
    stand_in = Override("1", "zhao", NOW, NOW + HOUR_MS, layer="first")
    assert chain(rota(layer("li")), [stand_in], NOW, None, "P1")[0] == Duty("zhao", OVERRIDE)
