"""`python -m benchmarks [parts] [--quick] [--readme]`."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from benchmarks import (
    backlog,
    backup,
    dashboards,
    delays,
    disk,
    generator,
    history,
    ingest,
    judging,
    mirror,
    paging,
    reading,
    station,
    table,
)
from benchmarks.bench import Bench, Row
from benchmarks.machine import describe_machine

HERE = Path(__file__).parent
PARTS: dict[str, ModuleType] = {
    module.PART: module
    for module in (
        ingest,
        delays,
        backlog,
        reading,
        disk,
        station,
        generator,
        judging,
        paging,
        backup,
        history,
        dashboards,
        mirror,
    )
}
TITLES = {part: str(module.TITLE) for part, module in PARTS.items()}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def run(
    parts: Annotated[
        list[str] | None, typer.Argument(help="Parts by letter; all without. / 要运行的部分。")
    ] = None,
    *,
    quick: Annotated[bool, typer.Option(help="A few seconds a part: a test. / 快速自检。")] = False,
    out: Annotated[Path | None, typer.Option(help="Where to write the JSON. / 结果文件。")] = None,
    readme: Annotated[bool, typer.Option(help="Put the table into README.md. / 更新说明页。")] = False,
) -> None:
    """Measure, print the table and write it with a description of the machine."""
    chosen = parts or list(PARTS)
    if unknown := set(chosen) - PARTS.keys():
        print(
            f"benchmarks: no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}", file=sys.stderr
        )
        raise typer.Exit(2)
    date = datetime.now(UTC)  # noqa: TID251 - the composition root: the date stands on the result
    measured = list(_measure(chosen, quick=quick))
    target = out or HERE / "results" / f"{date:%Y-%m-%d}{'-quick' if quick else ''}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    rows = sorted(_others(target, chosen) + measured, key=lambda row: list(PARTS).index(row.part))
    target.write_text(
        table.to_json(rows, describe_machine(f"{date:%Y-%m-%d %H:%M} UTC"), quick=quick), "utf-8"
    )
    print(f"written to {target}")
    if readme:
        table.put_into(HERE / "README.md", table.to_markdown(json.loads(target.read_text("utf-8")), TITLES))


def _others(target: Path, chosen: list[str]) -> list[Row]:
    """Return what was measured that day of the parts that are not measured now."""
    if not target.exists():
        return []
    figures = json.loads(target.read_text("utf-8"))["figures"]
    return [Row(**figure) for figure in figures if figure["part"] not in chosen]


def _measure(chosen: list[str], *, quick: bool) -> Iterator[Row]:
    for part in chosen:
        print(f"({part}) {TITLES[part]}", flush=True)
        figures: Callable[[Bench], Iterator[Row]] = PARTS[part].run
        with Bench.open(quick=quick) as bench:
            for row in figures(bench):
                print(table.to_text([row]), flush=True)
                yield row
