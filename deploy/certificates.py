"""The broker's certificate and the authority behind it, made with openssl 3."""

import subprocess
import tempfile
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

AUTHORITY_DAYS, BROKER_DAYS = 3650, 397


def make_authority(folder: Path) -> None:
    """Make ``ca.pem`` and ``ca.key``, which signs brokers' certificates and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    subject = ["-subj", "/CN=Yizhan broker authority", "-days", str(AUTHORITY_DAYS)]
    _openssl(folder / "ca", *subject, "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    (folder / "ca.pem").chmod(0o644)


def make_broker(authority: Path, hosts: Sequence[str]) -> tuple[str, str]:
    """Make a certificate for a broker of these names and addresses; return it and its key, both PEM."""
    names = ",".join(f"IP:{host}" if _is_address(host) else f"DNS:{host}" for host in hosts)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "server"
        _openssl(
            made,
            *["-CA", str(authority / "ca.pem"), "-CAkey", str(authority / "ca.key")],
            *["-subj", f"/CN={hosts[-1]}", "-addext", f"subjectAltName={names}", "-days", str(BROKER_DAYS)],
            *["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"],
        )
        return made.with_suffix(".pem").read_text("ascii"), made.with_suffix(".key").read_text("ascii")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _openssl(name: Path, *arguments: str) -> None:
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    files = ["-keyout", str(name.with_suffix(".key")), "-out", str(name.with_suffix(".pem"))]
    command = ["openssl", "req", "-x509", *key, *arguments, *files]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - no shell
    if done.returncode:
        raise ValueError(f"openssl made no certificate: {done.stderr.strip()}")
