"""`yizhan score`: the composition root of the proof by simulation."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from simulators.archetypes import ARCHETYPES
from simulators.scenarios import BREAKDOWNS
from yizhan.score.runs import Wanted, score
from yizhan.score.table import page, table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def run(
    *,
    faults: Annotated[
        str, typer.Option(help="Faults, such as F01,F02; all, or none. / 故障，逗号分隔")
    ] = "all",
    runs: Annotated[int, typer.Option(min=1, max=1000, help="Stories of each fault. / 每种故障的次数")] = 3,
    quiet_days: Annotated[
        int, typer.Option(min=0, max=100_000, help="Station-days without a fault. / 无故障的站·日")
    ] = 20,
    seed: Annotated[int, typer.Option(min=0, help="First seed. / 起始随机种子")] = 1,
    archetype: Annotated[str | None, typer.Option(help="Only this kind of station. / 仅此类站点")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processes at once. / 并行进程数")] = 1,
    markdown: Annotated[Path | None, typer.Option(help="Page to write. / 写入的页面")] = None,
) -> None:
    """Play every fault and quiet days, and say how good the alerts are. / 用模拟故障与平静日给告警打分."""
    wanted = Wanted(_faults(faults), runs, quiet_days, seed, _archetype(archetype))
    tally = score(wanted, lambda line: typer.echo(line, err=True), jobs)
    typer.echo("\n".join(table(tally)))
    if markdown is not None:
        markdown.write_text(page(tally, wanted.command, _today()), encoding="utf-8")
    missed = list(tally.missed_targets())
    for sentence in missed:
        typer.echo(f"missed: {sentence} / 未达标", err=True)
    raise typer.Exit(1 if missed else 0)


def _faults(text: str) -> tuple[str, ...]:
    if text in {"all", "none"}:
        return tuple(BREAKDOWNS) if text == "all" else ()
    names = tuple(text.split(","))
    unknown = [name for name in names if name not in BREAKDOWNS]
    if unknown:
        raise typer.BadParameter(f"no fault {', '.join(unknown)}; there are {', '.join(BREAKDOWNS)}")
    return names


def _archetype(text: str | None) -> str | None:
    if text is not None and text not in ARCHETYPES:
        raise typer.BadParameter(f"no archetype {text!r}; there are {', '.join(ARCHETYPES)}")
    return text


def _today() -> str:
    return datetime.now(UTC).date().isoformat()  # noqa: TID251 - a composition root
