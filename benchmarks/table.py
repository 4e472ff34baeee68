"""The table of figures: in the terminal, as JSON, and in the README between its markers."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.bench import Row

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
_ROUND_ABOVE = 100


def show_value(value: float) -> str:
    """Three significant digits below 100, whole numbers with separators above."""
    if abs(value) >= _ROUND_ABOVE:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def to_text(rows: Iterable[Row]) -> str:
    """For the terminal: one figure a line."""
    lines = [
        f"{row.part}  {row.figure:<58} {show_value(row.value):>12} {row.unit:<12} {row.aim}" for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def to_json(rows: Iterable[Row], machine: dict[str, object], *, quick: bool) -> str:
    """For other programs and for later runs."""
    figures = [asdict(row) for row in rows]
    return (
        json.dumps({"machine": machine, "quick": quick, "figures": figures}, indent=1, ensure_ascii=False)
        + "\n"
    )


def to_markdown(result: dict[str, object], titles: dict[str, str]) -> str:
    """The table of a written result, with its machine and date above."""
    machine, figures = result["machine"], result["figures"]
    if not isinstance(machine, dict) or not isinstance(figures, list):
        raise TypeError("this is no result of the benchmark")
    rows = [Row(**figure) for figure in figures]
    lines = [_describe(machine)]
    for part in dict.fromkeys(row.part for row in rows):
        lines += [
            "",
            f"**({part}) {titles[part]}**",
            "",
            "| figure | value | unit | aim |",
            "|---|---:|---|---|",
        ]
        lines += [
            f"| {row.figure} | {show_value(row.value)} | {row.unit} | {row.aim} |"
            for row in rows
            if row.part == part
        ]
    return "\n".join(lines)


def _describe(machine: dict[str, Any]) -> str:
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    hardware = f"{machine['cpu']}, {machine['cores']} cores, {machine['ram_gib']} GiB"
    software = f"Linux {machine['kernel']}, Python {machine['python']}, mosquitto {machine['mosquitto']}"
    return f"{machine['date']}; {hardware}; {software}; {libraries}."


def put_into(readme: Path, text: str) -> None:
    """Replace what stands between the markers.

    Raises:
        ValueError: the markers are not there.
    """
    page = readme.read_text("utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme} has no {BEGIN} … {END}")
    readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")
