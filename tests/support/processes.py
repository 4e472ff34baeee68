"""Our own programs as processes of their own, to be watched, stopped and killed."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.support.waiting import until_sync

ROOT = Path(__file__).parents[2]


class Running:
    """``yizhan <arguments>`` as a process; what it prints is kept line by line.

    Leaving the block kills what is still running. ``under`` is a program that starts it.
    """

    def __init__(
        self,
        *arguments: str,
        cwd: Path | None = None,
        environment: dict[str, str] | None = None,
        under: tuple[str, ...] = (),
    ) -> None:
        self.arguments = arguments
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [*under, sys.executable, "-m", "yizhan", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=cwd,
            env=_environment(environment or {}),
        )
        self._readers = [_keep_lines(self._process.stdout, self.lines)]

    @property
    def pid(self) -> int:
        """The process, for looking at its memory and children."""
        return self._process.pid

    @property
    def output(self) -> str:
        """Everything printed so far, both streams."""
        return "\n".join(self.lines)

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def wait_for(self, pattern: str, seconds: float = 20.0) -> re.Match[str]:
        """The first line that matches; fails when the process ends without it."""
        found: list[re.Match[str]] = []

        def seen() -> bool:
            ended = self.code is not None
            found.extend(match for line in list(self.lines) if (match := re.search(pattern, line)))
            return bool(found) or ended

        until_sync(
            seen, seconds, f"a line like {pattern!r} from {self.arguments}; it said: {self.lines[-20:]}"
        )
        if not found:
            raise AssertionError(
                f"{self.arguments} ended with {self.code} before {pattern!r}:\n{self.output}"
            )
        return found[0]

    def wait(self, seconds: float = 20.0) -> int:
        """Its exit code, once it has ended by itself."""
        code = self._process.wait(seconds)
        for reader in self._readers:
            reader.join(5)
        return code

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def stop(self, seconds: float = 20.0) -> int:
        """SIGTERM, and its exit code."""
        self._process.terminate()
        return self.wait(seconds)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.code is None:
            self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _environment(extra: dict[str, str]) -> dict[str, str]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1", **extra}


def _keep_lines(stream: IO[str] | None, lines: list[str]) -> threading.Thread:
    if stream is None:
        raise RuntimeError("the process was started without a pipe")

    def keep() -> None:
        for line in stream:
            lines.append(line.rstrip("\n"))  # noqa: PERF401 - whoever waits sees each line as it comes

    thread = threading.Thread(target=keep, name="reader", daemon=True)
    thread.start()
    return thread
