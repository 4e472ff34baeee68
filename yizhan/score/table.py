"""The score as a page: Markdown, the same on the terminal and in docs/reference."""

from collections.abc import Iterator, Sequence
from statistics import median

from yizhan.score.judging import Found
from yizhan.score.tally import SEVERITIES, Tally

HEAD = """# How good the alerts are

Made by `{command}` on {day}; do not edit.
Every fault of the domain catalogue happens at random places, times and strengths; each alert it must lead to
has a deadline. On quiet days nothing breaks, so whatever opens is false.
"""


def page(tally: Tally, command: str, day: str) -> str:
    """The whole page; `command` is what made it, `day` when."""
    return "\n".join([HEAD.format(command=command, day=day), *table(tally)]) + "\n"


def table(tally: Tally) -> Iterator[str]:
    """The tables and what fell short, line by line."""
    yield from _rules(tally)
    yield from _faults(tally)
    yield from _quiet(tally)
    yield from _sentences("What was not as it must be", tally.failures)
    yield from _sentences("P1 and P2 on quiet days", tally.alarms)


def _rules(tally: Tally) -> Iterator[str]:
    if not tally.found:
        return
    yield "## By rule\n"
    yield "| rule | gravest wanted | had to come | in time | recall | median delay | longest | deadline |"
    yield "|---|---|---|---|---|---|---|---|"
    for rule, found in sorted(tally.found.items()):
        delays = [one.delay_ms for one in found if one.delay_ms is not None]
        in_time = sum(one.in_time for one in found)
        wanted = min((one.must.severity or one.severity or "P4" for one in found), default="")
        times = (_time(median(delays)), _time(max(delays))) if delays else ("", "")
        cells = (rule, wanted, len(found), in_time, f"{in_time / len(found):.2f}", *times, _deadlines(found))
        yield _row(cells)
    yield ""


def _faults(tally: Tally) -> Iterator[str]:
    if not tally.stories:
        return
    yield "## By fault\n"
    yield "| fault | stories | all as it must be |"
    yield "|---|---|---|"
    for name, count in sorted(tally.stories.items()):
        yield _row((name, count, tally.good[name]))
    yield ""


def _quiet(tally: Tally) -> Iterator[str]:
    if not tally.quiet_days:
        return
    yield "## On quiet days\n"
    yield f"{tally.quiet_days:.0f} station-days without a fault.\n"
    yield "| severity | alerts | per station-day |"
    yield "|---|---|---|"
    for severity in SEVERITIES:
        count = tally.false_by_severity(severity)
        yield _row((severity, count, f"{count / tally.quiet_days:.4f}"))
    yield ""
    if tally.false:
        yield "| rule | severity | alerts | per station-day |"
        yield "|---|---|---|---|"
        for (rule, severity), count in sorted(tally.false.items()):
            yield _row((rule, severity, count, f"{count / tally.quiet_days:.4f}"))
        yield ""


def _sentences(title: str, sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield f"## {title}\n"
        yield from (f"- {sentence}" for sentence in sentences)
        yield ""


def _deadlines(found: Sequence[Found]) -> str:
    minutes = sorted({one.must.minutes for one in found})
    return ", ".join(_time(each * 60_000) for each in minutes)


def _time(ms: float) -> str:
    seconds = ms / 1000
    if seconds < 120:  # noqa: PLR2004 - two minutes are read as seconds, two hours as minutes
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7_200 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004 - two hours


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
