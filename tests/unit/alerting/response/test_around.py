"""What policy is told of a station."""

import pytest

from catalogue.loading import load
from gateway.alerting.response.around import StationBook
from gateway.batch.latest import LastReading
from gateway.domain.fleet import Fleet
from gateway.domain.registry import Registry
from tests.unit.alerting.response.desk import MINUTE, NOON, SECOND

STARTED = NOON - 3 * MINUTE


def book(*readings: LastReading, now: int = NOON, sessions: int = 1) -> StationBook:
    fleet = Fleet()
    for session in range(1, sessions + 1):
        fleet.birth("a", "louxing", session, NOON - MINUTE, retained=False)
    circumstances = load().circumstances.values()
    return StationBook(
        fleet, Registry(), lambda _id: readings, lambda _id: STARTED, circumstances, lambda: now
    )


def said(domain: str, device: str, ts: int = NOON, **fields: object) -> LastReading:
    return LastReading(domain, device, ts, fields, ())


@pytest.mark.parametrize(
    ("reading", "name"),
    [
        (said("facility", "station", station_mode="commissioning"), "commissioning"),
        (said("facility", "station", station_mode="planned_off"), "planned_off"),
        (said("power", "main", planned_off=True), "planned_off"),
        (said("access", "door", door_mode="fire_release"), "fire"),
        (said("water", "main", valve_state="closed"), "valve_closed"),
        (said("facility", "station", station_mode="maintenance"), "maintenance"),
    ],
)
def test_what_devices_say_makes_a_circumstance_hold(reading: LastReading, name: str) -> None:
    assert book(reading).facts("a").holding == {name}


def test_what_was_said_too_long_ago_says_nothing() -> None:
    old = said("power", "main", NOON - 451 * SECOND, planned_off=True)
    assert book(old).facts("a").holding == frozenset()


def test_an_ordinary_station_holds_nothing() -> None:
    usual = said("facility", "station", station_mode="open"), said("power", "main", planned_off=False)
    facts = book(*usual).facts("a")
    assert (facts.mode, facts.holding, facts.region) == ("open", frozenset(), "louxing")


def test_it_knows_when_the_box_started_and_when_it_was_last_heard() -> None:
    facts = book().facts("a")
    assert (facts.booted, facts.heard) == (STARTED, NOON - MINUTE)


def test_a_station_nobody_has_heard_of_has_no_facts() -> None:
    assert book().facts("nowhere").heard is None
