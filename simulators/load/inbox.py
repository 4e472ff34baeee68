"""What the gateway says to stations, read into values; None for anything malformed."""

from collections.abc import Iterable
from typing import NamedTuple

import orjson


class Ack(NamedTuple):
    """An acknowledgement: which numbers of ``stream`` are durable."""

    gateway: str
    stream: str
    received: list[tuple[int, int]]
    credit: int


class Command(NamedTuple):
    """A command; of ``resend`` also the stream and the ranges asked for."""

    gateway: str
    id: str
    name: str
    stream: str
    ranges: list[tuple[int, int]]


def _ranges(said: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(int(first), int(last)) for first, last in said]


def read_ack(payload: bytes) -> Ack | None:
    """The acknowledgement, or None when it is not one."""
    try:
        said = orjson.loads(payload)
        return Ack(said["gateway"], said["stream"], _ranges(said["received"]), int(said["credit"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def read_command(payload: bytes) -> Command | None:
    """The command, or None when it is not one."""
    try:
        said = orjson.loads(payload)
        args = said.get("args") or {}
        stream, ranges = str(args.get("stream", "")), _ranges(args.get("ranges", []))
        return Command(said["gateway"], said["id"], str(said["name"]), stream, ranges)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None


def read_claim(payload: bytes) -> tuple[str, list[str]] | None:
    """The gateway that claims the region and those it replaces, or None when it is no claim."""
    try:
        said = orjson.loads(payload)
        return said["gateway"], list(said["replaces"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
