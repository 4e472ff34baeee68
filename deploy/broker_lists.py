"""Who may come in and what each may do there, in the words of each broker."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence

from deploy.mosquitto.make_acl import Account, for_mosquitto

SALT_BYTES = 12
MOSQUITTO_ROUNDS = 101
"""Those of mosquitto_passwd. They would be few for words people choose; ours are 32 random bytes."""

Lists = Callable[[Sequence[Account], Mapping[str, str], bytes], dict[str, str]]
"""Accounts, passwords by user, and what makes the salts this site's own -> files by name."""


def mosquitto(accounts: Sequence[Account], passwords: Mapping[str, str], site: bytes) -> dict[str, str]:
    """For mosquitto: its ``password_file`` and its ``acl_file``."""
    lines = []
    for user, password in passwords.items():
        salt = _salt(site, user)
        digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, MOSQUITTO_ROUNDS)
        lines.append(f"{user}:$7${MOSQUITTO_ROUNDS}${_text(salt)}${_text(digest)}\n")
    return {"passwords": "".join(lines), "acl": for_mosquitto(accounts)}


def emqx(accounts: Sequence[Account], passwords: Mapping[str, str], site: bytes) -> dict[str, str]:
    """For EMQX: its ``bootstrap_file`` (sha256, salt behind the password) and its ``acl.conf``."""
    users = ["user_id,password_hash,salt,is_superuser"]
    for user, password in passwords.items():
        salt = _salt(site, user).hex()
        users.append(f"{user},{hashlib.sha256((password + salt).encode()).hexdigest()},{salt},false")
    rights = [
        f'{{allow, {{username, "{account.name}"}}, {action}, {json.dumps(topics)}}}.'
        for account in accounts
        for action, topics in (("publish", account.writes), ("subscribe", account.reads))
    ]
    return {"users.csv": _lines(users), "acl.conf": _lines([*rights, "{deny, all}."])}


BROKERS: Mapping[str, Lists] = {"mosquitto": mosquitto, "emqx": emqx}


def _salt(site: bytes, user: str) -> bytes:
    """The same at every run, so that nothing changes unless something changed; another for every site."""
    return hashlib.sha256(site + user.encode()).digest()[:SALT_BYTES]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
