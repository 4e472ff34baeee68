"""The reference says what the settings models say."""

from pathlib import Path

from yizhan.reference import FOLDER, pages, stale


def test_it_is_not_stale() -> None:
    assert stale(FOLDER) == [], "run `make generate`"


def test_it_notices_a_page_that_is(tmp_path: Path) -> None:
    first, second = pages()
    (tmp_path / first.file).write_text(first.text())
    (tmp_path / second.file).write_text(second.text().replace("text", "number", 1))
    assert stale(tmp_path) == [second.file]


def test_it_has_a_sentence_for_every_setting() -> None:
    lines = [line for page in pages() for line in page.text().splitlines() if line.startswith("| `")]
    assert len(lines) > 30
    assert [line for line in lines if line.endswith("|  |")] == []
