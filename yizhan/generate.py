"""Writes every file that is made from the code, or says which are stale.

python -m yizhan.generate [--check]
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def made() -> dict[str, bytes]:
    """Every such file: its path below the root, and what it has to say."""
    from catalogue.loading import load
    from catalogue.runbook.forms import page as rule_format
    from catalogue.runbook.pages import pages as rule_pages
    from dashboards.files import committed
    from gateway.api.openapi import DOCUMENT, document
    from wire.generate import documents
    from yizhan.reference import pages

    files = {f"wire/{path}": content for path, content in documents().items()}
    files[DOCUMENT.relative_to(ROOT).as_posix()] = document()
    files["docs/reference/rule-format.md"] = rule_format().encode()
    files |= {f"docs/reference/rules/{file}": text.encode() for file, text in rule_pages(load()).items()}
    files |= committed()
    return files | {f"docs/reference/{page.file}": page.text().encode() for page in pages()}


def stale(root: Path) -> list[str]:
    """The files below ``root`` that do not say what the code says."""
    return [path for path, content in made().items() if _read(root / path) != content]


def main() -> None:
    """Write what is stale, or with ``--check`` fail when anything is."""
    behind = stale(ROOT)
    if "--check" in sys.argv[1:]:
        if behind:
            sys.exit(f"stale: {', '.join(behind)}; run `make generate`")
        return
    files = made()
    for path in behind:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_bytes(files[path])
    sys.stdout.writelines(f"{path}\n" for path in behind)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


if __name__ == "__main__":
    main()
