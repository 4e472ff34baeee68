import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.local_time import DAY_MS, HOUR_MS
from gateway.domain.silences import IDLE_MS, LONGEST_MS, Match, Silence, Subject, hiding, idle

LEAK = Subject("louxing-07", "louxing", "WA-03", "P2")
SMOKE = Subject("louxing-07", "louxing", "EN-08", "P1", life_safety=True)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "station_id": st.sampled_from(["louxing-07", "louxing-08"]),
        "region": st.sampled_from(["louxing", "xinhua"]),
        "rule": st.sampled_from(["WA-03", "EN-08"]),
        "severity": st.sampled_from(["P1", "P2"]),
    },
).filter(bool)


def silence(match: Match, start: int = 0, end: int = 10 * DAY_MS, name: str = "s") -> Silence:
    return Silence(name, match, "works next door", "li", start, end)


@given(FIELDS, st.sampled_from([LEAK, SMOKE]))
def test_it_admits_an_alert_that_agrees_in_every_field_given(
    fields: dict[str, str], subject: Subject
) -> None:
    agrees = all(getattr(subject, name) == value for name, value in fields.items())
    assert Match(**fields).admits(subject) is agrees
    assert Match(**fields).hides(subject) is (agrees and not subject.life_safety)


def test_it_never_hides_what_is_about_a_life() -> None:
    assert hiding([silence(Match(station_id="louxing-07"))], SMOKE, HOUR_MS) is None


def test_it_refuses_to_match_everything() -> None:
    with pytest.raises(ValueError, match="at least one of"):
        Match()


@pytest.mark.parametrize(("start", "end"), [(5, 5), (5, 4), (0, LONGEST_MS + 1)])
def test_it_wants_a_proper_end(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="end:"):
        silence(Match(rule="WA-03"), start, end)


@pytest.mark.parametrize(("at", "hides"), [(99, False), (100, True), (199, True), (200, False)])
def test_it_hides_from_its_start_until_before_its_end(at: int, *, hides: bool) -> None:
    one = silence(Match(severity="P2"), 100, 200)
    assert (hiding([one], LEAK, at) is one) is hides


def test_it_names_the_silence_that_ends_last() -> None:
    short, long = silence(Match(rule="WA-03"), 0, 200), silence(Match(region="louxing"), 0, 300)
    assert hiding([short, long, silence(Match(rule="PW-01"), 0, 900)], LEAK, 50) is long


@pytest.mark.parametrize(
    ("last_hid", "open_now", "at", "ends"),
    [
        (None, [], IDLE_MS - 1, False),
        (None, [], IDLE_MS, True),
        (None, [LEAK], IDLE_MS, False),  # what it hides goes on
        (None, [SMOKE], IDLE_MS, True),  # which it cannot hide
        (HOUR_MS, [], IDLE_MS, False),
        (HOUR_MS, [], IDLE_MS + HOUR_MS, True),
        (None, [], 10 * DAY_MS, False),  # over by itself
    ],
)
def test_it_may_end_when_for_a_week_there_was_nothing_to_hide(
    last_hid: int | None, open_now: list[Subject], at: int, *, ends: bool
) -> None:
    assert idle(silence(Match(station_id="louxing-07")), last_hid, open_now, at) is ends
