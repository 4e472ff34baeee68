from pathlib import Path

import pytest

from station_agent.certificates import valid_until_ms
from tests.unit.station_agent.pem import (
    IN_2027,
    IN_2081,
    SERIAL_18,
    UNTIL_2027,
    UNTIL_2081,
    UNTIL_SERIAL_18,
)


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    return tmp_path / "certificates.pem"


@pytest.mark.parametrize(("text", "until"), [(IN_2027, UNTIL_2027), (IN_2081, UNTIL_2081)])
def test_it_says_until_when_the_stations_own_certificate_is_valid(pem: Path, text: str, until: int) -> None:
    pem.write_text(f"subject=/CN=louxing-07\n{text}")
    assert valid_until_ms(pem, None) == until


def test_it_takes_the_first_certificate_of_a_chain_for_the_stations_own(pem: Path) -> None:
    pem.write_text(IN_2081 + IN_2027)
    assert valid_until_ms(pem, None) == UNTIL_2081


def test_it_trusts_as_long_as_the_last_authority_is_valid(pem: Path) -> None:
    pem.write_text(IN_2027 + IN_2081 + IN_2027)
    assert valid_until_ms(None, pem) == UNTIL_2081


def test_it_says_which_of_the_two_ends_first(pem: Path, tmp_path: Path) -> None:
    early, late = pem, tmp_path / "late.pem"
    early.write_text(IN_2027)
    late.write_text(IN_2081)
    assert valid_until_ms(early, late) == valid_until_ms(late, early) == UNTIL_2027


def test_it_is_not_misled_by_a_serial_number_that_begins_like_a_time(pem: Path) -> None:
    pem.write_text(SERIAL_18)
    assert valid_until_ms(pem, None) == UNTIL_SERIAL_18


@pytest.mark.parametrize(
    "text", ["", "no certificate", IN_2027.replace("MIIB", "AAAA"), IN_2027.replace("MIIB", "!")]
)
def test_it_says_nothing_of_what_it_cannot_read(pem: Path, text: str) -> None:
    pem.write_text(text)
    assert valid_until_ms(pem, pem) is None


def test_it_says_nothing_without_files(tmp_path: Path) -> None:
    assert valid_until_ms(None, None) is None
    assert valid_until_ms(tmp_path / "gone.pem", tmp_path) is None
