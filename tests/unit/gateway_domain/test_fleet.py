import pytest

from gateway.domain.fleet import Device, Down, Fleet, StationState

NOW = 1_795_334_400_000
SECOND = 1_000
MINUTE = 60_000


@pytest.fixture
def fleet() -> Fleet:
    fleet = Fleet()
    fleet.broker_connected(NOW - 60 * MINUTE)
    return fleet


def state(fleet: Fleet, now: int, station_id: str = "a") -> StationState:
    return fleet.state(fleet.station(station_id), now)


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(0, "online"), (90, "online"), (91, "late"), (180, "late"), (181, "offline")],
)
def test_it_judges_a_station_by_the_age_of_its_last_frame(fleet: Fleet, age_s: int, expected: str) -> None:
    fleet.heard("a", "r", NOW, fresh=True)
    assert state(fleet, NOW + age_s * SECOND) == expected


def test_it_knows_nothing_of_a_station_never_heard(fleet: Fleet) -> None:
    fleet.expect("a", "r", "Asia/Shanghai")
    assert state(fleet, NOW) is StationState.UNKNOWN
    assert fleet.station("a").region == "r"


def test_a_birth_brings_a_station_online(fleet: Fleet) -> None:
    assert fleet.birth("a", "r", 1, NOW, retained=False).newest
    assert state(fleet, NOW) is StationState.ONLINE


def test_a_retained_birth_tells_what_a_station_is_but_not_that_it_is_there(fleet: Fleet) -> None:
    devices = [Device("door", "access")]
    assert fleet.birth("a", "r", 1, NOW, retained=True, devices=devices).newest
    assert state(fleet, NOW) is StationState.UNKNOWN
    assert fleet.station("a").devices == (Device("door", "access"),)


@pytest.mark.parametrize("down", [Down.LOST, Down.STOPPED])
def test_a_will_of_the_newest_session_takes_a_station_offline(fleet: Fleet, down: Down) -> None:
    fleet.birth("a", "r", 7, NOW, retained=False)
    assert fleet.will("a", 7, NOW + SECOND, down)
    assert state(fleet, NOW + 2 * SECOND) is StationState.OFFLINE


@pytest.mark.parametrize("session", [6, 8])
def test_a_will_of_any_other_session_is_ignored(fleet: Fleet, session: int) -> None:
    fleet.birth("a", "r", 7, NOW, retained=False)
    assert not fleet.will("a", session, NOW + SECOND, Down.LOST)
    assert state(fleet, NOW + 2 * SECOND) is StationState.ONLINE


def test_a_will_of_a_station_without_birth_is_ignored(fleet: Fleet) -> None:
    assert not fleet.will("a", 1, NOW, Down.LOST)
    fleet.heard("a", "r", NOW, fresh=True)
    assert not fleet.will("a", 1, NOW, Down.LOST)


def test_a_fresh_frame_brings_a_lost_station_back(fleet: Fleet) -> None:
    fleet.birth("a", "r", 7, NOW, retained=False)
    fleet.will("a", 7, NOW + SECOND, Down.LOST)
    fleet.heard("a", "r", NOW + 2 * SECOND, fresh=False)
    assert state(fleet, NOW + 2 * SECOND) is StationState.OFFLINE
    fleet.heard("a", "r", NOW + 3 * SECOND, fresh=True)
    assert state(fleet, NOW + 3 * SECOND) is StationState.ONLINE


def test_a_frame_received_before_the_will_does_not_undo_it(fleet: Fleet) -> None:
    fleet.birth("a", "r", 7, NOW, retained=False)
    fleet.will("a", 7, NOW + 2 * SECOND, Down.LOST)
    fleet.heard("a", "r", NOW + SECOND, fresh=True)
    assert state(fleet, NOW + 3 * SECOND) is StationState.OFFLINE


def test_the_birth_received_last_is_the_newest_even_with_a_lower_session(fleet: Fleet) -> None:
    fleet.birth("a", "r", 7, NOW, retained=False)
    assert fleet.birth("a", "r", 3, NOW + SECOND, retained=False).newest
    assert fleet.station("a").session == 3


@pytest.mark.parametrize(("session", "newest"), [(6, False), (7, False), (8, True)])
def test_a_retained_birth_replaces_only_a_lower_session(fleet: Fleet, session: int, newest: bool) -> None:  # noqa: FBT001 - a parameter of a table
    fleet.birth("a", "r", 7, NOW, retained=False)
    assert fleet.birth("a", "r", session, NOW + SECOND, retained=True).newest is newest


def test_a_birth_says_which_region_a_station_left(fleet: Fleet) -> None:
    assert fleet.birth("a", "north", 1, NOW, retained=False).moved_from is None
    assert fleet.birth("a", "south", 2, NOW, retained=False).moved_from == "north"
    assert fleet.birth("a", "south", 3, NOW, retained=False).moved_from is None


def test_a_frame_names_the_region_only_until_the_first_birth(fleet: Fleet) -> None:
    fleet.heard("a", "north", NOW, fresh=True)
    fleet.heard("a", "south", NOW, fresh=True)
    assert fleet.station("a").region == "south"
    fleet.birth("a", "east", 1, NOW, retained=False)
    fleet.heard("a", "north", NOW, fresh=True)
    assert fleet.station("a").region == "east"


def test_nothing_is_known_while_the_gateway_has_no_broker(fleet: Fleet) -> None:
    fleet.heard("a", "r", NOW, fresh=True)
    fleet.broker_lost()
    assert state(fleet, NOW) is StationState.UNKNOWN


def test_silence_says_nothing_in_the_first_minute_with_a_broker(fleet: Fleet) -> None:
    fleet.heard("a", "r", NOW - 10 * MINUTE, fresh=True)
    fleet.broker_lost()
    fleet.broker_connected(NOW)
    assert state(fleet, NOW + 59 * SECOND) is StationState.UNKNOWN
    assert state(fleet, NOW + 60 * SECOND) is StationState.OFFLINE


def test_a_fresh_frame_is_believed_at_once_after_a_reconnect(fleet: Fleet) -> None:
    fleet.broker_lost()
    fleet.broker_connected(NOW)
    fleet.heard("a", "r", NOW + SECOND, fresh=True)
    assert state(fleet, NOW + 2 * SECOND) is StationState.ONLINE


def test_a_will_is_believed_at_once_after_a_reconnect(fleet: Fleet) -> None:
    fleet.birth("a", "r", 7, NOW - MINUTE, retained=False)
    fleet.broker_lost()
    fleet.broker_connected(NOW)
    assert state(fleet, NOW + SECOND) is StationState.UNKNOWN
    fleet.will("a", 7, NOW + SECOND, Down.LOST)
    assert state(fleet, NOW + SECOND) is StationState.OFFLINE


def test_it_comes_back_from_its_records(fleet: Fleet) -> None:
    fleet.birth("a", "r", 7, NOW, retained=False, devices=[Device("door", "access", "door")])
    fleet.station("a").occupancy.observe("door", NOW, {"people_in_total": 5, "people_out_total": 3})
    fleet.heard("b", "s", NOW - MINUTE, fresh=True, best_effort=True)
    fleet.will("a", 7, NOW, Down.STOPPED)
    again = Fleet()
    again.restore(fleet.records())
    assert again.records() == fleet.records()
    assert again.station("a").occupancy.inside == 2
    assert again.station("b").best_effort


def test_it_hands_out_only_the_records_that_changed(fleet: Fleet) -> None:
    fleet.heard("a", "r", NOW, fresh=True)
    fleet.heard("b", "r", NOW + MINUTE, fresh=True)
    assert [record.station_id for record in fleet.records(changed_since=NOW + 1)] == ["b"]
