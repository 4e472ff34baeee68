"""Settings of one station's agent: a YAML file, then environment variables ``YIZHAN_...``."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from station_agent.drivers.registry import open_driver, parse_device
from station_agent.drivers.settings import Bytes, DeviceSettings, Seconds
from station_agent.errors import SettingsError
from wire.topics import REGION_PATTERN, STATION_ID_PATTERN

PREFIX = "YIZHAN_"
_PORTS = {"mqtt": 1883, "mqtts": 8883}


def read_secret(value: object) -> object:
    """Return the secret itself: text that looks like a path is the file it stands in."""
    if not isinstance(value, str) or not value.startswith(("/", "./", "../", "~")):
        return value
    try:
        return Path(value).expanduser().read_text("utf-8").strip()
    except OSError as error:
        raise ValueError(f"the secret cannot be read from {value}: {error.strerror}") from None


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BrokerSettings(_Section):
    """Where the MQTT broker is and how to prove who we are; client id and user name are the station_id."""

    url: str = Field("mqtt://127.0.0.1:1883", description="mqtt://host:port, or mqtts:// for TLS.")
    password: Annotated[SecretStr | None, BeforeValidator(read_secret)] = Field(
        None, description="Password of the station, or the path of a file that holds it."
    )
    ca: Path | None = Field(None, description="Certificates to trust instead of the system's.")
    cert: Path | None = Field(None, description="The station's own certificate.")
    key: Path | None = Field(None, description="The key of that certificate.")
    protocol: Literal["3.1.1", "5"] = Field("3.1.1", description="MQTT version.")
    reconnect_max: Seconds = Field(60.0, description="Longest wait before another attempt to connect.")
    topic_root: str = Field("stations", pattern="^[^+#/\\x00]+$", description="First level of all topics.")

    @field_validator("url")
    @classmethod
    def _is_a_broker(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.username:
            raise ValueError("write mqtt://host:port or mqtts://host:port; the password has its own key")
        _ = parts.port
        return url

    @model_validator(mode="after")
    def _has_whole_pairs(self) -> "BrokerSettings":
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key belong together")
        for path in (self.ca, self.cert, self.key):
            if path is not None and not path.is_file():
                raise ValueError(f"{path} is not a file")
        return self

    @property
    def host(self) -> str:
        """Name or address of the broker."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Port of the broker."""
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme]

    @property
    def tls(self) -> bool:
        """Whether to speak TLS."""
        return urlsplit(self.url).scheme == "mqtts"


class OutboxSettings(_Section):
    """How much of what the gateway has not yet acknowledged is kept, and for how long."""

    max_bytes: Bytes = Field(2 * 1024**3, description="Bytes of all frames, such as 2GiB.")
    max_age: Seconds = Field(30 * 86_400.0, description="Unacknowledged frames older than this are dropped.")
    keep: Seconds = Field(
        7 * 86_400.0, description="How long acknowledged frames are kept while there is room."
    )


class ClockSettings(_Section):
    """Whom to ask for the time."""

    trust: Literal["ntp", "system"] = Field(
        "ntp", description="ntp: the system clock once the kernel calls it synchronised; system: always."
    )


class AgentSettings(BaseSettings):
    """Everything an agent has to be told."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=False
    )

    region: str = Field(pattern=REGION_PATTERN, description="District or city union that runs the station.")
    station_id: str = Field(pattern=STATION_ID_PATTERN, description="The station, unique over all regions.")
    broker: BrokerSettings = BrokerSettings()
    data_dir: Path = Field(Path("./data"), description="Where the outbox lives; one agent per directory.")
    outbox: OutboxSettings = OutboxSettings()
    clock: ClockSettings = ClockSettings()
    devices: tuple[Annotated[DeviceSettings, BeforeValidator(parse_device)], ...] = Field(
        (), description="What is read, and how."
    )

    @field_validator("devices")
    @classmethod
    def _names_each_source_once(cls, devices: tuple[DeviceSettings, ...]) -> tuple[DeviceSettings, ...]:
        names = [open_driver(device).name for device in devices]
        twice = [name for position, name in enumerate(names) if name in names[:position]]
        if twice:
            raise ValueError(f"{twice[0]} is read twice")
        return devices

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings names it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings names it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, and nothing else have a say."""
        return env_settings, init_settings


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> AgentSettings:
    """Read the settings; SettingsError names every key that is wrong."""
    content = _read_yaml(path) if path is not None else {}
    _refuse_unknown_variables(environment)
    return check(content, f"{path} and {PREFIX}* variables" if path else f"{PREFIX}* variables")


def check(content: dict[str, Any], where: str) -> AgentSettings:
    """Check settings that came from ``where``; SettingsError names every key that is wrong."""
    try:
        return AgentSettings(**content)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(part) for part in fault['loc']) or 'settings'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise SettingsError("\n".join([f"{where} cannot be used:", *lines])) from None
    except ValueError as error:
        raise SettingsError(f"{PREFIX}* variables cannot be used: {error}") from None


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise SettingsError(f"{path}: the file is a mapping of settings, such as `station_id: louxing-07`")
    return content


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    known = {name.upper() for name in AgentSettings.model_fields}
    for variable in sorted(environment):
        if not variable.upper().startswith(PREFIX):
            continue
        first = variable.upper().removeprefix(PREFIX).split("__")[0]
        if first not in known:
            names = ", ".join(sorted(PREFIX + name for name in known))
            raise SettingsError(f"{variable} sets nothing an agent has; known are {names}")
