"""Device families by the name they have in the settings."""

from collections.abc import Callable, Mapping
from typing import Any

from station_agent.drivers.driver import Driver
from station_agent.drivers.jsonl import JsonlDriver, JsonlSettings
from station_agent.drivers.settings import DeviceSettings

FAMILIES: Mapping[str, tuple[type[DeviceSettings], Callable[[Any], Driver]]] = {
    "jsonl": (JsonlSettings, JsonlDriver),
}


def open_driver(settings: DeviceSettings) -> Driver:
    """Return the driver of one entry under ``devices``."""
    return FAMILIES[settings.driver][1](settings)


def parse_device(entry: object) -> DeviceSettings:
    """Check one entry under ``devices`` against the settings of its driver; ValueError says what is wrong."""
    if isinstance(entry, DeviceSettings):
        return entry
    driver = entry.get("driver") if isinstance(entry, dict) else None
    if not isinstance(driver, str) or driver not in FAMILIES:
        raise ValueError(f"driver: this version has {', '.join(FAMILIES)}, not {driver!r}")
    return FAMILIES[driver][0].model_validate(entry)
