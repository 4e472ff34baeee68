"""Links that acknowledge: what a phone may do to them, and what nobody may."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import StartError
from gateway.notify.links import KEY_BYTES, Link, Links, Unusable, load_key
from tests.support.notices import NOW, alert_id

LINKS = Links(b"k" * KEY_BYTES)
LINK = Link(alert_id(), "wang-fang", NOW + 3_600_000)


@given(st.text(max_size=16), st.integers(0, 2**32 - 1))
def test_it_reads_what_it_wrote(person: str, expires_s: int) -> None:
    link = Link(alert_id(7), person, expires_s * 1_000)
    assert LINKS.verify(LINKS.token(link), now=-1) == link


def test_it_survives_capitals() -> None:
    assert LINKS.verify(LINKS.token(LINK).upper(), NOW) == LINK


def test_it_is_short_and_ends_in_a_letter_or_digit() -> None:
    token = LINKS.token(LINK)
    assert len(token) <= 70
    assert token.isalnum()


def test_it_expires_to_the_second() -> None:
    token = LINKS.token(LINK)
    assert LINKS.verify(token, LINK.expires - 1) == LINK
    assert LINKS.verify(token, LINK.expires) is Unusable.EXPIRED


def test_nobody_can_change_a_character_that_counts() -> None:
    token = LINKS.token(LINK)
    for place in range(len(token) - 1):
        other = "a" if token[place] != "a" else "b"
        assert LINKS.verify(token[:place] + other + token[place + 1 :], NOW) is Unusable.BAD


def test_an_expired_link_that_was_forged_is_bad_not_expired() -> None:
    assert LINKS.verify(Links(b"x" * KEY_BYTES).token(Link(alert_id(), "x", 1_000)), NOW) is Unusable.BAD


@given(st.text(max_size=300))
def test_it_refuses_anything_else(text: str) -> None:
    assert LINKS.verify(text, NOW) is Unusable.BAD


def test_another_gateway_cannot_make_them() -> None:
    assert Links(b"x" * KEY_BYTES).verify(LINKS.token(LINK), NOW) is Unusable.BAD


def test_it_refuses_a_person_whose_id_is_a_book() -> None:
    with pytest.raises(ValueError, match="at most 64 bytes"):
        LINKS.token(Link(alert_id(), "王" * 22, NOW))


def test_it_stands_under_the_public_address() -> None:
    assert LINKS.url("https://yizhan.example.org/", LINK).startswith("https://yizhan.example.org/a/")


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    key = load_key(tmp_path)
    assert len(key) == KEY_BYTES
    assert load_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "links.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["links.key"]


@pytest.mark.parametrize(
    ("held", "mode", "complaint"), [(b"short", 0o600, "5 bytes"), (b"k" * 32, 0o644, "chmod 600")]
)
def test_a_key_that_cannot_be_trusted_stops_the_start(
    tmp_path: Path, held: bytes, mode: int, complaint: str
) -> None:
    path = tmp_path / "links.key"
    path.write_bytes(held)
    path.chmod(mode)
    with pytest.raises(StartError, match=complaint):
        load_key(tmp_path)


def test_it_says_where_no_key_can_be_kept(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"links\.key"):
        load_key(tmp_path / "nowhere")
