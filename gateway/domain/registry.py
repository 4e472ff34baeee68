"""`stations.yaml`: what is decided about a station, as far as it does not say it itself."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import ErrorDetails

from gateway.errors import SettingsError
from wire.topics import DEVICE_PATTERN, REGION_PATTERN, STATION_ID_PATTERN

DEFAULT_TZ = "Asia/Shanghai"
Profile = Literal["urban_kiosk", "urban_standard", "public_hall", "trucker_home"]
CAPACITY: Mapping[str, int] = {
    "urban_kiosk": 6,
    "urban_standard": 20,
    "public_hall": 40,
    "trucker_home": 60,
}
"""Persons, by profile (archetypes of the trade)."""

Role = Literal[
    # facilities of a rest station
    "seating", "water_dispenser", "microwave", "fridge", "charge_locker", "socket", "shower", "washer",
    "dryer", "reading", "wifi", "hvac", "medicine", "aed", "umbrella", "toilet", "kiosk", "vending",
    "printer", "hairdryer", "tool_box", "tyre_pump", "health_station", "ebike_charge", "battery_swap",
    "truck_parking", "mother_room", "meal", "legal_aid", "panic_button", "fire", "camera", "remote_power",
    # measuring points that are none
    "door", "main_meter", "wet_circuit", "socket_circuit", "hot_tank", "shower_mix",
]  # fmt: skip
_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)"
_SPAN = f"(?:{_DAY}(?:-{_DAY})?|workday|dayoff)"
_DAYS = re.compile(f"{_SPAN}(?:,{_SPAN})*")
_CLOCK = re.compile("(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def check_zone(name: str) -> str:
    """Return the name of a time zone; ValueError when there is none of that name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"no time zone is called {name!r}; write one like {DEFAULT_TZ}") from None
    return name


def _check_days(days: str) -> str:
    if not _DAYS.fullmatch(days):
        raise ValueError("write days like mon-sun, or mon,wed,sat-sun, or workday, or dayoff")
    return days


def _check_clock(value: object) -> object:
    # YAML 1.1 reads a bare 24:00 as the number 1440.
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise ValueError('write a time of day in quotes, "00:00" to "24:00"')
    return value


ClockTime = Annotated[str, BeforeValidator(_check_clock)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Name(_Strict):
    """What people call a station."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class OpenHours(_Strict):
    """When a station is open, in its own time zone; ``to`` at or before ``from`` is of the next day.

    `workday` and `dayoff` follow the calendar with its holidays and swapped working days.
    """

    days: Annotated[str, AfterValidator(_check_days)]
    from_: ClockTime = Field(alias="from")
    to: ClockTime


class DeviceSpec(_Strict):
    """What a measuring point is there for, and the limits that hold for it."""

    role: Role | None = None
    zone: str | None = Field(default=None, pattern=DEVICE_PATTERN)
    limits: dict[str, float] = Field(default_factory=dict)


class StationSpec(_Strict):
    """One entry of `stations.yaml`; ``capacity`` in persons, ``lat`` and ``lon`` in degrees (WGS 84)."""

    station_id: str = Field(pattern=STATION_ID_PATTERN)
    region: str = Field(pattern=REGION_PATTERN)
    name: Name | None = None
    profile: Profile | None = None
    capacity: int | None = Field(default=None, ge=1, le=10_000)
    tz: Annotated[str, AfterValidator(check_zone)] = DEFAULT_TZ
    lat: float | None = Field(default=None, ge=-90, le=90)
    lon: float | None = Field(default=None, ge=-180, le=180)
    open: list[OpenHours] = Field(default_factory=list)
    tariff: JsonValue = None
    devices: dict[Annotated[str, Field(pattern=DEVICE_PATTERN)], DeviceSpec] = Field(default_factory=dict)

    @property
    def persons(self) -> int | None:
        """The capacity: as written, else as usual for the profile."""
        return self.capacity or (CAPACITY[self.profile] if self.profile else None)


class Registry:
    """The entries of `stations.yaml` by station_id; every station not in it has the defaults."""

    def __init__(self, specs: Iterable[StationSpec] = ()) -> None:
        self._specs = {spec.station_id: spec for spec in specs}

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; SettingsError with ``file:line`` for each thing wrong in it."""
        try:
            text = path.read_text(encoding="utf-8")
            root = yaml.compose(text, yaml.SafeLoader)
            content = yaml.safe_load(text)
        except OSError as error:
            raise SettingsError(f"{path}: {error.strerror}") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: not YAML: {error}") from None
        if root is None:
            return cls()
        faults = [*_repeated_keys(root), *_faults(content, root)]
        if faults:
            raise SettingsError("\n".join(f"{path}:{line}: {fault}" for line, fault in sorted(faults)))
        return cls(_SPECS.validate_python(content))

    def __iter__(self) -> Iterator[StationSpec]:
        return iter(self._specs.values())

    def __len__(self) -> int:
        return len(self._specs)

    def __contains__(self, station_id: object) -> bool:
        return station_id in self._specs

    def get(self, station_id: str) -> StationSpec | None:
        """Return the entry of a station, or None."""
        return self._specs.get(station_id)

    def name(self, station_id: str) -> dict[str, str]:
        """Return the name in zh and en: the id where none is given."""
        spec = self._specs.get(station_id)
        if spec is None or spec.name is None:
            return {"zh": station_id, "en": station_id}
        return {"zh": spec.name.zh, "en": spec.name.en}

    def tz(self, station_id: str) -> str:
        """Return the IANA name of a station's time zone."""
        spec = self._specs.get(station_id)
        return spec.tz if spec else DEFAULT_TZ


_SPECS = TypeAdapter(list[StationSpec])
Fault = tuple[int, str]
"""A line, counted from 1, and what is wrong there."""


def _faults(content: object, root: yaml.Node) -> Iterator[Fault]:
    try:
        specs = _SPECS.validate_python(content)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            yield _line(root, detail["loc"]), _sentence(detail)
        return
    for station_id, times in Counter(spec.station_id for spec in specs).items():
        if times > 1:
            last = max(n for n, spec in enumerate(specs) if spec.station_id == station_id)
            yield _line(root, (last,)), f"station_id {station_id} is there {times} times"


def _sentence(detail: ErrorDetails) -> str:
    if not detail["loc"]:
        return "the file is a list: begin each station with '- station_id: ...'"
    field = ".".join(str(part) for part in detail["loc"][1:]) or "the entry"
    if detail["type"] == "extra_forbidden":
        return f"{field}: there is no such key; take it out or mend its spelling"
    return f"{field}: {detail['msg'].removeprefix('Value error, ')}"


def _line(root: yaml.Node, loc: tuple[int | str, ...]) -> int:
    """Return the line of the deepest node that ``loc`` leads to."""
    node = root
    for part in loc:
        below = _child(node, part)
        if below is None:
            break
        node = below
    return int(node.start_mark.line) + 1


def _child(node: yaml.Node, part: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return cast("yaml.Node", node.value[part])
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    return None


def _repeated_keys(node: yaml.Node) -> Iterator[Fault]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated_keys(item)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield int(key.start_mark.line) + 1, f"{key.value}: the key is there twice"
            seen.add(key.value)
            yield from _repeated_keys(value)
