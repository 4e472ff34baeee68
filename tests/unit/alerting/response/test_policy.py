"""Every stage of policy, played on a real desk: what is kept from people, why, and until when."""

from datetime import datetime, timedelta

import pytest

from gateway.alerting.response.policy import STAGES
from gateway.alerting.response.surroundings import GATEWAY, StationFacts
from gateway.alerting.response.verdicts import HOLDS, Why
from gateway.domain.schedules import Maintenance, Recurrence, Scope
from gateway.domain.silences import Match, Silence
from gateway.state.alert_rows import AlertRow, AlertState
from tests.unit.alerting.response.desk import DAY, HOUR, MINUTE, NOON, SECOND, Desk


def kept(at: Desk, row: AlertRow, reason: str) -> bool:
    """Whether nobody was told of an alert, and its journal says why."""
    return at.told_of(row) == [] and at.alert(row.alert_id).held_by == reason


def silence(at: Desk, until: int, **match: str) -> None:
    at.state.silences.add(Silence("s", Match(**match), "paint", "Li", at.now, until))


def window(at: Desk, begins: datetime, lasts: timedelta, rule: str | None = None) -> None:
    at.state.maintenance.add(
        Maintenance("m", Scope(station_id="a"), Recurrence(begins, lasts, rule), "pump", "Li", NOON)
    )


def test_the_stages_read_aloud() -> None:
    assert [stage.__name__ for stage in STAGES] == [
        "life_safety",
        "daily_test",
        "offline_after_life_safety",
        "retrospective",
        "commissioning",
        "planned_off",
        "maintenance",
        "fleet_collapse",
        "parent_unknown",
        "parent_down",
        "inhibited",
        "silenced",
        "snoozed",
        "flapping",
        "start_up",
        "night",
        "grouping",
    ]
    assert all(stage.__doc__ for stage in STAGES)
    assert set(Why) >= HOLDS


# -- life safety ---------------------------------------------------------------------------------------------


def test_smoke_passes_every_stage(at: Desk) -> None:
    at.started = at.now
    at.stations["a"] = StationFacts(
        region="r", mode="commissioning", booted=at.now, holding=frozenset({"fire"})
    )
    at.open()
    window(at, datetime(2026, 11, 22, 11), timedelta(hours=3))  # noqa: DTZ001 - on the wall
    silence(at, at.now + DAY, station_id="a")
    at.opens("AG-17", "P1", station=GATEWAY)
    at.opens("AG-01", "P1")
    row = at.opens("EN-01", "P1")
    assert [kind for kind, _, _ in at.told_of(row)] == ["alert", "alert"]


def test_a_station_that_falls_silent_after_smoke_is_p1_and_hurries_the_smoke(at: Desk) -> None:
    smoke = at.opens("EN-01", "P1")
    at.pass_time(2 * MINUTE)
    offline = at.opens("AG-01", "P3")
    assert offline.severity == "P1"
    assert [kind for kind, _, _ in at.told_of(offline)] == ["alert", "alert"]
    assert at.journal(offline) == ["opened", "promoted", "announced"]
    at.pass_time(2 * SECOND)
    assert ("escalation", "li", "wecom") in at.told_of(smoke)


def test_a_station_that_falls_silent_long_after_is_an_ordinary_one(at: Desk) -> None:
    at.opens("EN-01", "P1")
    at.pass_time(20 * MINUTE, MINUTE)
    assert at.opens("AG-01", "P2").severity == "P2"


def test_silence_after_smoke_explains_nothing_away(at: Desk) -> None:
    at.opens("EN-01", "P1")
    at.pass_time(MINUTE)
    at.opens("AG-01", "P3")
    row = at.opens("WA-02", "P1")
    assert len(at.told_of(row)) == 2


# -- what explains what --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "facts", "reason"),
    [
        ("WA-02", StationFacts(heard=NOON, mode="commissioning"), "commissioning"),
        ("WA-07", StationFacts(heard=NOON, mode="planned_off"), "planned_off"),
        ("WA-07", StationFacts(heard=NOON, holding=frozenset({"planned_off"})), "planned_off"),
        ("AC-02", StationFacts(heard=NOON, mode="maintenance"), "maintenance"),
        ("AC-02", StationFacts(heard=NOON, holding=frozenset({"fire"})), "fire"),
    ],
)
def test_a_state_of_the_station_explains_an_alert(
    at: Desk, rule: str, facts: StationFacts, reason: str
) -> None:
    at.stations["a"] = facts
    row = at.opens(rule, "P1")
    assert kept(at, row, reason)
    at.stations["a"] = StationFacts(heard=NOON)
    at.pass_time(20 * SECOND)
    assert len(at.told_of(row)) == 2


@pytest.mark.parametrize(
    ("cause", "effect", "reason"),
    [
        ("PW-01", "PW-04", "mains_outage"),
        ("WA-06", "WA-07", "WA-06"),
        ("AG-01", "WA-02", "station_offline"),
        ("AG-05", "WA-07", "sensor_fault"),
    ],
)
def test_an_alert_explains_another_while_its_condition_holds(
    at: Desk, cause: str, effect: str, reason: str
) -> None:
    parent = at.opens(cause, "P2")
    row = at.opens(effect, "P1")
    assert kept(at, row, reason)
    assert at.journal(row) == ["opened", f"suppressed {reason}"]
    at.pass_time(5 * MINUTE, 10 * SECOND)
    assert at.journal(row) == ["opened", f"suppressed {reason}"]
    at.clears(parent)
    at.pass_time(20 * SECOND)
    assert len(at.told_of(row)) == 2


def test_a_fault_of_another_device_explains_nothing(at: Desk) -> None:
    at.opens("AG-05", "P2", device="other")
    row = at.opens("WA-07", "P1")
    assert len(at.told_of(row)) == 2


def test_a_latched_cause_that_has_cleared_explains_nothing_any_more(at: Desk) -> None:
    parent = at.opens("PW-01", "P1")
    at.clears(parent)
    assert at.alert(parent.alert_id).state is AlertState.FIRING
    assert len(at.told_of(at.opens("PW-04", "P1"))) == 2


def test_the_outage_that_comes_second_still_explains_the_undervoltage(at: Desk) -> None:
    low = at.opens("PW-04", "P2")
    at.pass_time(10 * SECOND)
    out = at.opens("PW-01", "P2")
    at.pass_time(MINUTE)
    assert kept(at, low, "mains_outage")
    assert [kind for kind, _, _ in at.told_of(out)] == ["alert"]


def test_a_suppressed_p1_that_clears_asks_nobody_to_look(at: Desk) -> None:
    at.opens("AG-01", "P2")
    row = at.opens("WA-02", "P1")
    assert at.clears(row).state is AlertState.RESOLVED


def test_the_platform_s_outage_is_one_alert_for_all_stations(at: Desk) -> None:
    at.opens("AG-17", "P1", station=GATEWAY, device="")
    rows = [at.opens("AG-01", "P2", station=f"s{n}", device="") for n in range(5)]
    at.pass_time(2 * MINUTE)
    assert all(kept(at, row, "platform_outage") for row in rows)


def test_a_link_that_comes_and_goes_is_told_once(at: Desk) -> None:
    at.opens("AG-02", "P2", device="")
    row = at.opens("AG-01", "P2", device="")
    at.pass_time(2 * MINUTE)
    assert kept(at, row, "flapping")


def test_children_wait_for_their_parents_after_our_own_start(at: Desk) -> None:
    at.started = at.now - 10 * SECOND
    at.stations["a"] = StationFacts(heard=at.now - HOUR)
    at.open()
    child = at.opens("WA-02", "P1")
    assert kept(at, child, "parent_unknown")
    at.pass_time(40 * SECOND)
    at.opens("AG-01", "P2")
    at.pass_time(MINUTE)
    assert kept(at, child, "station_offline")


def test_a_station_that_has_spoken_since_our_start_does_not_wait(at: Desk) -> None:
    at.started = at.now - 10 * SECOND
    at.stations["a"] = StationFacts(heard=at.now - SECOND)
    at.open()
    assert len(at.told_of(at.opens("WA-02", "P1"))) == 2


# -- people's plans ------------------------------------------------------------------------------------------


def test_maintenance_keeps_small_faults_and_doors_but_not_a_burst(at: Desk) -> None:
    window(at, datetime(2026, 11, 22, 11), timedelta(hours=3))  # noqa: DTZ001 - on the wall
    assert kept(at, at.opens("AC-02", "P1"), "maintenance")
    assert kept(at, at.opens("WA-06", "P3"), "maintenance")
    assert len(at.told_of(at.opens("WA-02", "P1"))) == 2


def test_after_maintenance_only_new_conditions_are_told(at: Desk) -> None:
    window(at, datetime(2026, 11, 22, 11), timedelta(hours=2))  # noqa: DTZ001 - on the wall
    old = at.opens("AC-02", "P1")
    at.pass_time(2 * HOUR, MINUTE)
    assert kept(at, old, "maintenance")
    new = at.opens("AC-02", "P1", device="back-door")
    assert len(at.told_of(new)) == 2
    at.apply(at.transition("WA-06", severity="P3"))
    assert at.state.alerts.page(1)[0].held_by == "grouping"


def test_a_window_crosses_midnight_every_week(at: Desk) -> None:
    at.now = NOON + 12 * HOUR + 30 * MINUTE
    window(at, datetime(2026, 11, 1, 23), timedelta(hours=3), "FREQ=WEEKLY;BYDAY=SU")  # noqa: DTZ001 - local time of the rule
    assert kept(at, at.opens("AC-02", "P1"), "maintenance")


def test_a_silence_keeps_an_alert_until_its_end(at: Desk) -> None:
    silence(at, at.now + HOUR, rule="WA-02")
    row = at.opens("WA-02", "P1")
    assert kept(at, row, "silenced")
    assert at.state.silences.last_hid() == {"s": at.now}
    at.pass_time(HOUR - SECOND, MINUTE)
    assert kept(at, row, "silenced")
    at.pass_time(20 * SECOND)
    assert len(at.told_of(row)) == 2


def test_a_silence_about_another_station_hides_nothing(at: Desk) -> None:
    silence(at, at.now + HOUR, station_id="b")
    assert len(at.told_of(at.opens("WA-02", "P1"))) == 2


def test_a_silence_about_a_region_hides_what_is_in_it(at: Desk) -> None:
    silence(at, at.now + HOUR, region="r")
    assert kept(at, at.opens("WA-02", "P1"), "silenced")


# -- when people are told ------------------------------------------------------------------------------------


def test_a_box_that_has_just_started_is_given_five_minutes(at: Desk) -> None:
    at.stations["a"] = StationFacts(heard=at.now, booted=at.now - MINUTE)
    row = at.opens("WA-06", "P2")
    assert kept(at, row, "start_up")
    assert len(at.told_of(at.opens("WA-02", "P1"))) == 2
    outage = at.opens("PW-01", "P2")
    at.pass_time(4 * MINUTE - SECOND)
    assert kept(at, row, "start_up")
    assert at.told_of(outage) != []
    at.pass_time(2 * MINUTE)
    assert at.told_of(row) != []


def test_what_belongs_to_the_day_waits_for_the_morning(at: Desk) -> None:
    at.now = NOON + 11 * HOUR
    rows = [at.opens("WA-06", "P3", station=f"s{n}") for n in range(4)]
    report = at.opens("WA-07", "P4")
    at.pass_time(9 * HOUR - SECOND, 10 * MINUTE)
    assert at.told() == []
    at.pass_time(2 * MINUTE)
    (digest,) = at.told()
    assert (digest.kind, digest.person, digest.channel) == ("digest", "li", "wecom")
    assert set(digest.alert_ids) == {row.alert_id for row in [*rows, report]}


def test_by_day_a_p3_is_told_the_same_day_and_a_p4_only_in_the_digest(at: Desk) -> None:
    ticket, report = at.opens("WA-06", "P3"), at.opens("WA-07", "P4", station="b")
    at.pass_time(HOUR, 10 * SECOND)
    assert at.told_of(ticket) == [("alert", "li", "wecom")]
    assert kept(at, report, "digest")


def test_a_p2_wakes_people_at_night(at: Desk) -> None:
    at.now = NOON + 14 * HOUR
    row = at.opens("WA-06", "P2")
    at.pass_time(20 * SECOND)
    assert at.told_of(row) == [("alert", "li", "wecom")]


def test_one_message_tells_all_that_is_wrong_at_a_station_within_a_minute(at: Desk) -> None:
    at.opens("WA-06", "P2", device="x")
    at.pass_time(5 * SECOND)
    at.opens("WA-06", "P2", device="y")
    at.pass_time(40 * SECOND)
    first = at.told()
    assert [len(row.alert_ids) for row in first] == [1]
    at.opens("WA-06", "P2", device="z")
    at.pass_time(2 * MINUTE)
    assert [len(row.alert_ids) for row in at.told()] == [1, 2]
    assert at.told()[1].created - first[0].created >= MINUTE
