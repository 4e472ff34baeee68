"""(a) Ingest with one acknowledgement a frame: what is sustained, and what a frame and a point cost."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from benchmarks.bench import COUNTRY, Bench, Broker, Fleet, Gateway, Load, Outcome, Row
from benchmarks.metering import Meter, wait_s
from benchmarks.programs import Program, python

PART = "a"
TITLE = "ingest, one acknowledgement a frame"
SHAPES = (5, 30)
"""Points a frame: a door that moved, and all a smart station's series in 11 readings."""

AIMED_POINTS_PER_S = 250_000
LOWEST_RATE, HIGHEST_RATE = 500.0, 40_000.0
GROWTH, FINEST = 1.5, 1.06
"""The offered rate grows until it does not hold; then the gap is halved down to 6 per cent."""

LONGEST_DRAIN_S = 1.5
"""From the last frame to its acknowledgement; longer means that a backlog had grown."""

SHARED_LOAD = 0.65
"""Share of the sustained rate, up to the aimed one, at which gateway and bare clients receive the same frames
side by side: three receivers and a broker that sends everything three times share the two cores."""

MET_S = 25.0
"""Side by side the meter starts when every station is known: a first sight of 12,100 costs 5 s of CPU once, a
frame is paid for always."""


def run(bench: Bench) -> Iterator[Row]:
    """Figures for 5 and for 30 points a frame."""
    for points in SHAPES:
        rate, meter, outcome = _sustain(bench, points, _find_rate(bench, points))
        yield from _figures(points, rate, meter)
        yield Row(PART, f"publish to acknowledgement p50, {points} points", outcome.ack_ms["p50"], "ms")
        shared = min(rate * SHARED_LOAD, AIMED_POINTS_PER_S / points)
        for judging in (True, False):
            with _house(bench, None if judging else bench.no_rules()) as (broker, gateway):
                yield from _compare(bench, broker, gateway, points, shared, judging=judging)


@contextmanager
def _house(bench: Bench, rules: Mapping[str, object] | None = None) -> Iterator[tuple[Broker, Gateway]]:
    """A broker and a gateway that know nobody: stations that left a gateway before would be its alerts."""
    with bench.broker() as broker, bench.gateway(broker, ack_frames=1, further=rules) as gateway:
        yield broker, gateway


def _holds(outcome: Outcome, load: Load) -> bool:
    """Whether all was acknowledged at the offered rate and no backlog had grown at the end."""
    seconds = load.duration_s or 0
    whole = outcome.code == 0 and outcome.resent == 0 and outcome.sent >= 0.98 * load.rate * seconds
    return whole and outcome.seconds - seconds <= LONGEST_DRAIN_S


def _load(bench: Bench, points: int, rate: float, seconds: float) -> Load:
    return Load(bench.stations(COUNTRY), points, rate, duration_s=seconds)


def _find_rate(bench: Bench, points: int) -> float:
    """The highest offered rate, in frames a second, that holds for half a minute."""
    good, bad = LOWEST_RATE, HIGHEST_RATE
    rate = AIMED_POINTS_PER_S / 30
    while bad / good > FINEST and not (bench.quick and bad < HIGHEST_RATE):
        load = _load(bench, points, rate, bench.seconds(30, 2))
        with _house(bench) as (broker, _):
            held = _holds(bench.run_fleet(broker, load), load)
        bench.note(f"{rate:,.0f} frames/s with {points} points: {'holds' if held else 'does not hold'}")
        good, bad = (rate, bad) if held else (good, rate)
        rate = min(good * GROWTH, (good + bad) / 2)
    return good


def _sustain(bench: Bench, points: int, rate: float) -> tuple[float, Meter, Outcome]:
    """The rate that holds for a minute, 5 per cent lower at each failure, with what everybody used."""
    while rate > LOWEST_RATE / 2:
        load = _load(bench, points, rate, bench.seconds(60, 3))
        with _house(bench) as (broker, gateway), bench.fleet(broker, load) as fleet:
            meter = _measure(fleet, load, {"gateway": gateway, "broker": broker, "generator": fleet})
            outcome = fleet.outcome(300)
        held = _holds(outcome, load)
        bench.note(f"{rate:,.0f} frames/s for {load.duration_s:g} s: {'holds' if held else 'does not hold'}")
        if held:
            return rate, meter, outcome
        rate *= 0.95
    raise RuntimeError(f"not even {rate:.0f} frames/s hold")


def _measure(fleet: Fleet, load: Load, programs: dict[str, Program], after_s: float = 0) -> Meter:
    """What everybody uses while frames flow, without the births before and the draining after."""
    fleet.begin()
    wait_s(after_s)
    meter = Meter(programs)
    wait_s((load.duration_s or 0) * 0.97 - after_s)
    meter.stop()
    return meter


def _figures(points: int, rate: float, meter: Meter) -> Iterator[Row]:
    frames = rate * meter.seconds
    aim = f"≥ {AIMED_POINTS_PER_S:,}" if points == 30 else ""  # noqa: PLR2004 - the shape the aim is for
    yield Row(PART, f"points stored, {points} a frame", rate * points, "points/s", aim)
    yield Row(PART, f"frames stored, {points} points", rate, "frames/s")
    for name in meter.names:
        yield Row(PART, f"{name} CPU a frame, {points} points", meter.cpu_s(name) / frames * 1e6, "µs")
        yield Row(PART, f"{name} load, {points} points", meter.cores(name), "cores")
    yield Row(
        PART, f"gateway CPU a point, {points} points", meter.cpu_s("gateway") / frames / points * 1e6, "µs"
    )
    yield Row(PART, f"gateway memory, {points} points", meter.rss_bytes("gateway") / 2**20, "MiB")


def _compare(
    bench: Bench, broker: Broker, gateway: Gateway, points: int, rate: float, *, judging: bool = True
) -> Iterator[Row]:
    """Gateway, bare gmqtt and bare paho receive the very same frames."""
    address = urlsplit(broker.url)
    at = (str(address.hostname), str(address.port))
    met = bench.seconds(MET_S, 1)
    offered = _load(bench, points, rate, met + bench.seconds(30, 3))
    with (
        bench.program("gmqtt", *python("benchmarks.receivers", "gmqtt", *at)) as gmqtt,
        bench.program("paho", *python("benchmarks.receivers", "paho", *at)) as paho,
    ):
        for receiver in (gmqtt, paho):
            receiver.wait_for("ready")
        with bench.fleet(broker, offered) as fleet:
            meter = _measure(fleet, offered, {"gateway": gateway, "gmqtt": gmqtt, "paho": paho}, met)
            outcome = fleet.outcome(300)
        for receiver in (gmqtt, paho):
            receiver.stop()
            _check_received(receiver, outcome.sent)
    frames = rate * meter.seconds
    what = f"{points} points" if judging else f"{points} points, no rules"
    for name in ("gmqtt", "paho"):
        yield Row(PART, f"bare {name} CPU a frame, {what}", meter.cpu_s(name) / frames * 1e6, "µs")
        ratio = meter.cpu_s("gateway") / meter.cpu_s(name)
        aim = "" if judging or name != "gmqtt" else "≤ 4"
        yield Row(PART, f"gateway : bare {name}, {what}", ratio, "×", aim)


def _check_received(receiver: Program, sent: int) -> None:
    received = json.loads(receiver.lines[-1])["frames"]
    if received != sent:
        raise RuntimeError(f"bare {receiver.name} received {received} frames of {sent}")
