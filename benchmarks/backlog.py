"""(c) A hundred stations return with a day of backlog while the others go on."""

from collections.abc import Iterator

from benchmarks.bench import COUNTRY, Bench, Load, Row
from benchmarks.metering import wait_s

PART = "c"
TITLE = "100 stations return with 24 h of backlog, frames every 10 s"
POINTS = 30
RETURNING = 100
HOURS = 24.0
EVERY_S = 10.0
SETTLES_S = 75.0
"""Twelve thousand stations that come at once are another story: hearing of them has been paid for by then."""
AIM_MS = "≤ 2,000"


def run(bench: Bench) -> Iterator[Row]:
    """Time to drain, and how old live data is when it is durable, before and meanwhile."""
    hours = bench.seconds(HOURS, 0.1)
    others = bench.stations(COUNTRY - RETURNING)
    with bench.broker() as broker, bench.gateway(broker, ack_frames=1):
        live = Load(others, POINTS, others / EVERY_S, prefix="other-")
        back = Load(RETURNING, POINTS, RETURNING / EVERY_S, prefix="back-", backlog_hours=hours)
        with bench.fleet(broker, live) as rest:
            rest.begin()
            wait_s(bench.seconds(SETTLES_S, 2))
            rest.ask()
            wait_s(bench.seconds(30, 3))
            before = rest.ask()
            drained = bench.run_fleet(broker, back).whole()
            meanwhile = rest.ask()
            rest.stop()
            rest.outcome(60).whole()
    frames = round(hours * 3600 / EVERY_S) * RETURNING
    yield Row(PART, f"time to drain {frames:,} frames", drained.seconds, "s")
    yield Row(PART, "drained", frames / drained.seconds, "frames/s", f"{RETURNING * 20:,} by contract")
    for label, outcome, aim in (
        ("others, before", before, ""),
        ("others, meanwhile", meanwhile, AIM_MS),
        ("the returning, live, meanwhile", drained, AIM_MS),
    ):
        yield Row(PART, f"live data behind: {label}, p50", outcome.ack_ms["p50"], "ms")
        yield Row(PART, f"live data behind: {label}, p99", outcome.ack_ms["p99"], "ms", aim)
