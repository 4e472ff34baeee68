"""Make every secret of a deployment: the authority, the broker's certificate, passwords and tokens.

    python3 -m deploy.make_secrets --stations deploy/stations.yaml --host gateway.example.org

Needs Python 3.11, PyYAML and openssl 3; run it from the top of the tree, as root. Run it again whenever a
station is added: a secret that exists stays as it is, and only the broker's lists follow the stations. To
have one made anew, delete its file first; for the broker's certificate say ``--renew``.
"""

import argparse
import hashlib
import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from deploy.broker_lists import BROKERS
from deploy.certificates import make_authority, make_broker
from deploy.mosquitto.make_acl import accounts

BESIDE = ("broker", "localhost", "127.0.0.1")
"""Names of the broker for those beside it: its service in compose.yaml, and the same machine."""
READERS: Mapping[str, Mapping[str, int | str]] = {
    "containers": {
        "mosquitto": 1883,
        "emqx": 1000,
        "influxdb": 1000,
        "grafana": 472,
        "gateway": 10001,
        "fleet": 10001,
    },
    "debian": {"mosquitto": "mosquitto"},
}
"""Which user reads a folder's files. Compose hands a file over with the owner it has outside; systemd reads
as root and hands over copies."""


def main() -> None:
    """Make what is missing; exit 1 with one sentence when it cannot."""
    wanted = _arguments()
    os.umask(0o077)
    try:
        _make(wanted)
        _hand_over(wanted.into, READERS[wanted.to])
    except (OSError, LookupError, ValueError, yaml.YAMLError) as error:
        sys.exit(f"make_secrets: {error}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m deploy.make_secrets")
    parser.add_argument("--stations", type=Path, required=True, help="stations.yaml")
    parser.add_argument("--host", action="append", default=[], help="name or address stations reach us by")
    parser.add_argument("--into", type=Path, default=Path(__file__).parent / "secrets", help="folder")
    parser.add_argument("--broker", choices=sorted(BROKERS), default="mosquitto")
    parser.add_argument("--to", choices=sorted(READERS), default="containers", help="who reads them")
    parser.add_argument("--simulation", action="store_true", help="let the simulated fleet in")
    parser.add_argument("--renew", action="store_true", help="make the broker's certificate anew")
    return parser.parse_args()


def _make(wanted: argparse.Namespace) -> None:
    into, broker = wanted.into, wanted.into / wanted.broker
    known = accounts(wanted.stations)
    if not (into / "ca" / "ca.pem").exists():
        make_authority(into / "ca")
    if wanted.renew or not (broker / "certs" / "server.pem").exists():
        if not wanted.host:
            raise ValueError("say with --host by which name or address stations reach the broker")
        certificate, key = make_broker(into / "ca", [*BESIDE, *wanted.host])
        _write(broker / "certs" / "server.pem", certificate)
        _write(broker / "certs" / "server.key", key)
    authority = (into / "ca" / "ca.pem").read_text("ascii")
    _write(broker / "certs" / "ca.pem", authority)
    users = [account.name for account in known if account.name != "fleet" or wanted.simulation]
    passwords = {user: _secret(into / _place(user)) for user in users}
    for name, text in BROKERS[wanted.broker](known, passwords, authority.encode()).items():
        _write(broker / name, text)
    if wanted.broker == "emqx":
        _secret(broker / "cookie")
    _make_tokens(into)


def _make_tokens(into: Path) -> None:
    ours = {"admin": into / "people" / "admin_token", "backup": into / "gateway" / "backup_token"}
    tokens = into / "gateway" / "tokens.yaml"
    if not tokens.exists():  # people's tokens are added to it by hand
        digests = {name: hashlib.sha256(_secret(path).encode()).hexdigest() for name, path in ours.items()}
        lines = [f"- {{name: {name}, sha256: {digest}, role: admin}}\n" for name, digest in digests.items()]
        _write(tokens, "".join(lines))
    for password in ("grafana/admin_password", "influxdb/admin_password"):
        _secret(into / password)
    token = _secret(into / "influxdb" / "token")
    for reader in ("gateway", "grafana"):
        if not (into / reader / "influxdb_token").exists():  # Grafana's is exchanged for one that only reads
            _write(into / reader / "influxdb_token", token)


def _place(user: str) -> str:
    return f"{user}/broker_password" if user in {"gateway", "fleet"} else f"stations/{user}"


def _secret(path: Path) -> str:
    """Return what the file holds; 32 random bytes when there was none."""
    if not path.exists():
        _write(path, secrets.token_hex(32))
        sys.stdout.write(f"made {path}\n")
    return path.read_text("utf-8").strip()


def _write(path: Path, text: str) -> None:
    """Write in place: a running container goes on seeing the file it was started with, not its successor."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _hand_over(into: Path, readers: Mapping[str, int | str]) -> None:
    if os.geteuid() != 0:
        sys.stderr.write(f"make_secrets: not run as root, so only you can read {into}\n")
        return
    for folder, user in readers.items():
        for path in (into / folder).rglob("*"):
            shutil.chown(path, user, user)


if __name__ == "__main__":
    main()
