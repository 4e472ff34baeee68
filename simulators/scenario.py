"""`simulate scenario`: one station's story on virtual time, into files."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulators.archetypes import ARCHETYPES
from simulators.faults import Fault, parse_fault
from simulators.rest_station import SimulatedStation
from simulators.truth import TruthLog
from simulators.weather import CLIMATES

if TYPE_CHECKING:
    from collections.abc import Collection
    from contextlib import AbstractContextManager
    from typing import TextIO

_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000


def scenario(  # noqa: PLR0913 - each is an option of the command
    *,
    station: Annotated[str, typer.Option(help="Station id. / 站点编号")] = "louxing-01",
    archetype: Annotated[str, typer.Option(help="Kind of station. / 站点类型")] = "urban_standard",
    days: Annotated[float, typer.Option(min=0.01, max=400, help="Days to live through. / 天数")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed. / 随机种子")] = 1,
    start: Annotated[str, typer.Option(help="Start, RFC 3339. / 开始时间")] = "2026-04-17T00:00:00+08:00",
    climate: Annotated[str, typer.Option(help="Climate. / 气候")] = "louxing",
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Fault by name and minute of the story, such as F01@130. / 故障与开始分钟"),
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="Truth log to write. / 真值文件")] = None,
    out: Annotated[Path, typer.Option(help="Readings, one JSON line each. / 读数文件")] = Path(
        "readings.jsonl"
    ),
) -> None:
    """Write what a station would publish and what was true. / 生成一个站点的读数与真值（虚拟时间）."""
    _one_of("archetype", archetype, ARCHETYPES)
    _one_of("climate", climate, CLIMATES)
    start_ms = _start(start)
    faults = [_fault(each, start_ms) for each in fault or ()]
    try:
        with out.open("w", encoding="utf-8") as readings, _truth_log(truth) as log:
            simulated = SimulatedStation(
                station, archetype, seed, start_ms, climate=climate, faults=faults, truth=log
            )
            count = _write(simulated, start_ms, start_ms + int(days * _DAY_MS), readings)
            typer.echo(f"{count} readings in {out} / 已写入 {count} 条读数")
    except OSError as error:
        typer.echo(f"cannot write: {error} / 无法写入文件", err=True)
        raise typer.Exit(1) from error


def _write(simulated: SimulatedStation, start_ms: int, end_ms: int, out: TextIO) -> int:
    """Write the readings of a stretch of time, an hour at once; return how many."""
    count = 0
    for hour_ms in range(start_ms, end_ms, _HOUR_MS):
        for domain, reading in simulated.advance(min(hour_ms + _HOUR_MS, end_ms)):
            out.write(
                json.dumps({"domain": domain, **reading}, ensure_ascii=False, separators=(",", ":")) + "\n"
            )
            count += 1
    return count


def _truth_log(path: Path | None) -> AbstractContextManager[TruthLog | None]:
    return nullcontext() if path is None else TruthLog.open(path)


def _start(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a time such as 2026-04-17T00:00:00+08:00") from error
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no offset; write it like 2026-04-17T00:00:00+08:00")
    return int(moment.timestamp() * 1000)


def _fault(text: str, start_ms: int) -> Fault:
    try:
        return parse_fault(text, start_ms)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _one_of(what: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise typer.BadParameter(f"no {what} {name!r}; there are {', '.join(known)}")
