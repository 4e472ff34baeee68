"""`yizhan gateway …`: run, check-config, check-broker, migrate, replay, backup, restore."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvloop
from pydantic import SecretStr

from gateway.config import Settings, load
from gateway.domain.secrets import read_secret
from gateway.errors import GatewayError, SettingsError, StartError
from gateway.observability import configure_logs
from gateway.timeseries.mirror.settings import InfluxSettings
from gateway.whereabouts import asked_at, written_down
from wire.topics import Topics

if TYPE_CHECKING:
    from gateway.app import Gateway

app = typer.Typer(
    help="The gateway: stores what stations send, and answers for it. / 网关：接收、保存并答复。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _token(text: str) -> str:
    """Return the token, or what the file at this path holds: services are handed secrets as files."""
    return read_secret(SecretStr(text)).get_secret_value()


ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings (YAML). / 配置文件（YAML）。", dir_okay=False)
]


@app.command(help="Run until SIGTERM or Ctrl-C. / 运行，直到收到停止信号。")
def run(
    *,
    config: ConfigFile = None,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Take over regions another gateway claimed. / 接管其他网关的区域。"),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log debug lines. / 输出调试日志。")] = False,
) -> None:
    """Open everything, print one line `ready http=… mqtt=…`, serve, stop cleanly."""
    configure_logs(verbose=verbose)
    with _operators_mistakes():
        uvloop.run(_serve(load(config), take_over=take_over))


@app.command("check-config", help="Check the settings without starting. / 检查配置，不启动。")
def check_config(
    *,
    config: ConfigFile = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            "--rules",
            help="Check these rule files and play the cases beside them. / 检查规则文件并运行其用例。",
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Do what the start does with the settings, and stop there; rules alone need no settings."""
    from gateway.api.access import Tokens  # noqa: PLC0415 - only this command checks the token file by itself
    from gateway.domain.registry import Registry  # noqa: PLC0415 - the same for the register

    with _operators_mistakes():
        if rules is not None:
            typer.echo(_check_rules(rules))
        if rules is None or config is not None:
            settings = load(config)
            if settings.stations.file is not None:
                Registry.load(settings.stations.file)
            if settings.http.auth != "none":
                Tokens.load(settings.http.auth.tokens)
            if settings.rules.dir is not None and rules is None:
                _check_rules(settings.rules.dir)
    typer.echo("ok")


def _check_rules(folder: Path) -> str:
    """Read rule files over the built-in ones and play their cases; SettingsError names what is wrong."""
    from catalogue.cases import load_cases  # noqa: PLC0415 - only for this
    from catalogue.documents import CatalogueError  # noqa: PLC0415 - the same
    from catalogue.loading import load as load_rules  # noqa: PLC0415 - the same
    from gateway.alerting.detection.cases import failures  # noqa: PLC0415 - the same

    try:
        catalogue = load_rules([folder])
        cases = load_cases(folder / "cases", catalogue)
    except CatalogueError as error:
        raise SettingsError(str(error)) from None
    wrong = list(failures(cases, catalogue))
    if wrong:
        raise SettingsError("\n".join(wrong))
    return f"{len(catalogue.rules)} rules, {len(cases)} cases"


@app.command("check-broker", help="Try out the broker's limits. / 检测消息代理的限制。")
def check_broker(
    *,
    config: ConfigFile = None,
    stations: Annotated[
        int | None,
        typer.Option(min=1, help="Stations to reckon with; else those of stations.yaml. / 驿站数量。"),
    ] = None,
) -> None:
    """Measure whether the broker drops messages for a slow reader, and carries the largest frame."""
    from gateway.domain.registry import Registry  # noqa: PLC0415 - only here
    from gateway.ingest.preflight import examine  # noqa: PLC0415 - only here

    with _operators_mistakes():
        settings = load(config)
        if settings.broker.url is None:
            raise StartError("broker: the embedded one has no limits to try out")
        file = settings.stations.file
        fleet = stations or (len(Registry.load(file)) if file is not None else 1)
        topic = Topics(settings.topic_root).preflight("check")
        finding = examine(settings.broker.url, settings.broker, topic, "preflight-check", fleet)
        if finding.text != "ok":
            raise StartError(f"broker {settings.broker.url}: {finding.text}")
    typer.echo("ok")


@app.command(help="Bring stores and mirror to this version. / 升级数据目录中的存储，并建立镜像库。")
def migrate(*, config: ConfigFile = None) -> None:
    """Open both stores, which migrates them, and close them; make room in the mirror, if there is one."""
    from contextlib import AsyncExitStack  # noqa: PLC0415 - only here

    from gateway.app import open_stores  # noqa: PLC0415 - only here

    async def open_and_close(settings: Settings) -> None:
        async with AsyncExitStack() as undo:
            open_stores(settings, undo)

    with _operators_mistakes():
        settings = load(config)
        asyncio.run(open_and_close(settings))
        if settings.mirror.influxdb is not None:
            _arrange_mirror(settings.mirror.influxdb)
    typer.echo("ok")


def _arrange_mirror(settings: InfluxSettings) -> None:
    """Have a place for each class of data, kept as long as it may be; say what was done."""
    from gateway.timeseries.mirror.arranging import arrange  # noqa: PLC0415 - only with a mirror
    from gateway.timeseries.mirror.refusals import Refused  # noqa: PLC0415 - the same
    from gateway.timeseries.mirror.server import Influx  # noqa: PLC0415 - the same

    try:
        with Influx(settings) as server:
            for done in arrange(server):
                typer.echo(done)
    except Refused as refused:
        raise StartError(f"mirror.influxdb {settings.address}: {refused}") from None


@app.command(help="Judge stored history by other rules. / 用其他规则重新判断历史数据。")
def replay(
    *,
    rules: Annotated[Path, typer.Option("--rules", help="Rule files. / 规则文件。", file_okay=False)],
    start: Annotated[str, typer.Option("--from", help="2026-11-20T00:00:00Z")],
    end: Annotated[str, typer.Option("--to", help="2026-11-21T00:00:00Z")],
    config: ConfigFile = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="YIZHAN_REPLAY_TOKEN", parser=_token, help="Token, or its file. / 令牌或其文件。"
        ),
    ] = None,
) -> None:
    """List what these rules would have told; asks the running gateway, or opens the stores if none runs."""
    from gateway.api.values import parse_time  # noqa: PLC0415 - only here
    from gateway.app import now_ms  # noqa: PLC0415 - only here
    from gateway.domain.registry import Registry  # noqa: PLC0415 - only here
    from gateway.queries import history  # noqa: PLC0415 - only here

    with _operators_mistakes():
        settings = load(config)
        try:
            span = parse_time(start), parse_time(end)
        except ValueError as error:
            raise SettingsError(f"--from, --to: {error}") from None
        lines = history.ask(asked_at(settings), rules, start, end, token)
        if lines is None:
            file = settings.stations.file
            registry = Registry.load(file) if file is not None else Registry()
            lines = history.judge(settings.data_dir, registry, rules, span, now_ms())
        for line in lines:
            typer.echo(line)


@app.command(help="Copy the stores while the gateway runs. / 在网关运行时备份数据。")
def backup(
    *,
    to: Annotated[
        Path,
        typer.Option(
            "--to", help="A folder; the backup is a new folder in it. / 目标文件夹。", file_okay=False
        ),
    ],
    keep: Annotated[
        int | None,
        typer.Option("--keep", min=1, help="Keep so many of this gateway's backups there. / 保留的份数。"),
    ] = None,
    config: ConfigFile = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="YIZHAN_BACKUP_TOKEN", parser=_token, help="Token, or its file. / 令牌或其文件。"
        ),
    ] = None,
) -> None:
    """Have the running gateway take a backup, or take it here when none runs."""
    from gateway.app import now_ms  # noqa: PLC0415 - only here
    from gateway.backup import asking  # noqa: PLC0415 - only here

    with _operators_mistakes():
        settings, folder = load(config), to.absolute()
        taken = asking.ask(asked_at(settings), folder, keep, token)
        typer.echo(taken or asking.take(settings.data_dir.absolute(), folder, keep, now_ms()))


@app.command(help="Put a backup back into an empty data_dir. / 将备份恢复到空的数据目录。")
def restore(
    *,
    source: Annotated[
        Path, typer.Option("--from", help="One backup, a folder. / 一份备份（文件夹）。", file_okay=False)
    ],
    config: ConfigFile = None,
) -> None:
    """Verify a backup and copy it into data_dir; the gateway starts on it as if nothing had been."""
    from gateway.backup import restoring  # noqa: PLC0415 - only here

    with _operators_mistakes():
        manifest = restoring.restore(source, load(config).data_dir)
    typer.echo(f"restored up to frame {manifest.last_frame}; start the gateway")


async def _serve(settings: Settings, *, take_over: bool) -> None:
    from gateway.app import Gateway  # noqa: PLC0415 - after the settings are known to be right

    async with Gateway.open(settings, take_over=take_over) as gateway:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, gateway.stop)
        loop.add_signal_handler(signal.SIGHUP, gateway.reload_rules)
        with written_down(settings.data_dir, gateway.http_url):
            async with asyncio.TaskGroup() as group:
                running = group.create_task(gateway.run(), name="gateway")
                ready = group.create_task(gateway.until_ready(), name="gateway-ready")
                ready.add_done_callback(lambda task: _tell_ready(gateway) if not task.cancelled() else None)
                await asyncio.wait({running})
                ready.cancel()


def _tell_ready(gateway: "Gateway") -> None:
    typer.echo(f"ready http={gateway.http_url} mqtt={gateway.mqtt_url}")
    sys.stdout.flush()


@contextmanager
def _operators_mistakes() -> Iterator[None]:
    """One sentence on stderr instead of a traceback; 2 for settings, 1 for the rest."""
    try:
        yield
    except SettingsError as error:
        typer.echo(f"yizhan gateway: {error}", err=True)
        raise typer.Exit(2) from None
    except GatewayError as error:
        typer.echo(f"yizhan gateway: {error}", err=True)
        raise typer.Exit(1) from None
