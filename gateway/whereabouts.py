"""Where a running gateway answers, for commands on the same machine."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog

from gateway.config import Settings, http_url

log = structlog.get_logger(__name__)

URL_FILE = "http.url"
"""In data_dir while a gateway runs on it: where it answers, which a port 0 does not tell."""


def asked_at(settings: Settings) -> str:
    """Return where the gateway answers: as the running one wrote down, else as the settings say."""
    try:
        with (settings.data_dir / URL_FILE).open("rb") as file:
            if not _locks(file.fileno(), fcntl.LOCK_SH):
                return file.read().decode()
    except OSError:
        pass  # nothing was written down, or not for us
    return http_url(settings.http.host, settings.http.port)


@contextmanager
def written_down(data_dir: Path, url: str) -> Iterator[None]:
    """Keep the address beside the stores, locked: one that a kill left there is not, and deceives nobody."""
    path = data_dir / URL_FILE
    draft = path.with_suffix(".draft")
    with ExitStack() as undo:
        try:
            file = undo.enter_context(draft.open("wb", buffering=0))
            _locks(file.fileno(), fcntl.LOCK_EX)
            file.write(url.encode())
            draft.replace(path)
            undo.callback(path.unlink, missing_ok=True)
        except OSError as error:
            log.warning("url_not_written", path=str(path), reason=str(error), next="serving without")
        yield


def _locks(file: int, kind: int) -> bool:
    """Lock a file until it is closed; False when another process has it locked."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
