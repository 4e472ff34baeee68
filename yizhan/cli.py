"""The one command. A part is imported only when its command runs: a station's box has no web server."""

import importlib
import importlib.metadata
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

# Command, module of the part, what it is for.
PARTS = (
    ("gateway", "gateway.cli", "The gateway: stores what stations send. / 网关：接收并保存各驿站的数据。"),
    ("agent", "station_agent.cli", "The agent of one station. / 一座驿站的采集代理。"),
    ("simulate", "simulators.cli", "Simulated stations and fleets. / 模拟驿站与车队规模负载。"),
    ("dashboards", "dashboards.cli", "Dashboards for Grafana. / Grafana 看板。"),
    ("score", "yizhan.score.command", "How good the alerts are, by simulation. / 用模拟为告警打分。"),
)

app = typer.Typer(
    name="yizhan",
    help="Watches over unattended 24-hour rest stations. / 看护无人值守的24小时驿站。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; an operator's mistake ends in one sentence, never in a traceback."""
    try:
        app()
    except ModuleNotFoundError as error:
        sys.exit(_complain(f"this installation lacks {error.name}: pip install 'yizhan[all]'"))
    except OSError as error:
        sys.exit(_complain(str(error)))


def _complain(sentence: str) -> int:
    typer.echo(f"yizhan: {sentence}", err=True)
    return 1


def _part(module: str) -> Callable[[typer.Context], None]:
    def run(context: typer.Context) -> None:
        part = importlib.import_module(module)
        part.app(args=context.args, prog_name=context.command_path)

    return run


for _name, _module, _help in PARTS:
    app.command(
        _name,
        help=_help,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(_part(_module))


def _version(asked: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if asked:
        typer.echo(f"yizhan {importlib.metadata.version('yizhan')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which. / 显示版本。")
    ] = False,
) -> None:
    """What holds for every command."""


@app.command(help="Everything on this machine, with simulated stations. / 在本机运行完整演示。")
def demo(
    stations: Annotated[int, typer.Option(min=1, max=37, help="How many stations. / 驿站数量。")] = 37,
    data: Annotated[Path, typer.Option(help="Where to keep the data. / 数据目录。")] = Path("demo-data"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="HTTP port; 0 picks one. / 网页端口。")] = 8000,
    influx: Annotated[
        str | None,
        typer.Option(help="Mirror into this InfluxDB, http://127.0.0.1:8086. / 镜像到该 InfluxDB。"),
    ] = None,
) -> None:
    """Start broker, gateway and stations; Ctrl-C ends all of them.

    Organization and token of an InfluxDB that asks for them come from the environment:
    YIZHAN_MIRROR__INFLUXDB__ORG, YIZHAN_MIRROR__INFLUXDB__TOKEN (or the path of a file).
    """
    from yizhan.demo.app import run

    raise typer.Exit(run(stations=stations, data=data, port=port, influx=influx))
