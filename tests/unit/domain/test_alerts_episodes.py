from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.alerts import Change, Judgement, Key, Transition, alert_id
from gateway.domain.episodes import LATE_REST_MS, Instance, Level, Timing, due, expire, goes_on, step

KEY = Key("WA-02", "louxing-07", "main")
LADDER = Timing((Level(60_000, "P3"), Level(20_000, "P2"), Level(0, "P1")), clear_for_ms=30_000)
ONE = Timing((Level(60_000, "P2"),), clear_for_ms=30_000)
AT_ONCE = Timing((Level(0, "P1"),))


class Track:
    """Plays a timetable in seconds; readings arrive a second after they were taken."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.instance = Instance()
        self.told: list[Transition] = []

    def at(
        self,
        second: float,
        level: int | None,
        *,
        cleared: bool | None = None,
        unknown: bool = False,
        covers: float = 45,
        late_by: float = 1,
    ) -> "Track":
        ts = round(second * 1000)
        received = ts + round(late_by * 1000)
        cleared = level is None if cleared is None else cleared
        judgement = Judgement(
            KEY, ts, received, level, round(covers * 1000), unknown, cleared, late=late_by > 300
        )
        self.until(received / 1000)
        self.instance, transitions = step(self.instance, judgement, self.timing)
        self.told += transitions
        return self

    def until(self, second: float) -> "Track":
        self.instance, transitions = expire(self.instance, round(second * 1000), self.timing)
        self.told += transitions
        return self

    @property
    def changes(self) -> list[tuple[str, str, float]]:
        return [(one.change, one.severity, one.at / 1000) for one in self.told]

    def last(self) -> tuple[str, str, float]:
        return self.changes[-1]


def test_it_opens_when_the_condition_has_held_for_its_time_of_covered_samples() -> None:
    track = Track(ONE).at(0, None).at(30, 0).at(60, 0).at(90, 0)
    assert track.changes == [("opened", "P2", 90)]
    assert (track.told[0].since, track.told[0].opened) == (30_000, 90_000)


def test_it_opens_by_itself_between_two_samples_when_the_last_one_still_covers() -> None:
    track = Track(ONE).at(0, 0).at(30, 0)
    assert due(track.instance, ONE) == 61_000
    assert track.until(60).changes == []
    assert track.until(61).changes == [("opened", "P2", 60)]
    assert track.told[0].received == 61_000


def test_a_gap_neither_counts_nor_opens() -> None:
    track = Track(ONE).at(0, 0).until(3_600)
    assert not track.told
    track.at(4_000, 0).at(4_014, 0)
    assert not track.told
    assert track.at(4_016, 0).changes == [("opened", "P2", 4_015)]


def test_a_gap_does_not_clear() -> None:
    track = Track(ONE).at(0, 0).at(30, 0).at(60, 0).at(70, None).until(7_200)
    assert track.last() == ("cleared", "P2", 100)
    track = Track(ONE).at(0, 0).at(30, 0).at(60, 0).at(70, None, covers=20).until(7_200)
    assert track.changes == [("opened", "P2", 60)]


def test_one_normal_sample_takes_back_what_was_pending() -> None:
    track = Track(ONE).at(0, 0).at(40, None).at(50, 0).at(90, 0)
    assert not track.told


def test_the_unknown_neither_opens_nor_clears_nor_counts() -> None:
    track = Track(ONE).at(0, 0).at(30, None, unknown=True).at(60, 0).at(89, 0)
    assert not track.told
    assert track.until(91).changes == [("opened", "P2", 90)]
    track.at(120, None).at(125, None, unknown=True).at(150, None).until(174)
    assert len(track.told) == 1
    assert track.until(176).last() == ("cleared", "P2", 175)


def test_between_clear_and_limit_it_stays_open_and_its_clear_time_starts_again() -> None:
    track = Track(ONE).at(0, 0).at(30, 0).at(60, 0)
    track.at(90, None).at(110, None, cleared=False).at(130, None).until(160)
    assert len(track.told) == 1
    assert track.until(161).last() == ("cleared", "P2", 160)


def test_a_worse_level_raises_the_same_episode_and_a_better_one_lowers_it_after_the_clear_time() -> None:
    track = Track(LADDER).at(0, 0).at(40, 0).at(60, 0).at(70, 1).at(90, 1).at(100, 2)
    assert track.changes == [("opened", "P3", 60), ("raised", "P2", 90), ("raised", "P1", 100)]
    track.at(110, 1).at(130, 1).until(145)
    assert track.last() == ("lowered", "P2", 140)
    track.at(150, None).until(300)
    assert track.last() == ("cleared", "P2", 180)
    assert len({one.opened for one in track.told}) == 1


def test_levels_that_imply_the_lower_ones_open_at_the_worst_that_is_due() -> None:
    assert Track(LADDER).at(0, 2).changes == [("opened", "P1", 0)]


def test_episodes_of_the_same_millisecond_have_different_identities() -> None:
    track = Track(AT_ONCE)
    for _ in range(3):
        track.at(5, 0).at(5, None)
    track.until(10)
    assert [one.change for one in track.told] == [Change.OPENED, Change.CLEARED]
    assert len({one.identity for one in track.told}) == 2
    track.at(11, 0)
    assert track.told[-1].opened == 11_000


def test_late_readings_make_a_retrospective_alert_and_leave_the_live_track_alone() -> None:
    track = Track(ONE).at(4_000, None)
    for second in (0, 30, 60):
        track.at(second, 0, late_by=4_010 - second)
    track.at(90, None, late_by=4_010 - 90).at(130, None, late_by=4_010 - 130)
    assert track.changes == [("opened", "P2", 60), ("cleared", "P2", 120)]
    assert all(one.retrospective for one in track.told)


def test_a_live_reading_confirms_what_was_retrospective() -> None:
    track = Track(ONE)
    for second in (0, 30, 60):
        track.at(second, 0, late_by=1_000 - second)
    assert [one.retrospective for one in track.told] == [True]
    track.at(1_010, 0)
    assert track.changes == [("opened", "P2", 60), ("raised", "P2", 1_010)]
    assert not track.told[-1].retrospective
    assert track.told[-1].opened == track.told[0].opened
    track.at(1_050, None).until(1_100)
    assert track.last() == ("cleared", "P2", 1_080)


def test_what_was_pending_live_is_confirmed_by_late_readings_that_open_it() -> None:
    track = Track(ONE).at(1_000, 0)
    for second in (0, 30, 60):
        track.at(second, 0, late_by=1_010 - second)
    assert [one.retrospective for one in track.told] == [True, False]


def test_the_past_is_told_when_nothing_late_comes_any_more() -> None:
    track = Track(AT_ONCE).at(0, 0, late_by=1_000)
    track.until(1_000 + LATE_REST_MS / 1000)
    assert [one.change for one in track.told] == [Change.OPENED, Change.CLEARED]
    assert not track.instance.active


def test_the_past_of_an_open_alert_is_no_news() -> None:
    track = Track(AT_ONCE).at(4_000, 0).at(10, 0, late_by=4_000)
    assert len(track.told) == 1


def test_an_alert_has_the_same_id_whoever_works_it_out() -> None:
    assert alert_id(KEY, 1_763_790_000_000) == alert_id(Key("WA-02", "louxing-07", "main"), 1_763_790_000_000)
    assert alert_id(KEY, 1_763_790_000_000)[:10] == alert_id(Key("x", "y", ""), 1_763_790_000_000)[:10]


@pytest.mark.parametrize("covers", [0, 5])
def test_an_event_that_lasts_no_time_opens_a_rule_without_a_duration(covers: float) -> None:
    track = Track(AT_ONCE).at(5, 0, covers=covers).at(5, None, covers=1e9)
    assert [one.change for one in track.until(6.1).told] == [Change.OPENED, Change.CLEARED]


JUDGEMENTS = st.lists(
    st.tuples(
        st.integers(0, 60_000),  # after the one before
        st.sampled_from([None, 0, 1, 2]),
        st.integers(0, 45_000),  # covers
        st.integers(0, 5_000),  # on the way
        st.sampled_from(["normal", "unknown", "between", "over"]),
    ),
    max_size=40,
)


def _judgements(drawn: list[tuple[int, int | None, int, int, str]]) -> Iterator[Judgement]:
    ts = received = 1_795_334_400_000
    for after, level, covers, lag, how in drawn:
        ts += after
        received = max(received, ts + lag)
        cleared = level is None and how != "between"
        unknown, over = how == "unknown", how == "over" and level is None
        yield Judgement(KEY, ts, received, level, covers, unknown, cleared, over=over)


@given(JUDGEMENTS)
def test_the_quick_way_comes_to_the_same(drawn: list[tuple[int, int | None, int, int, str]]) -> None:
    instance = Instance()
    for judgement in _judgements(drawn):
        quick = goes_on(instance, judgement, LADDER)
        instance, expired = expire(instance, judgement.received, LADDER)
        instance, stepped = step(instance, judgement, LADDER)
        if quick is not None:
            assert (quick, expired, stepped) == (instance, (), ())


@given(JUDGEMENTS, st.lists(st.integers(0, 3_000_000), max_size=30))
def test_it_matters_not_how_often_deadlines_are_looked_at(
    drawn: list[tuple[int, int | None, int, int, str]], looks: list[int]
) -> None:
    plain, often = Instance(), Instance()
    told: list[Transition] = []
    told_often: list[Transition] = []
    begin = 1_795_334_400_000
    times = sorted(begin + look for look in looks)
    for judgement in _judgements(drawn):
        for time in [one for one in times if one <= judgement.received]:
            often, transitions = expire(often, time, LADDER)
            told_often += transitions
        times = [one for one in times if one > judgement.received]
        plain, transitions = expire(plain, judgement.received, LADDER)
        told += transitions
        often, transitions = expire(often, judgement.received, LADDER)
        told_often += transitions
        plain, transitions = step(plain, judgement, LADDER)
        told += transitions
        often, transitions = step(often, judgement, LADDER)
        told_often += transitions
    assert told_often == told
    assert often == plain


@given(JUDGEMENTS)
def test_an_episode_opens_once_clears_once_and_never_in_a_gap(
    drawn: list[tuple[int, int | None, int, int, str]],
) -> None:
    instance = Instance()
    told: list[Transition] = []
    for judgement in _judgements(drawn):
        instance, transitions = expire(instance, judgement.received, LADDER)
        told += transitions
        instance, transitions = step(instance, judgement, LADDER)
        told += transitions
    by_episode: dict[int, list[Change]] = {}
    for one in told:
        by_episode.setdefault(one.opened, []).append(one.change)
        assert one.since is not None
        assert one.since <= one.opened <= one.at
    for changes in by_episode.values():
        assert changes.count(Change.OPENED) == 1
        assert changes[0] is Change.OPENED
        assert Change.CLEARED not in changes[:-1]
    assert len({one.identity for one in told}) == len(told)
