"""A backup for the command line: taken by the running gateway, or here when none runs."""

from pathlib import Path

import httpx

from gateway.backup.taking import Backups
from gateway.errors import BackupError
from gateway.state.database import State
from gateway.timeseries.store import Store


def ask(url: str, to: Path, keep: int | None, token: str | None) -> str | None:
    """Have the gateway at an address take it; None when nobody listens there, BackupError when it refuses."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    body = {"to": str(to)} | ({} if keep is None else {"keep": keep})
    try:
        answer = httpx.post(f"{url}/api/v1/backups", json=body, headers=headers, timeout=None)  # noqa: S113 - a backup takes as long as it takes
    except httpx.ConnectError:
        return None
    except httpx.HTTPError as error:
        raise BackupError(f"{url}: {error}; look for the backup, or take another") from error
    if answer.is_error:
        raise BackupError(_problem(url, answer))
    made = answer.json()
    return _sentence(made["folder"], made["last_frame"], made["bytes"])


def take(data_dir: Path, to: Path, keep: int | None, now: int) -> str:
    """Open the stores and take it here; StartError when another process has them."""
    store = Store(data_dir / "store.duckdb")
    if not store.path.exists():
        raise BackupError(f"{store.path}: no such file; is data_dir the one of the gateway?")
    store.open()
    try:
        with State.open(data_dir, now) as state:
            backups = Backups(store, state, lambda: now)
            backups.check(to)
            made = backups.take(backups.instant(), to, keep)
    finally:
        store.close()
    return _sentence(str(made.folder), made.manifest.last_frame, made.bytes)


def _sentence(folder: str, last_frame: int, size: int) -> str:
    return f"{folder} up to frame {last_frame}, {size} bytes"


def _problem(url: str, answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{url}: HTTP {answer.status_code}"
