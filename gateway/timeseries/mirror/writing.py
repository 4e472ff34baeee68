"""Writing a portion so that whatever the server will never take holds up nothing else."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import structlog

from gateway.timeseries.mirror.counting import MirrorMetrics
from gateway.timeseries.mirror.portion import text_of
from gateway.timeseries.mirror.refusals import BadPoints, TooBig
from wire.influx import Policy

if TYPE_CHECKING:
    from gateway.timeseries.mirror.server import Influx

log = structlog.get_logger(__name__)

MOST_HALVINGS = 64
"""Halvings a portion: enough to find some wrong lines among good ones. Where everything is wrong, each line
would cost a request; then the server's own count is taken, as it keeps the good points of a batch anyway."""
_DROPPED = re.compile(r"dropped=([1-9][0-9]*)")
_SHOWN = 300

Lines = Mapping[Policy, pa.StringArray]


class Writer:
    """Writes lines, halving what is refused until the wrong ones stand alone."""

    def __init__(self, server: "Influx", metrics: MirrorMetrics) -> None:
        self._server = server
        self._metrics = metrics
        self._told: set[tuple[str, str]] = set()

    def write(self, lines: Lines) -> dict[Policy, list[pa.StringArray]]:
        """Return the lines that were taken; Unreachable or Misdirected, and then perhaps a part was."""
        return {policy: self._write(policy, some) for policy, some in lines.items() if len(some)}

    def _write(self, policy: Policy, lines: pa.StringArray) -> list[pa.StringArray]:
        taken: list[pa.StringArray] = []
        waiting, halvings = [lines], 0
        while waiting:
            some = waiting.pop()
            try:
                self._server.write(policy, text_of(some))
                taken.append(some)
            except TooBig as refused:
                waiting += self._halves(policy, some, refused)
            except BadPoints as refused:
                if halvings < MOST_HALVINGS:
                    halvings += 1
                    waiting += self._halves(policy, some, refused)
                else:
                    self._give_up(policy, some, refused)
        return taken

    def _halves(
        self, policy: Policy, lines: pa.StringArray, refused: BadPoints | TooBig
    ) -> list[pa.StringArray]:
        """Return two smaller parts, or none when it is a single line: that one is given up."""
        if len(lines) == 1:
            self._give_up(policy, lines, refused)
            return []
        half = len(lines) // 2
        return [lines.slice(half), lines.slice(0, half)]

    def _give_up(self, policy: Policy, lines: pa.StringArray, refused: BadPoints | TooBig) -> None:
        dropped = _DROPPED.search(refused.detail)
        lost = min(int(dropped[1]), len(lines)) if dropped else len(lines)
        self._metrics.refused.labels(refused.reason).inc(lost)
        kind = (refused.reason, policy.name)
        tell = log.debug if kind in self._told else log.warning
        self._told.add(kind)
        tell(
            "mirror_refused_points",
            reason=refused.reason,
            policy=policy.name,
            lines=lost,
            said=refused.detail,
            first=text_of(lines.slice(0, 1)).decode()[:_SHOWN].rstrip(),
            next="counted in yizhan_mirror_refused_total; everything else is written",
        )
