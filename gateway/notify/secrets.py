"""Secrets in settings, and how they are kept out of what is logged."""

from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, SecretStr

from gateway.domain.secrets import Secret, read_secret

__all__ = ["MASK", "Address", "RobotAddress", "Secret", "masked", "parts_of"]

MASK = "(secret)"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_SHORTEST = 6


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


Address = Annotated[SecretStr, AfterValidator(read_secret), AfterValidator(_check_address)]
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
