"""What electricity and water cost: peak, flat and valley hours (峰平谷), as `stations.yaml` gives them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

PARTS = ("peak", "flat", "valley")
FLAT = PARTS.index("flat")


class Tariff(BaseModel):
    """Prices in yuan: ``peak``, ``flat`` and ``valley`` per kWh, ``water`` per m³.

    ``peak_hours`` and ``valley_hours`` are local hours of the day; all others are flat.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    flat: float | None = Field(None, ge=0)
    peak: float | None = Field(None, ge=0)
    valley: float | None = Field(None, ge=0)
    water: float | None = Field(None, ge=0)
    peak_hours: tuple[int, ...] = ()
    valley_hours: tuple[int, ...] = ()

    @field_validator("peak_hours", "valley_hours")
    @classmethod
    def _are_hours(cls, hours: tuple[int, ...]) -> tuple[int, ...]:
        if any(not 0 <= hour < 24 for hour in hours):  # noqa: PLR2004 - hours of a day
            raise ValueError("hours of the day are 0 to 23")
        return hours

    @classmethod
    def of(cls, written: object) -> "Tariff | None":
        """Read what stands in `stations.yaml`; None when there is none, or when it is no tariff."""
        try:
            return None if written is None else cls.model_validate(written)
        except ValidationError:
            return None

    def prices(self) -> tuple[float | None, float | None, float | None]:
        """Return the prices per kWh in the order of `PARTS`."""
        return self.peak, self.flat, self.valley

    def part(self, ms: int, tz: str) -> int:
        """Return which of `PARTS` a moment belongs to."""
        hour = datetime.fromtimestamp(ms / 1_000, ZoneInfo(tz)).hour
        if hour in self.peak_hours:
            return 0
        return 2 if hour in self.valley_hours else FLAT
