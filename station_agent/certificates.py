"""Until when the certificates are valid that a station holds itself."""

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

_BLOCK = re.compile(f"{ssl.PEM_HEADER}.*?{ssl.PEM_FOOTER}", re.DOTALL)
_SEQUENCE = 0x30
_TIMES = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}
"""UTCTime and GeneralizedTime as RFC 5280 (4.1.2.5) has them in certificates."""


def valid_until_ms(cert: Path | None, ca: Path | None) -> int | None:
    """Return until when (ms since the epoch) the station can prove who it is and know its broker.

    That is the end of its own certificate, the first in its file, or of the last authority it trusts,
    whichever comes first; None when no file says. The broker's certificate is the broker's to watch.
    """
    own = _ends_ms(cert)[:1] if cert else []
    authorities = _ends_ms(ca) if ca else []
    return min([*own, max(authorities)] if authorities else own, default=None)


def _ends_ms(path: Path) -> list[int]:
    """Return until when each certificate of a PEM file is valid; nothing when it cannot be read."""
    try:
        blocks = _BLOCK.findall(path.read_text("utf-8", "replace"))
        return [_end_ms(ssl.PEM_cert_to_DER_cert(block)) for block in blocks]
    except (OSError, ValueError, LookupError):
        return []


def _end_ms(der: bytes) -> int:
    """Return ``notAfter`` of a certificate; its ``validity`` is the one sequence that begins with a time.

    The standard library tells it of no file, and of a broker only once its handshake went well.
    """
    (_, certificate), *_ = _values(der)
    (_, signed), *_ = _values(certificate)
    for kind, part in _values(signed):
        if kind == _SEQUENCE and part[0] in _TIMES:  # a serial number may begin with the same byte
            _, (tag, time) = _values(part)
            end = datetime.strptime(time.decode("ascii"), _TIMES[tag]).replace(tzinfo=UTC)
            return int(end.timestamp()) * 1000
    raise ValueError("a certificate without an end")


def _values(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each value of a DER sequence (X.690, 8.1)."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            octets = length & 0x7F
            length, at = int.from_bytes(der[at : at + octets], "big"), at + octets
        yield tag, der[at : at + length]
        at += length
