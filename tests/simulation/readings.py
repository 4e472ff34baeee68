"""The readings of the simulation: each is a number of its own, one to a frame."""

from typing import Any

import orjson

from wire.verdicts import Decoded

BROKEN, NEWER = 1_000_000, 2_000_000
"""Readings from these numbers on travel in frames with a broken envelope, or of a version yet unknown."""


def body(token: int, now_ms: int) -> bytes:
    """Return what an outbox keeps of this reading."""
    return orjson.dumps({"occupancy": [{"device": "front-door", "ts": now_ms, "people_in_total": token}]})


def disguised(payload: bytes, frame: dict[str, Any]) -> bytes:
    """Return the payload of ``frame`` as it travels: its envelope broken, or newer, where it has to be."""
    token = frame["readings"]["occupancy"][0]["people_in_total"]
    if token >= NEWER:
        return payload.replace(b'"v":1', b'"v":2', 1)
    return payload.replace(b'"class":"', b'"class":"un', 1) if token >= BROKEN else payload


def token_in(decoded: Decoded) -> int:
    """Return the number that arrived."""
    return int(str(decoded.readings[0][2]["people_in_total"]))
