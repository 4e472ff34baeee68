"""(d) What a page asks of the API: the fleet list, and one station's day."""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

import httpx

from benchmarks.bench import COUNTRY, Bench, Broker, Gateway, Load, Row

PART = "d"
TITLE = "reading"
FLEETS = (1_000, COUNTRY)
DAY_EVERY_S = 60.0
DAY_HOURS = 24.0
ASKS = 50
MOST = 1_000
AIM_MS = "≤ 100"


def run(bench: Bench) -> Iterator[Row]:
    """Times at one client, the gateway otherwise idle."""
    with bench.broker() as broker, bench.gateway(broker) as gateway, httpx.Client(timeout=60) as client:
        for place, stations in enumerate(bench.stations(size) for size in FLEETS):
            _fill(bench, broker, stations, f"size{place}-")
            yield from _list(
                bench, client, gateway, sum(bench.stations(size) for size in FLEETS[: place + 1])
            )
        yield from _day(bench, broker, gateway, client)


def _fill(bench: Bench, broker: Broker, stations: int, prefix: str) -> None:
    """Let every station of a fleet be known with two frames."""
    rate = min(stations, 3_000.0)
    bench.run_fleet(broker, Load(stations, 30, rate, frames=2 * stations, prefix=prefix)).whole()


def _list(bench: Bench, client: httpx.Client, gateway: Gateway, stations: int) -> Iterator[Row]:
    url = f"{gateway.url}/api/v1/stations"
    for limit in (100, MOST):
        times = _times(bench, partial(client.get, url, params={"limit": limit}))
        yield from _row(f"fleet list, {stations:,} stations, first {limit:,}", times, AIM_MS)
    whole = _times(bench, lambda: _pages(client, url, {"limit": MOST}), asks=5)
    yield from _row(f"fleet list, {stations:,} stations, all pages", whole)


def _day(bench: Bench, broker: Broker, gateway: Gateway, client: httpx.Client) -> Iterator[Row]:
    """One station's day of power readings, raw."""
    hours = bench.seconds(DAY_HOURS, 0.5)
    load = Load(1, 30, 1 / DAY_EVERY_S, prefix="day-", backlog_hours=hours)
    bench.run_fleet(broker, load).whole()
    url = f"{gateway.url}/api/v1/stations/day-00001/readings/power"
    items = _pages(client, url, {"limit": MOST})
    times = _times(bench, lambda: _pages(client, url, {"limit": MOST}), asks=5)
    yield from _row(f"one station's {hours:g} h of power raw, {items:,} readings", times)
    first = _times(bench, lambda: client.get(url, params={"limit": MOST}), asks=20)
    yield from _row(f"the same, first {MOST:,}", first)


def _pages(client: httpx.Client, url: str, params: dict[str, str | int]) -> int:
    """Follow every page; the number of items."""
    items, cursor = 0, None
    while True:
        page = client.get(url, params=params if cursor is None else {**params, "cursor": cursor})
        page.raise_for_status()
        said = page.json()
        items += len(said["items"])
        cursor = said["next"]
        if cursor is None:
            return items


def _times(bench: Bench, ask: Callable[[], object], asks: int = ASKS) -> list[float]:
    """Milliseconds of each of some asks, after one that is not counted."""
    ask()
    times = []
    for _ in range(5 if bench.quick else asks):
        began = time.perf_counter()
        answer = ask()
        times.append((time.perf_counter() - began) * 1000)
        if isinstance(answer, httpx.Response):
            answer.raise_for_status()
    return times


def _row(figure: str, times: list[float], aim: str = "") -> Iterator[Row]:
    yield Row(PART, f"{figure}, p50", statistics.median(times), "ms", aim)
    yield Row(PART, f"{figure}, slowest of {len(times)}", max(times), "ms")
