"""The real programs as processes: what they print is kept, what they use is measured."""

import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds of a process and its children since their start, at an instant of the monotonic clock."""

    at_s: float
    cpu_s: float
    rss_bytes: int

    def cpu_since(self, earlier: "Usage") -> float:
        """CPU seconds between two looks."""
        return self.cpu_s - earlier.cpu_s

    def cores_since(self, earlier: "Usage") -> float:
        """Mean number of cores in use between two looks."""
        return self.cpu_since(earlier) / (self.at_s - earlier.at_s)


class Program:
    """A process of ours; leaving the block ends it."""

    def __init__(self, *command: str, log: Path) -> None:
        """Start it; all it prints goes to ``log`` too."""
        self.name = log.stem
        self.lines: list[str] = []
        self._log = log
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._reader = threading.Thread(target=self._read, name=self.name, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        if self._process.stdout is None:
            return
        with self._log.open("a", encoding="utf-8") as log:
            for line in self._process.stdout:
                self.lines.append(line.rstrip("\n"))
                log.write(line)

    def wait_for(self, pattern: str, seconds: float = 60.0) -> re.Match[str]:
        """The first line that matches.

        Raises:
            RuntimeError: it ended before, or took longer.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended = self._process.poll() is not None
            for line in list(self.lines):
                if match := re.search(pattern, line):
                    return match
            if ended and not self._reader.is_alive():
                raise RuntimeError(f"{self.name} ended before {pattern!r}:\n{self._tail()}")
            time.sleep(0.01)
        raise RuntimeError(f"{self.name} did not print {pattern!r} within {seconds:g} s:\n{self._tail()}")

    def _tail(self) -> str:
        return "\n".join(self.lines[-20:])

    def usage(self) -> Usage:
        """What it has used so far, its children included."""
        root = psutil.Process(self._process.pid)
        family = [root, *root.children(recursive=True)]
        spent = [process.cpu_times() for process in family]
        cpu_s = sum(times.user + times.system for times in spent)
        return Usage(time.monotonic(), cpu_s, sum(process.memory_info().rss for process in family))

    def wait(self, seconds: float) -> int:
        """Its exit code once it has ended by itself."""
        code = self._process.wait(seconds)
        self._reader.join(STOP_S)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def stop(self) -> int:
        """Ask it to end, and wait."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self.wait(STOP_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.wait(STOP_S)


def python(*arguments: str) -> tuple[str, ...]:
    """The command that runs a module with this interpreter."""
    return (sys.executable, "-m", *arguments)
