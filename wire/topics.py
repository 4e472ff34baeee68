"""The one place that spells topics and identifiers."""

import re
from dataclasses import dataclass
from enum import StrEnum

REGION_PATTERN = "^[a-z0-9][a-z0-9-]{0,31}$"
STATION_ID_PATTERN = "^[a-z0-9][a-z0-9-]{0,62}$"
DEVICE_PATTERN = "^[a-z0-9][a-z0-9.-]{0,62}$"
ULID_PATTERN = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
SUBJECT_REF_PATTERN = "^[a-z2-7]{16}$"
"""Patterns in the dialect shared by JSON Schema and Python; in Python use ``re.fullmatch``, since
``$`` alone lets a trailing newline pass."""

_REGION = re.compile(REGION_PATTERN)
_STATION_ID = re.compile(STATION_ID_PATTERN)
_ANY = "+"
_CLAIMS = "gateways"


class Channel(StrEnum):
    """The last level of a station's topic: who speaks, and of what."""

    TELEMETRY = "telemetry"
    BACKLOG = "backlog"
    STATUS = "status"
    RESULT = "result"
    ACK = "ack"
    CONFIG = "config"
    COMMAND = "command"


_CHANNELS: dict[str, Channel] = {channel.value: channel for channel in Channel}


@dataclass(frozen=True, slots=True)
class Address:
    """What a station's topic says."""

    region: str
    station_id: str
    channel: Channel


@dataclass(frozen=True)
class Topics:
    """Builds and parses topics under one root (``stations`` unless configured otherwise)."""

    root: str = "stations"

    def of(self, region: str, station_id: str, channel: Channel) -> str:
        """Return the topic of one channel of one station; ValueError for a malformed id."""
        _check(_REGION, region, "region")
        _check(_STATION_ID, station_id, "station_id")
        return f"{self.root}/{region}/{station_id}/{channel}"

    def every(self, region: str, channel: Channel) -> str:
        """Return the filter for one channel of every station of a region, or of all with ``+``."""
        if region != _ANY:
            _check(_REGION, region, "region")
        return f"{self.root}/{region}/+/{channel}"

    def parse(self, topic: str) -> Address | None:
        """Read a station's topic; None for any other topic and for malformed ids."""
        prefix, _, rest = topic.partition(self.root + "/")
        levels = rest.split("/")
        if prefix or len(levels) != 3:  # noqa: PLR2004 - region, station, channel
            return None
        region, station_id, word = levels
        channel = _CHANNELS.get(word)
        if channel is None or not _REGION.fullmatch(region) or not _STATION_ID.fullmatch(station_id):
            return None
        return Address(region, station_id, channel)

    def claim(self, region: str) -> str:
        """Return the topic of a region's claim, or its filter for all regions with ``+``."""
        if region != _ANY:
            _check(_REGION, region, "region")
        return f"{_CLAIMS}/{region}"

    @staticmethod
    def preflight(gateway: str) -> str:
        """Return the topic on which one gateway tries out its broker; nobody else's filter matches it."""
        return f"{_CLAIMS}/_preflight/{gateway}"

    def parse_claim(self, topic: str) -> str | None:
        """Return the region a claim's topic names; None for any other topic."""
        head, _, region = topic.partition("/")
        return region if head == _CLAIMS and _REGION.fullmatch(region) else None


def _check(pattern: re.Pattern[str], value: str, name: str) -> None:
    if not pattern.fullmatch(value):
        message = f"{name} {value!r} does not match {pattern.pattern}"
        raise ValueError(message)
