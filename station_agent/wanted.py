"""Settings from afar: a few, checked, stored, and in force over restarts (contract, section 7)."""

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from station_agent.clock import StationClock
from station_agent.delivery import Delivery
from station_agent.notebook import Notebook
from wire.frames import Config, Result

log = structlog.get_logger()


class WantedSettings(BaseModel):
    """What a gateway may set. A station is called late after 90 s without a frame, hence the bound."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    vitals_every_s: float = Field(30.0, ge=5, le=60, description="How often the agent reports on itself.")


class Wanted:
    """The settings in force, and how they are changed."""

    def __init__(self, notebook: Notebook, delivery: Delivery, clock: StationClock) -> None:
        """Read the last ones from disk."""
        self._notebook = notebook
        self._delivery = delivery
        self._clock = clock
        stored = notebook.get("wanted")
        self.settings = WantedSettings.model_validate_json(stored) if stored else WantedSettings()

    def handle(self, payload: bytes) -> bytes | None:
        """Return the result to publish; None for what is no config, or of a gateway we do not obey."""
        if not payload:
            return None
        try:
            config = Config.model_validate_json(payload)
        except ValidationError as error:
            log.warning("a config cannot be read", reason=str(error.errors(include_input=False)[0]["msg"]))
            return None
        if not self._delivery.obeys(config.gateway):
            return None
        reason = self._apply(config)
        result = Result(
            config_version=config.version,
            state="refused" if reason else "done",
            reason=reason,
            at=self._clock.now(),
        )
        return result.model_dump_json(exclude_none=True).encode()

    def _apply(self, config: Config) -> str | None:
        try:
            settings = WantedSettings.model_validate(config.settings)
        except ValidationError as error:
            fault = error.errors(include_input=False)[0]
            where = ".".join(map(str, fault["loc"]))
            if fault["type"] == "extra_forbidden":
                return f"{where}: unknown; this agent knows {', '.join(WantedSettings.model_fields)}"[:200]
            return f"{where}: {fault['msg']}"[:200]
        if settings != self.settings:
            self._notebook.put({"wanted": settings.model_dump_json()})
            self.settings = settings
            log.info("settings from the gateway", version=config.version)
        return None
