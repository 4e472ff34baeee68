"""History judged by other rules, for the command line: by the running gateway, or here when none runs."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import duckdb
import httpx

from catalogue.documents import CatalogueError
from catalogue.loading import load
from gateway.alerting.detection.backtest import run
from gateway.alerting.detection.detection import engine_of
from gateway.alerting.detection.recovery import History
from gateway.domain.holidays import Holidays
from gateway.domain.registry import Registry
from gateway.errors import SettingsError, StartError
from gateway.state.database import State
from gateway.timeseries.store import Store

PATIENCE_S = 180.0


def ask(url: str, rules: Path, start: str, end: str, token: str | None) -> Iterator[str] | None:
    """Have the gateway at an address judge; None when nobody listens there.

    SettingsError for rules or times it finds wrong, StartError for any other refusal.
    """
    files = _files(rules)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.post(
            f"{url}/api/v1/rules/backtest",
            json={"start": start, "end": end, "rules": files},
            headers=headers,
            timeout=PATIENCE_S,
        )
    except httpx.ConnectError:
        return None
    except httpx.HTTPError as error:
        raise StartError(f"{url}: {error}") from error
    if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        raise SettingsError(_problem(answer))
    if answer.is_error:
        raise StartError(f"{url}: {_problem(answer)}")
    return _lines(answer.json())


def _files(rules: Path) -> dict[str, str]:
    """Read the rule files of a folder, by name; SettingsError when it has none that can be read."""
    if not rules.is_dir():
        raise SettingsError(f"--rules {rules}: no such folder")
    paths = sorted(rules.glob("*.yaml"))
    if not paths:
        raise SettingsError(f"--rules {rules}: there is no rule file (*.yaml) in this folder")
    files = {}
    for path in paths:
        try:
            files[path.name] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"--rules {path}: {error}") from None
    return files


def judge(data_dir: Path, registry: Registry, rules: Path, span: tuple[int, int], now: int) -> Iterator[str]:
    """Open the stores and judge here (ms of receipt); StartError when another process has them."""
    try:
        catalogue = load([rules])
    except CatalogueError as error:
        raise SettingsError(str(error)) from None
    store = Store(data_dir / "store.duckdb")
    store.open()
    try:
        with State.open(data_dir, now) as state:
            history = History(store, state.births)
            engine = engine_of(catalogue, history, registry, Holidays())
            result = run(engine, history, span[0], min(span[1], now))  # silence to come has not happened
            for one in result.fired():
                key = one.first.key
                live = "also live" if state.alerts.get(one.alert_id) else "not live"
                yield _line(
                    one.first.opened, one.worst, key.rule, key.station_id, key.device, one.cleared, live
                )
            yield f"{result.frames} frames judged"
    except duckdb.Error as error:
        raise StartError(f"{store.path}: {error}") from error
    finally:
        store.close()


def _lines(answer: Mapping[str, Any]) -> Iterator[str]:
    for one in answer["would"]:
        live = "also live" if one["was_live"] else "not live"
        told = f"told {one['told']}" if one["told"] else "told nobody"
        where = (one["rule"], one["station_id"], one["device"])
        yield " ".join(map(str, (one["opened"], one["severity"], *where, _until(one["cleared"]), live, told)))
    for one in answer["missed"]:
        yield f"{one['opened']} {one['severity']} {one['rule']} {one['station_id']} {one['device']} only live"
    ending = "" if answer["complete"] else f", cut short at {answer['judged_until']}"
    yield f"{answer['frames']} frames judged{ending}"


def _line(opened: int, severity: str, *rest: object) -> str:  # one alert
    *where, cleared, live = rest
    ended = _until(None if cleared is None else _time(int(str(cleared))))
    return " ".join(map(str, (_time(opened), severity, *where, ended, live)))


def _until(cleared: str | None) -> str:
    return "still open" if cleared is None else f"until {cleared}"


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _problem(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"
