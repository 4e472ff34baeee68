"""What the gateway measured itself, beside the wire."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Observation:
    """What the gateway measured, of itself (domain `platform`) or of a station (domain `station`)."""

    station_id: str
    domain: str
    device: str
    fields: Mapping[str, float | bool]
