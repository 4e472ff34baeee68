"""`yizhan score`: the composition root of the proof by simulation."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from simulators.archetypes import ARCHETYPES
from simulators.scenarios import BREAKDOWNS
from yizhan.score.runs import Wanted, score
from yizhan.score.table import page, table
from yizhan.score.visit_cases import CASES
from yizhan.score.visit_table import missed, play
from yizhan.score.visit_table import page as page_of_visits
from yizhan.score.visit_table import table as table_of_visits

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def run(  # noqa: PLR0913 - each is an option of the command
    context: typer.Context,
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
    if context.invoked_subcommand is not None:
        return
    wanted = Wanted(_faults(faults), runs, quiet_days, seed, _archetype(archetype))
    tally = score(wanted, lambda line: typer.echo(line, err=True), jobs)
    typer.echo("\n".join(table(tally)))
    if markdown is not None:
        markdown.write_text(page(tally, wanted.command, _today()), encoding="utf-8")
    missed = list(tally.missed_targets())
    for sentence in missed:
        typer.echo(f"missed: {sentence} / 未达标", err=True)
    raise typer.Exit(1 if missed else 0)


@app.command()
def visits(
    *,
    months: Annotated[int, typer.Option(min=1, max=1000, help="Months of each case. / 每种情形的月数")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="First seed. / 起始随机种子")] = 1001,
    markdown: Annotated[Path | None, typer.Option(help="Page to write. / 写入的页面")] = None,
) -> None:
    """Hold the figures of visits against who really came. / 用模拟真值检验服务人次及误差."""
    found = []
    for one in play(CASES, range(seed, seed + months)):
        found.append(one)
        typer.echo(f"{one.case}: {one.truth} came, {one.low} to {one.high} told", err=True)
    typer.echo("\n".join(table_of_visits(found)))
    if markdown is not None:
        command = f"yizhan score visits --months {months} --seed {seed}"
        markdown.write_text(page_of_visits(found, command, _today()), encoding="utf-8")
    short = list(missed(found))
    for sentence in short:
        typer.echo(f"missed: {sentence} / 未达标", err=True)
    raise typer.Exit(1 if short else 0)


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
