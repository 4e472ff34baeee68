from __future__ import annotations

from gateway.domain.alerts import Change, Key, Transition
from simulators.scenarios import BREAKDOWNS, quiet
from yizhan.score.judging import Found, Heard, Judged
from yizhan.score.oracle import Must
from yizhan.score.table import page
from yizhan.score.tally import Tally

MINUTE_MS = 60_000


def _alert(rule: str, severity: str, at: int, change: Change = Change.OPENED) -> Transition:
    return Transition(Key(rule, "s-1", "main"), change, severity, 1_000, at, at)


def _judged(delay_min: float | None, severity: str = "P2") -> Judged:
    delay = None if delay_min is None else int(delay_min * MINUTE_MS)
    return Judged((Found(Must("WA-01", 2.5, severity), severity, delay),), ())


def test_a_missed_page_misses_the_target_and_a_missed_ticket_only_spoils_its_story() -> None:
    tally = Tally()
    tally.add_fault(BREAKDOWNS["F02"].tell(1), _judged(1.0))
    assert list(tally.missed_targets()) == []
    tally.add_fault(BREAKDOWNS["F02"].tell(2), _judged(None))
    assert list(tally.missed_targets()) == [
        "WA-01: 1 of 2 did not come in time",
        "F02: 1 of 2 stories were not as they must be",
    ]
    tickets = Tally()
    tickets.add_fault(BREAKDOWNS["F02"].tell(1), _judged(9.0, "P3"))
    assert list(tickets.missed_targets()) == ["F02: 1 of 1 stories were not as they must be"]


def test_an_alert_that_rises_on_a_quiet_day_is_one_false_alarm_of_its_gravest() -> None:
    tally = Tally()
    story = quiet("plain", "urban_kiosk", seed=1, days=2)
    rising = [_alert("OC-01", "P3", story.start_ms), _alert("OC-01", "P2", story.start_ms, Change.RAISED)]
    tally.add_quiet(story, Heard([*rising, _alert("OC-01", "P2", story.end_ms, Change.CLEARED)], []))
    assert dict(tally.false) == {("OC-01", "P2"): 1}
    assert tally.false_by_severity("P2") == 1
    assert tally.quiet_days == 2


def test_one_false_page_is_allowed_in_400_station_days_and_two_are_not() -> None:
    tally = Tally()
    story = quiet("plain", "urban_kiosk", seed=1)
    tally.add_quiet(story, Heard([_alert("OC-01", "P1", story.start_ms)], []))
    tally.quiet_days = 400
    assert list(tally.missed_targets()) == []
    tally.add_quiet(story, Heard([_alert("EN-05", "P2", story.start_ms)], []))
    assert list(tally.missed_targets()) == ["2 false P1 or P2 in 401 quiet station-days"]
    assert len(tally.alarms) == 2


def test_the_page_says_how_it_was_made_and_what_fell_short() -> None:
    tally = Tally()
    tally.add_fault(BREAKDOWNS["F02"].tell(1), _judged(1.0))
    tally.add_fault(BREAKDOWNS["F02"].tell(2), Judged(_judged(4.0).found, ("WA-03 opened",)))
    tally.add_quiet(quiet("heat", "public_hall", seed=1), Heard([_alert("OC-02", "P4", 0)], []))
    text = page(tally, "yizhan score --runs 2", "2026-11-22")
    assert "`yizhan score --runs 2` on 2026-11-22" in text
    assert "| WA-01 | P2 | 2 | 1 | 0.50 | 2.5 min | 4.0 min | 2.5 min |" in text
    assert "| F02 | 2 | 1 |" in text
    assert "| OC-02 | P4 | 1 | 1.0000 |" in text
    assert "WA-01 as P2 came after 4.0 min, deadline 2.5 min" in text
    assert "WA-03 opened" in text
