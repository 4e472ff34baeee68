"""(b) From publishing to acknowledgement, with every 24-hour station of the country."""

from collections.abc import Iterator

from benchmarks.bench import COUNTRY, Bench, Load, Row

PART = "b"
TITLE = "publish to acknowledgement, 12,100 stations"
POINTS = 30
POINT_RATES = (1_000, 10_000, 36_000)
POLICIES = {"default ack": None, "ack after 1 frame": 1}


def run(bench: Bench) -> Iterator[Row]:
    """Percentiles at three rates under two policies of acknowledging."""
    stations = bench.stations(COUNTRY)
    for policy, ack_frames in POLICIES.items():
        with bench.broker() as broker, bench.gateway(broker, ack_frames=ack_frames):
            for rate in POINT_RATES:
                load = Load(stations, POINTS, rate / POINTS, duration_s=bench.seconds(60, 3))
                outcome = bench.run_fleet(broker, load).whole()
                for rank, delay in outcome.ack_ms.items():
                    aim = "≤ 3,000" if (rate, rank) == (POINT_RATES[-1], "p99") else ""
                    yield Row(PART, f"{policy}, {rate:,} points/s, {rank}", delay, "ms", aim)
