"""Credentials become opaque references before anything touches the disk or a log (PIPL art. 6, 28).

``subject_ref = lower(base32(HMAC-SHA256(month_key, kind || id)))[:16]``, after the catalogue, 6.2. The key
is 256 random bits made on this box each month and overwritten when the month ends: telephone and card
numbers can be enumerated, so a stolen box must not reveal past months.
"""

import base64
import hashlib
import hmac
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

KEY_BYTES = 32
_MONTH_BYTES = 7
_CHECK_BYTES = 8


class Pseudonyms:
    """Keeps the key of one month, that of the UTC calendar, in a file only this user can read."""

    def __init__(self, path: Path) -> None:
        """Read the key, if there is a whole one."""
        self._path = path
        self._month, self._key = _read(path)

    def roll(self, now_ms: int, *, clock_set: bool = True) -> bool:
        """Overwrite the key if its month is not that of ``now_ms``; True when there is a new one.

        A clock that is not set ends no month.
        """
        month = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m")
        if month == self._month or (self._month and not clock_set):
            return False
        self._month, self._key = month, secrets.token_bytes(KEY_BYTES)
        _overwrite(self._path, month.encode() + self._key)
        return True

    def subject_ref(self, kind: str, identifier: str) -> str:
        """Return the reference of a credential; the same one all month long, on this box only."""
        digest = hmac.digest(self._key, (kind + identifier).encode(), hashlib.sha256)
        return base64.b32encode(digest).decode().lower()[:16]


def _read(path: Path) -> tuple[str, bytes]:
    record = path.read_bytes() if path.exists() else b""
    content, check = record[:-_CHECK_BYTES], record[-_CHECK_BYTES:]
    if len(content) != _MONTH_BYTES + KEY_BYTES or _checksum(content) != check:
        return "", secrets.token_bytes(KEY_BYTES)
    return content[:_MONTH_BYTES].decode(), content[_MONTH_BYTES:]


def _overwrite(path: Path, content: bytes) -> None:
    """Write over the same bytes of the same file: a new file would leave the old key on the disk."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        file.write(content + _checksum(content))
        file.flush()
        os.fsync(file.fileno())


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:_CHECK_BYTES]
