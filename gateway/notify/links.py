"""Signed links by which a person acknowledges an alert from a message, without a login.

A token is base32 in lower case: whatever a phone does to capitals or to characters at the end of a line,
it still works. It holds the alert, the person, when it ends, and an HMAC-SHA256 over all of them, cut to
96 bits. Whether it has had its effect already is known to the alert's life, not to the token.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ulid import ULID

from gateway.errors import StartError

KEY_BYTES = 32
_FILE = "links.key"
_VERSION = b"\x01"
_ULID_BYTES, _EXPIRY_BYTES, _MAC_BYTES = 16, 4, 12
_PERSON_AT = len(_VERSION) + _ULID_BYTES + _EXPIRY_BYTES
_MOST_PERSON_BYTES = 64
_MOST_CHARACTERS = 8 * (_PERSON_AT + _MOST_PERSON_BYTES + _MAC_BYTES) // 5 + 1


class Unusable(StrEnum):
    """Why a token opens nothing."""

    BAD = "bad"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Link:
    """What a token says: who may acknowledge which alert, until when (ms UTC, whole seconds)."""

    alert_id: str
    person: str
    expires: int


class Links:
    """Makes and reads tokens with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, link: Link) -> str:
        """Return the token of a link; ValueError for a person's id of more than 64 bytes."""
        person = link.person.encode()
        if len(person) > _MOST_PERSON_BYTES:
            raise ValueError(f"{link.person!r} is too long for a link: at most {_MOST_PERSON_BYTES} bytes")
        expires = (link.expires // 1_000).to_bytes(_EXPIRY_BYTES, "big")
        told = _VERSION + ULID.from_str(link.alert_id).bytes + expires + person
        return base64.b32encode(told + self._mac(told)).decode().rstrip("=").lower()

    def url(self, public_url: str, link: Link) -> str:
        """Return the address of the page that acknowledges."""
        return f"{public_url.rstrip('/')}/a/{self.token(link)}"

    def verify(self, token: str, now: int) -> Link | Unusable:
        """Read a token; nothing of it is believed before its signature is right."""
        raw = _unpacked(token)
        if raw is None or not hmac.compare_digest(raw[-_MAC_BYTES:], self._mac(raw[:-_MAC_BYTES])):
            return Unusable.BAD
        alert_id = str(ULID.from_bytes(raw[1 : 1 + _ULID_BYTES]))
        expires = int.from_bytes(raw[1 + _ULID_BYTES : _PERSON_AT], "big") * 1_000
        if now >= expires:
            return Unusable.EXPIRED
        return Link(alert_id, raw[_PERSON_AT:-_MAC_BYTES].decode(), expires)

    def _mac(self, told: bytes) -> bytes:
        return hmac.digest(self._key, told, hashlib.sha256)[:_MAC_BYTES]


def _unpacked(token: str) -> bytes | None:
    if len(token) > _MOST_CHARACTERS or not token.isascii():
        return None
    try:
        raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except binascii.Error:
        return None
    return raw if raw[:1] == _VERSION and len(raw) >= _PERSON_AT + _MAC_BYTES else None


def load_key(data_dir: Path) -> bytes:
    """Return the key of this gateway's links, made at its first start; StartError when it is not usable.

    The file appears whole or not at all: a start that was killed must not leave half a key behind.
    """
    path = data_dir / _FILE
    try:
        if not path.exists():
            _write_key(path)
        key, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        raise StartError(f"{path}: the key of acknowledge links: {error.strerror}") from error
    if len(key) != KEY_BYTES:
        raise StartError(
            f"{path}: {len(key)} bytes are no key of acknowledge links; remove the file for a new one"
        )
    if mode & 0o077:
        raise StartError(f"{path}: others can read the key of acknowledge links: chmod 600 it, or remove it")
    return key


def _write_key(path: Path) -> None:
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
