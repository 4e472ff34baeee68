import re
import stat
from pathlib import Path

from station_agent.pseudonym import Pseudonyms
from wire.topics import SUBJECT_REF_PATTERN

NOVEMBER = 1_793_500_000_000
DECEMBER = NOVEMBER + 40 * 86_400_000


def opened(path: Path, at: int = NOVEMBER) -> Pseudonyms:
    pseudonyms = Pseudonyms(path)
    pseudonyms.roll(at)
    return pseudonyms


def test_it_gives_one_credential_one_reference_all_month_over_restarts(tmp_path: Path) -> None:
    path = tmp_path / "month.key"
    first = opened(path).subject_ref("card", "0012345678")
    assert opened(path, NOVEMBER + 86_400_000).subject_ref("card", "0012345678") == first
    assert re.fullmatch(SUBJECT_REF_PATTERN, first)


def test_it_tells_kinds_and_ids_apart(tmp_path: Path) -> None:
    pseudonyms = opened(tmp_path / "month.key")
    credentials = [("card", "1"), ("card", "2"), ("qr", "1"), ("face", "1")]
    assert len({pseudonyms.subject_ref(*credential) for credential in credentials}) == 4


def test_it_is_another_one_on_another_box(tmp_path: Path) -> None:
    first = opened(tmp_path / "a.key").subject_ref("card", "1")
    assert opened(tmp_path / "b.key").subject_ref("card", "1") != first


def test_it_overwrites_the_key_in_place_when_the_month_ends(tmp_path: Path) -> None:
    path = tmp_path / "month.key"
    pseudonyms = opened(path)
    before, inode = path.read_bytes(), path.stat().st_ino
    reference = pseudonyms.subject_ref("card", "1")
    assert pseudonyms.roll(DECEMBER)
    assert pseudonyms.subject_ref("card", "1") != reference
    assert path.stat().st_ino == inode
    assert len(path.read_bytes()) == len(before)
    assert before[7:39] not in path.read_bytes()
    assert not pseudonyms.roll(DECEMBER + 1)


def test_it_keeps_the_key_while_the_clock_is_not_set(tmp_path: Path) -> None:
    pseudonyms = opened(tmp_path / "month.key")
    assert not pseudonyms.roll(DECEMBER, clock_set=False)


def test_it_makes_a_key_even_without_a_clock(tmp_path: Path) -> None:
    assert Pseudonyms(tmp_path / "month.key").roll(0, clock_set=False)


def test_it_makes_a_new_key_when_a_power_cut_tore_the_file(tmp_path: Path) -> None:
    path = tmp_path / "month.key"
    opened(path)
    path.write_bytes(path.read_bytes()[:-9] + b"torn by it")
    assert Pseudonyms(path).roll(NOVEMBER)


def test_it_lets_nobody_else_read_the_key(tmp_path: Path) -> None:
    opened(tmp_path / "month.key")
    assert stat.S_IMODE((tmp_path / "month.key").stat().st_mode) == 0o600
