"""Weather outside a station: a seasonal sine, a daily swing, warm and cold spells, rain, sun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator

    from simulators.series import Flags, Series

_WARMEST_DAY = 203
_WARMEST_HOUR = 15.0
_SUNRISE, _DAYLIGHT_H = 6.0, 12.0
_SPELL_MEMORY = 0.7
_BLEND_H = 4.0
_CLOUD_WITH_RAIN = 0.85
_DAYLIGHT_LUX = 8000.0


@dataclass(frozen=True, slots=True)
class Climate:
    """A place's weather in °C: the daily swing is an amplitude, spells are a standard deviation."""

    mean_c: float = 17.5
    seasonal_c: float = 12.0
    swing_c: float = 6.0
    spell_c: float = 2.0
    rainy_days: float = 0.4


CLIMATES: Mapping[str, Climate] = {
    "louxing": Climate(),
    "mild": Climate(mean_c=18.0, seasonal_c=0.0, swing_c=5.0, spell_c=1.0),
    "hot": Climate(mean_c=32.0, seasonal_c=0.0, swing_c=6.0, spell_c=1.0, rainy_days=0.1),
    "cold": Climate(mean_c=0.0, seasonal_c=0.0, swing_c=5.0, spell_c=1.5, rainy_days=0.2),
    "rainy": Climate(mean_c=16.0, seasonal_c=0.0, swing_c=3.0, spell_c=1.5, rainy_days=1.0),
}


@dataclass(frozen=True, slots=True)
class DayWeather:
    """One local day; rain from `rain_from` to `rain_to` hours (both 0 when dry), cloud from 0 to 1."""

    climate: Climate
    ordinal: int
    spell_c: float
    spell_before_c: float
    cloud: float
    rain_from: float
    rain_to: float

    @property
    def mean_c(self) -> float:
        """The day's mean temperature."""
        day_of_year = date.fromordinal(self.ordinal).timetuple().tm_yday
        phase = np.cos(2 * np.pi * (day_of_year - _WARMEST_DAY) / 365.25)
        return float(self.climate.mean_c + self.climate.seasonal_c * phase + self.spell_c)

    @property
    def high_c(self) -> float:
        """The day's highest temperature."""
        return self.mean_c + self.climate.swing_c

    @property
    def low_c(self) -> float:
        """The day's lowest temperature."""
        return self.mean_c - self.climate.swing_c

    def raining(self, hours: Series) -> Flags:
        """Whether it rains at each local hour of the day."""
        return (hours >= self.rain_from) & (hours < self.rain_to)

    def outdoor_c(self, hours: Series) -> Series:
        """Temperature at each local hour; a new spell sets in over the first hours of its day."""
        swing = self.climate.swing_c * np.cos(2 * np.pi * (hours - _WARMEST_HOUR) / 24)
        lag = np.clip(1 - hours / _BLEND_H, 0.0, 1.0) * (self.spell_before_c - self.spell_c)
        return self.mean_c + swing + lag

    def sun(self, hours: Series) -> Series:
        """Sunshine from 0 (night) to 1 (clear noon) at each local hour."""
        return np.maximum(0.0, np.sin(np.pi * (hours - _SUNRISE) / _DAYLIGHT_H)) * (1 - 0.75 * self.cloud)

    def daylight_lux(self, hours: Series, window_share: float = 0.08) -> Series:
        """Daylight on a table inside, lx."""
        return self.sun(hours) * _DAYLIGHT_LUX * window_share


class Weather:
    """The weather of one place, day after day; spells carry over from one day to the next (AR(1))."""

    def __init__(self, climate: Climate) -> None:
        self._climate = climate
        self._spell = 0.0

    def day(self, ordinal: int, rng: Generator) -> DayWeather:
        """The weather of the local day with this proleptic ordinal; to be asked for in order."""
        climate, before = self._climate, self._spell
        fresh = climate.spell_c * np.sqrt(1 - _SPELL_MEMORY**2) * rng.standard_normal()
        self._spell = float(_SPELL_MEMORY * before + fresh)
        rainy = bool(rng.random() < climate.rainy_days)
        start, hours, clear = rng.uniform(0, 20), rng.exponential(3.0), rng.uniform(0, 0.5)
        return DayWeather(
            climate=climate,
            ordinal=ordinal,
            spell_c=self._spell,
            spell_before_c=before,
            cloud=_CLOUD_WITH_RAIN if rainy else float(clear),
            rain_from=float(start) if rainy else 0.0,
            rain_to=min(24.0, float(start + hours)) if rainy else 0.0,
        )
