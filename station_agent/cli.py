"""``yizhan agent``: run, check-config, read-once, probe. Exit 0 done, 1 failed, 2 wrong usage or settings."""

import asyncio
import logging
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import orjson
import structlog
import typer

from station_agent.app import Agent, real_sources
from station_agent.clock import Sources
from station_agent.config import AgentSettings, load
from station_agent.drivers.driver import Driver
from station_agent.drivers.registry import open_driver
from station_agent.errors import AgentError, SettingsError
from station_agent.intake import BadReadingError, Intake
from station_agent.pseudonym import Pseudonyms

CONNECT_S = 5.0

app = typer.Typer(
    name="agent",
    help="The agent of one station. / 一座驿站的采集代理。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Settings in YAML; YIZHAN_… variables win. / YAML 配置文件，环境变量优先。"
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Log repeated failures too. / 同时记录重复的故障。")]


@app.command()
def run(config: ConfigFile = None, *, verbose: Verbose = False) -> None:
    """Run until SIGTERM or Ctrl-C. / 运行，直到收到 SIGTERM 或 Ctrl-C."""
    with told_to_the_operator():
        serve(load(config), verbose=verbose)


@app.command("check-config")
def check_config(config: ConfigFile = None) -> None:
    """Check the settings and start nothing. / 只检查配置，不启动."""
    with told_to_the_operator():
        settings = load(config)
        typer.echo(
            f"ok station={settings.station_id} region={settings.region} devices={len(settings.devices)}"
        )


@app.command("read-once")
def read_once(config: ConfigFile = None) -> None:
    """Read every device once and print its readings. / 每个设备读取一次并打印."""
    with told_to_the_operator():
        settings = load(config)
        _exit_if(asyncio.run(_read_once(settings)), "could not be read")


@app.command()
def probe(config: ConfigFile = None) -> None:
    """Try the broker and every device. / 探测服务器与每个设备是否应答."""
    with told_to_the_operator():
        settings = load(config)
        _exit_if([*_probe_broker(settings), *asyncio.run(_probe_devices(settings))], "does not answer")


def serve(
    settings: AgentSettings,
    drivers: Sequence[Driver] | None = None,
    sources: Sources | None = None,
    *,
    verbose: bool = False,
) -> None:
    """Run an agent until a signal ends it; ``drivers`` and ``sources`` as for ``Agent.open``."""
    _log(settings.station_id, verbose=verbose)
    asyncio.run(_serve(settings, drivers, sources))


async def _serve(settings: AgentSettings, drivers: Sequence[Driver] | None, sources: Sources | None) -> None:
    async with Agent.open(settings, drivers, sources=sources) as agent:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, agent.stop)
        typer.echo(f"ready station={settings.station_id} broker={settings.broker.url}")
        await agent.run()


async def _read_once(settings: AgentSettings) -> list[str]:
    now = real_sources(settings.clock.trust).wall()
    # A key nobody keeps: what is printed here cannot be linked to what is stored.
    intake = Intake(Pseudonyms(settings.data_dir / "no.key"))
    failed = []
    for driver in map(open_driver, settings.devices):
        try:
            await _print_readings(driver, intake, now)
        except (AgentError, OSError) as error:
            typer.echo(f"{driver.device}: {error}", err=True)
            failed.append(driver.device)
        finally:
            driver.close()
    return failed


async def _print_readings(driver: Driver, intake: Intake, now: int) -> None:
    taken = await driver.read(now)
    bad = taken.bad
    for raw in taken.readings:
        try:
            domain, reading = intake.check(raw, driver.device, now)
        except BadReadingError as error:
            bad += 1
            typer.echo(f"{driver.device}: {error}", err=True)
        else:
            typer.echo(orjson.dumps({"domain": domain} | reading))
    if bad:
        typer.echo(f"{driver.device}: {bad} of it are no readings", err=True)


async def _probe_devices(settings: AgentSettings) -> list[str]:
    failed = []
    for driver in map(open_driver, settings.devices):
        try:
            taken = await driver.read(real_sources(settings.clock.trust).wall())
        except (AgentError, OSError) as error:
            failed.append(driver.device)
            typer.echo(f"device {driver.device}: {error}")
        else:
            typer.echo(f"device {driver.device}: ok, {len(taken.readings)} readings")
        finally:
            driver.close()
    return failed


def _probe_broker(settings: AgentSettings) -> list[str]:
    broker = settings.broker
    try:
        with socket.create_connection((broker.host, broker.port), CONNECT_S):
            typer.echo(f"broker {broker.url}: ok, accepts connections")
    except OSError as error:
        typer.echo(f"broker {broker.url}: {error}")
        return [broker.url]
    return []


def _exit_if(failed: Sequence[str], what: str) -> None:
    if failed:
        raise AgentError(f"{', '.join(failed)} {what}")


@contextmanager
def told_to_the_operator() -> Iterator[None]:
    """Turn what an operator can mend into one sentence and an exit code; a bug keeps its traceback."""
    try:
        yield
    except SettingsError as error:
        typer.echo(f"yizhan agent: {error}", err=True)
        raise typer.Exit(2) from None
    except (AgentError, OSError) as error:
        typer.echo(f"yizhan agent: {error}", err=True)
        raise typer.Exit(1) from None


def _log(station_id: str, *, verbose: bool) -> None:
    """Log to stderr, one line an event; standard output is for the line ``ready``."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "event"], bool_as_flag=False
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=typer.get_text_stream("stderr")),
    )
    structlog.contextvars.bind_contextvars(station=station_id)
