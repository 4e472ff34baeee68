"""Names that follow from what they name, so that a run repeated is the same run."""

import hashlib

from ulid import ULID


def ulid_of(what: str, at_ms: int) -> str:
    """The ULID of something that came to be at a time: the same at every run."""
    return str(ULID.from_bytes(at_ms.to_bytes(6, "big") + hashlib.sha256(what.encode()).digest()[:10]))
