"""`yizhan dashboards …`: build, push, check."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from dashboards.building import DOCS
from dashboards.files import PROVISIONED, built, provisioning, write
from dashboards.grafana import Grafana, GrafanaError
from dashboards.pushing import Finding, Push, State
from dashboards.source import PASSWORD_VARIABLE, TOKEN_VARIABLE, Source, Version

GRAFANA_TOKEN = "GRAFANA_TOKEN"  # noqa: S105 - the name of a variable
DEFAULT_INFLUXDB = "http://127.0.0.1:8086"

app = typer.Typer(
    help="Dashboards for Grafana, as code. / 以代码维护的 Grafana 看板。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Docs = Annotated[str, typer.Option(help="Address below which the runbooks are. / 处置手册所在地址。")]
InfluxDb = Annotated[
    str | None,
    typer.Option("--influxdb", help="InfluxDB as Grafana reaches it. / InfluxDB 的地址。"),
]
Database = Annotated[str, typer.Option(help="Database or bucket of the mirror. / 镜像的库名。")]
InfluxVersion = Annotated[Version, typer.Option("--influxdb-version", help="1, 2 or 3. / InfluxDB 主版本。")]
User = Annotated[str | None, typer.Option("--influxdb-user", help="User of 1.x. / 1.x 的用户名。")]
GrafanaUrl = Annotated[str, typer.Option("--grafana", help="Address of Grafana. / Grafana 地址。")]
TokenFile = Annotated[
    Path | None,
    typer.Option(help=f"File with its token, else {GRAFANA_TOKEN}. / 令牌文件。", dir_okay=False),
]


@app.command(help="Write the dashboards as files. / 把看板写成文件。")
def build(  # noqa: PLR0913 - each is an option of the command
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for JSON. / JSON 目录。", file_okay=False)] = None,
    provision: Annotated[
        Path | None,
        typer.Option(help="Folder for Grafana's provisioning. / Grafana 自动加载目录。", file_okay=False),
    ] = None,
    path: Annotated[
        str, typer.Option(help="Where Grafana finds that JSON. / 其中 JSON 的路径。")
    ] = PROVISIONED,
    influxdb: InfluxDb = DEFAULT_INFLUXDB,
    database: Database = "yizhan",
    influxdb_version: InfluxVersion = "2",
    influxdb_user: User = None,
    docs: Docs = DOCS,
) -> None:
    """JSON alone, or with the files by which Grafana finds it at its start."""
    if (out is None) == (provision is None):
        raise typer.BadParameter("give either --out or --provision / 请给出 --out 或 --provision 之一")
    with _operators_mistakes():
        if provision is not None:
            source = Source(influxdb or DEFAULT_INFLUXDB, database, influxdb_version, influxdb_user)
            written = write(provisioning(source, docs, path), provision)
        else:
            written = write({one.file: one.text.encode() for one in built(docs)}, out or Path())
    typer.echo(f"{len(written)} files written / 已写入 {len(written)} 个文件")


@app.command(help="Bring a Grafana to what the code says. / 把看板推送到 Grafana。")
def push(  # noqa: PLR0913 - each is an option of the command
    *,
    grafana: GrafanaUrl,
    token_file: TokenFile = None,
    influxdb: InfluxDb = None,
    database: Database = "yizhan",
    influxdb_version: InfluxVersion = "2",
    influxdb_user: User = None,
    docs: Docs = DOCS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done. / 只显示不执行。")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also over what people changed. / 覆盖他人的修改。")
    ] = False,
) -> None:
    """Folder, data source (when --influxdb is given) and dashboards; what people changed is left alone."""
    with _operators_mistakes():
        source = Source(influxdb, database, influxdb_version, influxdb_user) if influxdb else None
        secret = os.environ.get(PASSWORD_VARIABLE if influxdb_version == "1" else TOKEN_VARIABLE)
        plan = Push(Grafana(grafana, _token(token_file)), built(docs), source, secret)
        if dry_run:
            left = _report(
                ((one, one.state is not State.EDITED or overwrite) for one in plan.compare()), _WOULD
            )
        else:
            left = _report(plan.push(overwrite=overwrite), _DONE)
    if left:
        typer.echo(
            "edited by hand and left alone: push --overwrite to replace / 有人工修改未覆盖，可加 --overwrite",
            err=True,
        )
        raise typer.Exit(1)


@app.command(help="Say where a Grafana differs from the code. / 比较 Grafana 与代码的差异。")
def check(*, grafana: GrafanaUrl, token_file: TokenFile = None, docs: Docs = DOCS) -> None:
    """Change nothing; exit 1 when anything differs."""
    with _operators_mistakes():
        findings = Push(Grafana(grafana, _token(token_file)), built(docs), None).compare()
    _report(((one, False) for one in findings), _SEEN)
    if any(one.state is not State.SAME for one in findings):
        raise typer.Exit(1)


_SEEN = {
    State.SAME: "as it should be / 一致",
    State.MISSING: "missing / 缺失",
    State.OLDER: "older / 版本较旧",
    State.EDITED: "edited by hand / 有人工修改",
}
_DONE = _SEEN | {State.MISSING: "created / 已创建", State.OLDER: "updated / 已更新"}
_WOULD = _SEEN | {State.MISSING: "would be created / 将创建", State.OLDER: "would be updated / 将更新"}


def _report(findings: Iterator[tuple[Finding, bool]], words: dict[State, str]) -> bool:
    """Print one line a finding and where it differs; True when an edit was left alone."""
    left = False
    for finding, written in findings:
        replaced = " → replaced / 已覆盖" if finding.state is State.EDITED and written else ""
        typer.echo(f"{finding.what}: {words[finding.state]}{replaced}")
        if finding.state is not State.SAME:
            for difference in finding.differences:
                typer.echo(f"  {difference}")
        left = left or (finding.state is State.EDITED and not written)
    return left


def _token(file: Path | None) -> str:
    """From a file or the environment, never from the command line, where others could read it."""
    try:
        written = file.read_text(encoding="utf-8") if file else os.environ.get(GRAFANA_TOKEN, "")
    except OSError as error:
        raise ValueError(f"--token-file: {error} / 读不到令牌文件") from error
    token = written.strip()
    if not token:
        raise ValueError(
            f"no token: put it in {GRAFANA_TOKEN}, or in a file named by --token-file / 缺少 Grafana 令牌"
        )
    return token


@contextmanager
def _operators_mistakes() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        sys.exit(_complain(str(error), 2))
    except (GrafanaError, OSError) as error:
        sys.exit(_complain(str(error), 1))


def _complain(sentence: str, code: int) -> int:
    typer.echo(f"yizhan dashboards: {sentence}", err=True)
    return code
