"""What the engine makes of a station's clock: how wrong it is, or that nothing has set it."""

from catalogue.loading import load
from tests.unit.alerting.detection.stage import Said, Stage, told
from tests.unit.gateway_ingest.ticks import NOW

AG_03 = load().rules["AG-03"]
HOUR = 3_600.0


def spoken(at: float, *, ahead: float = 0.0, unset: bool = False, backlog: bool = False) -> Said:
    """Write a frame of a box whose clock is so many seconds ahead."""
    reading = {"device": "agent", "ts": NOW + round((at + ahead) * 1000), "outbox_age_s": 0}
    return Said(at, {"agent": [reading]}, ahead=ahead, unset=unset, backlog=backlog)


def test_it_does_not_take_a_clock_that_is_not_set_yet_for_another_zone() -> None:
    """A box that was dark for eight hours goes on from the last time on its disk, until an ack sets it."""
    stage = Stage(AG_03)
    dark = [spoken(second, ahead=-8 * HOUR, unset=True) for second in (0, 15)]
    lit = [spoken(second) for second in range(30, 1_200, 30)]
    assert told(stage.play(*dark, *lit)) == []


def test_it_takes_a_clock_that_says_it_is_set_for_another_zone_at_once() -> None:
    assert told(Stage(AG_03).play(spoken(0, ahead=8 * HOUR))) == [("opened", "P3", 0.0)]


def test_it_misses_a_clock_that_nothing_sets() -> None:
    stage = Stage(AG_03)
    never = [spoken(second, ahead=-26 * 365 * 24 * HOUR, unset=True) for second in range(0, 300, 30)]
    assert told(stage.play(*never)) == [("opened", "P3", 120.0)]
    again = [spoken(second) for second in range(300, 1_200, 30)]
    assert told(stage.play(*again)) == [("cleared", "P3", 900.0)]


def test_it_believes_nothing_of_the_clock_that_waited_in_an_outbox() -> None:
    stage = Stage(AG_03)
    waited = [spoken(second, ahead=-3 * HOUR, unset=True, backlog=True) for second in range(0, 300, 30)]
    assert told(stage.play(*waited)) == []
