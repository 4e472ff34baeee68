"""What the gateway says to stations, read into values; anything malformed is counted and left."""

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


def read_ack(payload: bytes) -> Ack | None:
    """The acknowledgement, or None when it is not one."""
    try:
        said = orjson.loads(payload)
        return Ack(said["gateway"], said["stream"], said["received"], int(said["credit"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def read_command(payload: bytes) -> Command | None:
    """The command, or None when it is not one."""
    try:
        said = orjson.loads(payload)
        args = said.get("args") or {}
        return Command(
            said["gateway"], said["id"], said["name"], args.get("stream", ""), args.get("ranges", [])
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None


def read_claim(payload: bytes) -> tuple[str, list[str]] | None:
    """The gateway that claims the region and those it replaces, or None when it is no claim."""
    try:
        said = orjson.loads(payload)
        return said["gateway"], list(said["replaces"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
