"""Rules that ask whether others were firing: the same however much is judged at once."""

from tests.unit.alerting.detection.kinds.timetable import DAY, MINUTE, however_cut
from tests.unit.alerting.detection.stage import Said, rule, sample, told

OTHER = rule(id="TS-00", per="station")
ASKING = rule(
    subject="environment.air_temp_celsius",
    per="station",
    levels=[{"if": {"alert": ["TS-00"], "for": "10m"}, "severity": "P3"}],
)


def co(at: float, ppm: int) -> Said:
    return sample(at, "environment", "lounge", co_ppm=ppm)


def air(at: float) -> Said:
    return sample(at, "environment", "lounge", air_temp_celsius=20.0)


def test_days_judged_at_once_know_what_was_firing_on_the_first() -> None:
    fires = [co(at * MINUTE, 200) for at in range(20)] + [co(20 * MINUTE, 3)]
    again = [co(3 * DAY, 200), co(3 * DAY + MINUTE, 3), co(3 * DAY + 2 * MINUTE, 200)]
    frames = sorted([*fires, air(15 * MINUTE + 1), air(25 * MINUTE), *again], key=lambda one: one.at)
    asked = [one for one in however_cut([OTHER, ASKING], frames) if one.key.rule == "TS-01"]
    assert told(asked) == [("opened", "P3", 15 * MINUTE + 1), ("cleared", "P3", 25 * MINUTE)]
