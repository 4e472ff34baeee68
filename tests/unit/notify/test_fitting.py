"""As many whole alerts as fit, and of one that is too large at least what a person cannot do without."""

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.notify.fitting import fit, render
from gateway.notify.notifier import Lang, Message
from tests.support.notices import ACTION, NOW, OVERSTAY, STATION, alert_id, message, notice
from wire.measures.words import Name

LANGS: tuple[Lang, ...] = ("zh", "en", "both")
ESSENTIALS = ("P1 紧急", STATION.zh, OVERSTAY.zh, "https://yizhan.example.org/a/token1", alert_id())


def within(limit: int) -> Callable[[str], bool]:
    return lambda text: len(text.encode()) <= limit


@given(st.integers(300, 5_000), st.integers(1, 20), st.sampled_from(LANGS))
def test_it_tells_every_alert_once_and_in_order(limit: int, count: int, lang: Lang) -> None:
    rest: Message | None = message(*(notice(number) for number in range(1, count + 1)))
    told = []
    while rest is not None:
        fitted = fit(rest, lang, NOW, within(limit))
        assert fitted is not None
        assert len(fitted.text.encode()) <= limit
        told += [number for number in range(1, count + 1) if f"/a/token{number}\n" in fitted.text]
        rest = fitted.rest
    assert told == list(range(1, count + 1))


@given(st.integers(200, 5_000), st.integers(0, 3_000))
def test_it_never_loses_what_a_person_needs(limit: int, length: int) -> None:
    long = message(notice(first_action=Name("查" * length, "")))
    fitted = fit(long, "zh", NOW, within(limit))
    assert fitted is not None
    assert len(fitted.text.encode()) <= limit
    for part in ESSENTIALS:
        assert part in fitted.text


def test_it_leaves_out_value_before_action_and_english_before_chinese() -> None:
    whole = len(render(message(), "both", NOW).encode())
    seen = []
    for limit in range(whole, 205, -5):
        fitted = fit(message(), "both", NOW, within(limit))
        assert fitted is not None
        parts = (ACTION.zh, "限值 30 分钟", "P1 critical", ACTION.en, "limit 30 min")
        seen.append(tuple(part in fitted.text for part in parts))
    assert seen[0] == (True, True, True, True, True)
    assert seen[-1][:2] == (False, False)
    for before, after in pairwise(seen):
        assert all(was or not now for was, now in zip(before, after, strict=True))
    gone = [next(step for step, parts in enumerate(seen) if not parts[part]) for part in range(5)]
    assert gone[4] <= gone[3] <= gone[2] <= gone[1] <= gone[0]


def test_it_clips_a_line_before_it_goes() -> None:
    long = message(notice(first_action=Name("查" * 500, "")))
    fitted = fit(long, "zh", NOW, within(600))
    assert fitted is not None
    assert "查查…" in fitted.text
    assert 590 <= len(fitted.text.encode()) <= 600


def test_it_says_when_not_even_one_alert_fits() -> None:
    assert fit(message(), "zh", NOW, within(100)) is None


def test_a_long_name_is_clipped_wherever_it_comes_from() -> None:
    vast = message(notice(name=Name("名" * 1_000, ""), station=Name("站" * 1_000, "")))
    assert len(render(vast, "zh", NOW)) < 300
