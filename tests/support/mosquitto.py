"""The real broker, one process per test, that can be killed, restarted and paused."""

import getpass
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.certificates import Certificates
from tests.support.ports import free_port, is_open
from tests.support.waiting import until_sync

EXECUTABLE = shutil.which("mosquitto") or "/usr/sbin/mosquitto"

# The limits the shipped configuration sets: none on the number of messages, one on their bytes.
LIMITS = ("max_queued_messages 0", "max_queued_bytes 268435456", "max_inflight_messages 0")


class Mosquitto:
    """A mosquitto on a free port of 127.0.0.1; keeps its port and its disk over restarts.

    ``users`` maps user names to passwords (without it everybody may connect); ``acl`` is the text of an
    access list; ``certificates`` turns the listener into TLS; ``lines`` are appended to the configuration.
    """

    def __init__(
        self,
        directory: Path,
        *,
        users: Mapping[str, str] | None = None,
        acl: str | None = None,
        certificates: Certificates | None = None,
        lines: tuple[str, ...] = LIMITS,
    ) -> None:
        self.directory = directory
        self.port = free_port()
        self._scheme = "mqtts" if certificates else "mqtt"
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        # Started by root it would become the user mosquitto, who may not read pytest's directories.
        settings = [f"user {getpass.getuser()}", f"listener {self.port} 127.0.0.1"]
        settings += [*_who(directory, users), *_may(directory, acl)]
        settings += certificates.settings() if certificates else []
        self._configuration = directory / "mosquitto.conf"
        self._configuration.write_text("\n".join([*settings, *lines, ""]))

    @property
    def url(self) -> str:
        """The address as settings spell it."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Everything the broker has said so far."""
        return (self.directory / "mosquitto.log").read_text()

    def start(self) -> None:
        """Start it and return once it accepts connections."""
        with (self.directory / "mosquitto.log").open("ab") as log:
            process = subprocess.Popen(
                [EXECUTABLE, "-c", str(self._configuration)], stdout=log, stderr=subprocess.STDOUT
            )
        self._process = process
        until_sync(
            lambda: process.poll() is not None or is_open(self.port), what="mosquitto accepting connections"
        )
        if process.poll() is not None:
            self._process = None
            raise RuntimeError(f"mosquitto did not start: {self.log}")

    def stop(self) -> None:
        """Let it end by itself."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill it and start it again on the same port."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Freeze it: its sockets stay open and nothing answers."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Thaw it."""
        self._running().send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("this mosquitto is not running")
        return self._process

    def _end(self, how: signal.Signals) -> None:
        process = self._running()
        process.send_signal(how)
        process.wait(10)
        self._process = None


def _who(directory: Path, users: Mapping[str, str] | None) -> list[str]:
    if users is None:
        return ["allow_anonymous true"]
    passwords = directory / "passwords"
    passwords.write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
    subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True)  # noqa: S607 - Debian's own
    passwords.chmod(0o644)
    return ["allow_anonymous false", f"password_file {passwords}"]


def _may(directory: Path, acl: str | None) -> list[str]:
    if acl is None:
        return []
    access = directory / "access"
    access.write_text(acl)
    return [f"acl_file {access}"]
