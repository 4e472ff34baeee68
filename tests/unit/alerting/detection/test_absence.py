from gateway.domain.observation import Observation
from gateway.state.births import Happening
from tests.unit.alerting.detection.stage import STATION, Said, Stage, happening, rule, sample, told
from tests.unit.gateway_ingest.ticks import NOW

OFFLINE = rule(
    kind="absence",
    subject="station.heard",
    per="station",
    levels=[{"for": "180s", "severity": "P3"}],
    clear={"samples": 2},
    **{
        "with": {
            "of": "station.heard",
            "cut_short": {"on": ["station.lost", "station.stopped"], "after": "120s"},
        }
    },
)
VISITS = rule(
    kind="absence",
    subject="station.visit",
    per="station",
    levels=[{"for": "24h", "severity": "P3"}],
    **{
        "with": {
            "of": "station.visit",
            "usually": {"learned": "usual_gap", "times": 4},
            "learned": {"usual_gap": {"fn": "p95", "over": "28d", "least": 3}},
        }
    },
)
COLLAPSE = rule(
    kind="fleet_share",
    subject="platform.broker_connected",
    per="fleet",
    levels=[{"if": {"figure": "share", "at_least": 0.5}, "for": "60s", "severity": "P1"}],
    clear={"if": {"figure": "share", "below": 0.1}},
    **{"with": {"of": {"field": "station.state", "is": "offline"}, "window": "5m"}},
)


def beat(at: float, station: str = STATION) -> Said:
    return sample(at, "agent", "agent", station=station, uptime_s=round(at))


def test_a_station_that_falls_silent_is_offline_after_its_time_and_back_after_two_frames() -> None:
    stage = Stage(OFFLINE)
    stage.play(beat(0), beat(30))
    assert stage.until(209) == []
    assert told(stage.until(211)) == [("opened", "P3", 210)]
    assert stage.play(beat(300)) == []
    assert told(stage.play(beat(330))) == [("cleared", "P3", 330)]


def test_a_last_will_cuts_the_silence_short() -> None:
    stage = Stage(OFFLINE)
    stage.play(beat(0))
    will = happening(10, Happening.WILL, state="lost", session=1)
    assert stage.until(20, will) == []
    assert told(stage.until(140)) == [("opened", "P3", 130)]


def test_a_frame_after_the_will_takes_it_back() -> None:
    stage = Stage(OFFLINE)
    stage.play(beat(0))
    stage.until(20, happening(10, Happening.WILL, state="lost", session=1))
    stage.play(beat(30))
    assert stage.until(209) == []
    assert told(stage.until(211)) == [("opened", "P3", 210)]


def test_a_silence_inside_one_batch_is_found() -> None:
    stage = Stage(OFFLINE)
    changes = stage.engine.take(stage.batch(beat(0), beat(1_000), beat(1_030)))
    assert told(changes) == [("opened", "P3", 180), ("cleared", "P3", 1_030)]


def test_time_without_a_broker_is_no_silence() -> None:
    stage = Stage(OFFLINE)
    stage.play(beat(0))
    stage.until(101, happening(100, Happening.BROKER_LOST, None))
    assert stage.until(1_000, happening(999, Happening.BROKER_BACK, None)) == []
    assert stage.until(1_138) == []
    assert told(stage.until(1_140)) == [("opened", "P3", 1_139)]


def test_the_silence_of_a_station_that_is_another_gateways_means_nothing_until_it_is_ours_again() -> None:
    stage = Stage(OFFLINE)
    stage.play(beat(0), beat(30))
    assert stage.until(1_000, happening(60, Happening.HANDED_OVER)) == []
    assert stage.until(1_179, happening(1_000, Happening.TAKEN_UP)) == []
    assert told(stage.until(1_400)) == [("opened", "P3", 1_180)]


def test_an_alert_that_is_open_ends_when_its_station_is_another_gateways() -> None:
    stage = Stage(OFFLINE)
    stage.play(beat(0))
    assert told(stage.until(181)) == [("opened", "P3", 180)]
    assert [one.change for one in stage.until(1_200, happening(300, Happening.HANDED_OVER))] == ["cleared"]


def test_visits_that_do_not_come_are_measured_by_what_is_usual() -> None:
    stage = Stage(VISITS)
    day = 86_400
    for number in range(5):
        stage.play(sample(number * 2 * day, "access", "front", event="granted"))
    assert stage.until(8 * day + 7 * day) == []
    (one,) = stage.until(8 * day + 9 * day)
    assert one.learned == {"usual_gap": 2.0 * day}
    assert one.at - NOW == (8 + 8) * day * 1000


def test_a_fleet_that_goes_at_once_is_one_alert() -> None:
    stage = Stage(COLLAPSE)
    stations = [f"louxing-{number:02d}" for number in range(10, 20)]
    stage.play(*(beat(number / 10, station) for number, station in enumerate(stations)))
    stage.until(10, *(happening(5, Happening.WILL, one, state="lost", session=1) for one in stations[:6]))
    (opened,) = stage.until(90)
    assert (opened.key.station_id, opened.key.device, opened.value) == ("_gateway", "", 0.6)
    changes = stage.play(*(beat(100 + number / 10, one) for number, one in enumerate(stations)))
    assert told(changes + stage.until(120))[-1][0] == "cleared"


def test_stations_that_are_another_gateways_are_not_a_fleet_that_goes() -> None:
    stage = Stage(COLLAPSE)
    stations = [f"louxing-{number:02d}" for number in range(10, 20)]
    stage.play(*(beat(number / 10, station) for number, station in enumerate(stations)))
    assert stage.until(500, *(happening(5, Happening.HANDED_OVER, one) for one in stations)) == []
    back = [happening(500, Happening.TAKEN_UP, one) for one in stations]
    assert stage.until(590, *back) == []
    stage.play(*(beat(600 + number / 10, one) for number, one in enumerate(stations[:4])))
    (opened,) = stage.until(760)
    assert (opened.key.station_id, opened.value) == ("_gateway", 0.6)


def test_what_the_gateway_measures_itself_reaches_rules() -> None:
    lost = rule(
        subject="platform.broker_connected",
        levels=[{"if": {"value": True, "is": False}, "for": "10s", "severity": "P1"}],
    )
    stage = Stage(lost)
    stage.play(beat(0))
    said = Observation("_gateway", "platform", "gateway", {"broker_connected": False})
    assert stage.engine.observe([said], NOW + 5_000) == []
    assert told(stage.until(15)) == [("opened", "P1", 15)]
