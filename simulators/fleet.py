"""`simulate fleet`: a load of light stations that speak the wire, and how long acknowledgements take.

The stations have no physics and no disk: what they measure follows from their number, so thousands of them
cost a few per cent of a core. The real agent on simulated devices is `simulators.station`.
"""

import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from simulators.load.link import Broker, LinkLostError
from simulators.load.report import Report
from simulators.load.run import Fleet
from simulators.load.settings import FleetSettings


def fleet(  # noqa: PLR0913, PLR0917 - one parameter an option
    broker: Annotated[str, typer.Option(help="mqtt[s]://[user[:password]@]host[:port] / 消息服务器地址。")],
    stations: Annotated[int, typer.Option(help="How many stations. / 驿站数量。")],
    points: Annotated[int, typer.Option(help="Points a frame; 30 are 11 readings. / 每帧数据点数。")],
    every: Annotated[float, typer.Option(help="Seconds from frame to frame. / 每站发送间隔（秒）。")],
    frames: Annotated[int | None, typer.Option(help="Frames in all, else endless. / 总帧数。")] = None,
    region: Annotated[str, typer.Option(help="The stations' region. / 所属区域。")] = "sim",
    prefix: Annotated[str, typer.Option(help="What station names start with. / 驿站编号前缀。")] = "fleet-",
    connections: Annotated[int, typer.Option(help="TCP sessions shared. / 共用的连接数。")] = 4,
    seed: Annotated[int, typer.Option(help="Chance behind the values. / 随机种子。")] = 0,
    duration: Annotated[float | None, typer.Option(help="Seconds of frames. / 持续时间（秒）。")] = None,
    backlog_hours: Annotated[float, typer.Option(help="Hours of backlog at the start. / 积压小时数。")] = 0.0,
    patience: Annotated[
        float, typer.Option(help="Seconds without an ack. / 无确认时的等待上限（秒）。")
    ] = 60,
    password: Annotated[
        Path | None, typer.Option(help="File that holds the password. / 密码文件。", dir_okay=False)
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(help="Certificates to trust (PEM). / 信任的证书。", dir_okay=False)
    ] = None,
) -> None:
    """以少量连接模拟大量驿站的负载。 / Many light stations over few connections, for load."""
    try:
        settings = FleetSettings(
            broker=Broker.parse(broker, password, ca),
            stations=stations,
            points=points,
            every_s=every,
            frames=frames,
            region=region,
            prefix=prefix,
            connections=min(connections, stations),
            seed=seed,
            duration_s=duration,
            backlog_hours=backlog_hours,
            patience_s=patience,
        )
        one = Fleet(settings, time.time_ns() // 1_000_000)  # noqa: TID251 - the command is where the clock is read
    except (OSError, ValueError) as error:
        print(f"simulate fleet: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    _run(one, stations)


def _run(one: Fleet, stations: int) -> None:
    """Run until it is over or somebody stops it, and say what came of it; at SIGUSR1 also in between."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        one.stop()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        one.ask()

    def told(report: Report) -> None:
        print(report.line(), flush=True)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGUSR1, ask)

    def begun() -> None:
        print(f"simulate fleet: {stations} stations are online, frames begin", file=sys.stderr, flush=True)

    start = time.monotonic()
    try:
        report = one.run(lambda: time.monotonic() - start, begun, told)
    except LinkLostError as error:
        print(f"simulate fleet: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    told(report)
    if report.reason:
        print(f"simulate fleet: {report.reason}", file=sys.stderr)
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(fleet)
