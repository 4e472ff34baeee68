"""The demo's processes: started in the background, heard line by line, ended for certain."""

import queue
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import IO

LAST_WORDS = 12
STOP_S = 12.0
LISTEN_S = 0.2


class ChildEndedError(Exception):
    """A process ended although it was needed; the message holds its last words."""


class StoppedError(Exception):
    """We were told to stop while waiting."""


class Child:
    """One of our programs as a process; its lines go to a log file and to whoever asks for them.

    Its own session: Ctrl-C reaches the demo alone, which then ends everything in order.
    """

    def __init__(self, name: str, arguments: list[str], log: Path, request: str = "") -> None:
        """Start ``python -m <arguments>``; ``request`` is its standard input, left open behind it."""
        self.name = name
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._last: deque[str] = deque(maxlen=LAST_WORDS)
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self._stdin, stdout = _pipes(self._process)
        self._reader = threading.Thread(target=self._read, args=(stdout, log), name=f"hear-{name}")
        self._reader.start()
        if request:
            self._stdin.write(request + "\n")
            self._stdin.flush()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def heard(self) -> list[str]:
        """The lines it has said since the last time; ChildEndedError once there are no more to come."""
        lines: list[str] = []
        while not self._lines.empty():
            line = self._lines.get()
            if line is None:
                self._lines.put(None)
                if lines:
                    break
                self._raise_ended()
            else:
                lines.append(line)
        return lines

    def wait_for(self, beginning: str, seconds: float, stopping: threading.Event) -> str:
        """The first line that begins so; ChildEndedError without it, StoppedError when told to stop."""
        waited = 0.0
        while not stopping.is_set():
            try:
                line = self._lines.get(timeout=LISTEN_S)
            except queue.Empty:
                waited += LISTEN_S
                if waited > seconds:
                    raise ChildEndedError(
                        f"{self.name} did not say {beginning!r} within {seconds:.0f} s: {self._words()}"
                    ) from None
                continue
            if line is None:
                self._lines.put(None)
                self._raise_ended()
            elif line.startswith(beginning):
                return line
        raise StoppedError

    def ask_to_stop(self) -> None:
        """SIGTERM; ``join`` waits for the end."""
        if self.running:
            self._process.terminate()

    def join(self, seconds: float = STOP_S) -> None:
        """Wait for its end; kill it when that takes too long."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._stdin.close()

    def _read(self, stdout: IO[str], log: Path) -> None:
        with log.open("a", encoding="utf-8") as file, stdout:
            for line in stdout:
                file.write(line)
                file.flush()
                self._last.append(line.rstrip("\n"))
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _words(self) -> str:
        return "\n".join(self._last) or "(nothing)"

    def _raise_ended(self) -> None:
        self._process.wait()
        raise ChildEndedError(
            f"{self.name} ended with {self._process.returncode}; its last words:\n{self._words()}"
        )


def _pipes(process: "subprocess.Popen[str]") -> tuple[IO[str], IO[str]]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a child is always started with pipes")
    return process.stdin, process.stdout
