"""Files made from the code say what the code says."""

from pathlib import Path

from yizhan.generate import ROOT, made, stale
from yizhan.reference import pages


def test_it_is_not_stale() -> None:
    assert stale(ROOT) == [], "run `make generate`"


def test_it_notices_a_file_that_is(tmp_path: Path) -> None:
    files = made()
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    wrong, *_, missing = files
    (tmp_path / wrong).write_bytes(files[wrong] + b" ")
    (tmp_path / missing).unlink()
    assert stale(tmp_path) == [wrong, missing]


def test_it_has_a_sentence_for_every_setting() -> None:
    lines = [line for page in pages() for line in page.text().splitlines() if line.startswith("| `")]
    assert len(lines) > 30
    assert [line for line in lines if line.endswith("|  |")] == []
