"""The gateway's settings: one YAML file, then environment `YIZHAN_…`; unknown keys refused in both."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from gateway.alerting.response.settings import CONSOLE, AlertSettings, OnCallSettings
from gateway.api.settings import HttpSettings
from gateway.domain.retention import RetentionSettings
from gateway.errors import SettingsError
from gateway.ingest.acknowledging import AckSettings
from gateway.ingest.pipeline import IngestSettings
from gateway.ingest.subscriber import BrokerSettings
from gateway.notify.channels import Channels
from gateway.queries.reports.visit_hours import ReportSettings
from gateway.timeseries.mirror.settings import MirrorSettings
from wire.topics import REGION_PATTERN

PREFIX = "YIZHAN_"
TOKENS = frozenset({"YIZHAN_REPLAY_TOKEN", "YIZHAN_BACKUP_TOKEN"})
"""What commands say to a running gateway: no settings of it."""


class StationsSettings(BaseModel):
    """Which stations there are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Path | None = Field(
        None, description="`stations.yaml`: names, capacity, roles of devices; it may be absent."
    )
    accept_unknown: bool = Field(default=True, description="Take stations that the file does not name.")


class RulesSettings(BaseModel):
    """Which alert rules there are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dir: Path | None = Field(
        None,
        description="Rule files over the built-in catalogue: other numbers, own rules, some switched off.",
    )


class Settings(BaseModel):
    """Everything a gateway can be told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data_dir: Path = Field(Path("./data"), description="Where the stores are; one gateway owns it.")
    broker: BrokerSettings = Field(description="The MQTT broker.")
    http: HttpSettings = Field(default_factory=HttpSettings, description="Pages and API.")
    regions: tuple[str, ...] = Field(("+",), min_length=1, description="Regions to serve; `+` for all.")
    topic_root: str = Field(
        "stations", pattern="^[a-z0-9][a-z0-9-]*$", description="First level of every topic."
    )
    stations: StationsSettings = Field(
        default_factory=StationsSettings, description="The register of stations."
    )
    ack: AckSettings = Field(default_factory=AckSettings, description="When stations are acknowledged.")
    ingest: IngestSettings = Field(default_factory=IngestSettings, description="Ticks and commits.")
    rules: RulesSettings = Field(default_factory=RulesSettings, description="The alert rules.")
    mirror: MirrorSettings = Field(
        default_factory=MirrorSettings, description="Copies of the store for other programs."
    )
    reports: ReportSettings = Field(default_factory=ReportSettings, description="What unions report.")
    retention: RetentionSettings = Field(
        default_factory=RetentionSettings, description="How long each class of data is kept."
    )
    alerts: AlertSettings = Field(default_factory=AlertSettings, description="How alerts live.")
    channels: Channels = Field(default_factory=dict, description="Ways to reach people, by name.")
    on_call: OnCallSettings | None = Field(
        None, description="Who is told of alerts; without it messages go to the console log."
    )

    @field_validator("regions")
    @classmethod
    def _known_form(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        for region in regions:
            if region != "+" and not re.fullmatch(REGION_PATTERN, region):
                raise ValueError(
                    f"{region!r} is no region: lower-case letters, digits and hyphens, at most 32"
                )
        return regions

    @model_validator(mode="after")
    def _channels_are_there(self) -> Self:
        named = frozenset() if self.on_call is None else self.on_call.channel_names()
        unknown = sorted(named - self.channels.keys() - {CONSOLE})
        if unknown:
            known = ", ".join(sorted([*self.channels, CONSOLE]))
            raise ValueError(f"on_call: there is no channel {unknown[0]!r}; channels has {known}")
        return self


def load(path: Path | None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the file, then the environment over it; raises SettingsError naming the key."""
    raw = _read_yaml(path) if path is not None else {}
    variables = {}
    for key, value in (os.environ if environment is None else environment).items():
        if key.startswith(PREFIX) and key not in TOKENS:
            _put(raw, key, value)
            variables[_place(key)] = key
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise SettingsError("; ".join(_sentence(fault, path, variables) for fault in faults)) from error


def http_url(host: str, port: int) -> str:
    """Return the address of pages and API; an IPv6 host stands in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _sentence(fault: ErrorDetails, path: Path | None, variables: Mapping[tuple[str, ...], str]) -> str:
    """Say where the wrong setting stands, in the file or the environment, and what is wrong with it."""
    place = tuple(map(str, fault["loc"]))
    said_by = [name for where, name in variables.items() if place[: len(where)] == where]
    where = said_by[0] if said_by else str(path) if path is not None else "settings"
    wrong = (
        "there is no such setting"
        if fault["type"] == "extra_forbidden"
        else fault["msg"].removeprefix("Value error, ")
    )
    return f"{where}: {'.'.join(place)}: {wrong}"


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise SettingsError(f"{path}: settings are a mapping of keys")
    return raw


def _put(raw: dict[str, Any], key: str, value: str) -> None:
    """`YIZHAN_BROKER__URL` sets broker.url; the value is read as YAML."""
    *parents, last = _place(key)
    part = raw
    for parent in parents:
        part = part.setdefault(parent, {})
        if not isinstance(part, dict):
            raise SettingsError(f"{key}: {parent} holds a value, not settings")
    try:
        part[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise SettingsError(f"{key}: {error}") from error


def _place(key: str) -> tuple[str, ...]:
    return tuple(key.removeprefix(PREFIX).lower().split("__"))
