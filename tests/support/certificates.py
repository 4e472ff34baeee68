"""A certificate authority that lives as long as one test."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Certificates:
    """Files of an authority and of a server called 127.0.0.1 that it vouches for."""

    ca: Path
    cert: Path
    key: Path

    def settings(self) -> list[str]:
        """Lines of a mosquitto configuration."""
        return [f"cafile {self.ca}", f"certfile {self.cert}", f"keyfile {self.key}"]

    @classmethod
    def make(cls, directory: Path) -> Self:
        """Make both with openssl, valid for a day."""
        directory.mkdir(parents=True, exist_ok=True)
        made = cls(ca=directory / "ca.pem", cert=directory / "server.pem", key=directory / "server.key")
        authority_key = directory / "ca.key"
        _openssl(
            *["req", "-x509", "-subj", "/CN=test authority", "-days", "1"],
            *_new_key(authority_key),
            *["-out", str(made.ca)],
        )
        _openssl(
            *["req", "-x509", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
            *["-days", "1", "-CA", str(made.ca), "-CAkey", str(authority_key)],
            *["-addext", "basicConstraints=critical,CA:FALSE"],
            *_new_key(made.key),
            *["-out", str(made.cert)],
        )
        made.key.chmod(0o644)
        return made


def _new_key(path: Path) -> list[str]:
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", str(path)]


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)  # noqa: S607 - Debian's own
