"""Secrets in settings, and how they are kept out of what is logged."""

from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, SecretStr

MASK = "(secret)"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_SHORTEST = 6


def _read(secret: SecretStr) -> SecretStr:
    """Replace the path of a file by what the file holds."""
    if not secret.get_secret_value().startswith(("/", "./")):
        return secret
    path = Path(secret.get_secret_value())
    try:
        held = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from None
    if not held:
        raise ValueError(f"{path}: the file is empty")
    return SecretStr(held)


def _check_address(secret: SecretStr) -> SecretStr:
    if urlsplit(secret.get_secret_value()).scheme not in {"http", "https"}:
        raise ValueError(
            "write the whole address, beginning with https://, or the path of a file that holds it"
        )
    return secret


def _check_guarded(secret: SecretStr) -> SecretStr:
    parts = urlsplit(secret.get_secret_value())
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError("http:// would show the robot's key to everybody on the way: write https://")
    return secret


Secret = Annotated[SecretStr, AfterValidator(_read)]
"""A secret, or the path of a file that holds it."""

Address = Annotated[SecretStr, AfterValidator(_read), AfterValidator(_check_address)]
"""An http(s) address that is secret as a whole, or the path of a file that holds it."""

RobotAddress = Annotated[Address, AfterValidator(_check_guarded)]
"""The address of a robot, key and all: https, or this machine."""


def parts_of(address: str) -> tuple[str, ...]:
    """Return what of an address nobody may see: user, password, values of its query, end of its path."""
    parts = urlsplit(address)
    hidden = [value for _, value in parse_qsl(parts.query)]
    hidden += [parts.username or "", parts.password or "", parts.path.rpartition("/")[2]]
    return tuple(hidden)


def masked(text: str, secrets: tuple[str, ...], characters: int = 200) -> str:
    """Return a text from outside, as it may be logged: without secrets, in one line, of bounded length."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, MASK)
    return " ".join(text.split())[:characters]
