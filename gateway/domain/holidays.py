"""Which days people work: weekends, public holidays and the swapped working days (调休) of China.

The State Council announces a year's swaps in the November before. The library `holidays` carries them
from its next release on; until then, or instead, an operator writes `holidays.yaml` into the data
directory. A year in that file replaces the library's year whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Self

import holidays
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gateway.errors import SettingsError

FILE_NAME = "holidays.yaml"
_SATURDAY = 5
_NOVEMBER = 11
_YEARS = (2001, 2100)


@dataclass(frozen=True, slots=True)
class HolidayYear:
    """One year: its days off by name, weekends left out, and the weekend days that are worked."""

    off: Mapping[date, str]
    worked: frozenset[date]
    announced: bool


class _YearEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    # Not `off`: YAML 1.1 reads that as false.
    holidays: dict[date, str] = Field(default_factory=dict)
    workdays: list[date] = Field(default_factory=list)


_FILE = TypeAdapter(dict[int, _YearEntry])


class Holidays:
    """The calendar: the years of an operator's file, else those of the library."""

    def __init__(self, own: Mapping[int, HolidayYear] | None = None) -> None:
        self._own = dict(own or {})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file, or nothing where there is none; SettingsError says what is wrong with it."""
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise SettingsError(f"{path}: {error.strerror}") from None
        except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
            raise SettingsError(f"{path}: not YAML: {error}") from None
        return cls(_years(path, content))

    def is_holiday(self, day: date) -> bool:
        """Whether a day is a public holiday, the days swapped for it included."""
        return day in self._year(day.year).off

    def is_workday(self, day: date) -> bool:
        """Whether people work that day: Monday to Friday but for holidays, and swapped weekend days."""
        year = self._year(day.year)
        return day in year.worked or (day.weekday() < _SATURDAY and day not in year.off)

    def name(self, day: date) -> str | None:
        """Return what a holiday is called, in Chinese."""
        return self._year(day.year).off.get(day)

    def knows(self, year: int) -> bool:
        """Whether the swaps announced for a year are here."""
        return self._year(year).announced

    def lacks(self, today: date) -> int | None:
        """Return the year that should be here by ``today`` and is not: this one, from November the next."""
        due = (today.year, today.year + 1) if today.month >= _NOVEMBER else (today.year,)
        return next((year for year in due if not self.knows(year)), None)

    def _year(self, year: int) -> HolidayYear:
        return self._own.get(year) or _of_library(year)


@lru_cache(maxsize=64)
def _of_library(year: int) -> HolidayYear:
    # A swap at the turn of the year stands with the holiday's year; the year after brings it in.
    china = holidays.country_holidays("CN", years=(year, year + 1), language="zh_CN")
    worked = frozenset(day for day in china.weekend_workdays if day.year == year)
    off = {day: name for day, name in sorted(china.items()) if day.year == year}
    # Since 2001 every announcement has swapped days: a year without one was not announced yet.
    return HolidayYear(off, worked, announced=bool(worked))


def _years(path: Path, content: object) -> dict[int, HolidayYear]:
    try:
        entries = _FILE.validate_python(content)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_url=False)
        )
        raise SettingsError(
            f"{path}: {faults}; write 2027: {{holidays: {{2027-01-01: 元旦}}, workdays: []}}"
        ) from None
    for year, entry in entries.items():
        _check_year(path, year, entry)
    return {
        year: HolidayYear(entry.holidays, frozenset(entry.workdays), announced=True)
        for year, entry in entries.items()
    }


def _check_year(path: Path, year: int, entry: _YearEntry) -> None:
    first, last = _YEARS
    if not first <= year <= last:
        raise SettingsError(f"{path}: {year}: a year from {first} to {last}")
    for day in (*entry.holidays, *entry.workdays):
        if day.year != year:
            raise SettingsError(f"{path}: {year}: {day} is no day of {year}; write it under {day.year}")
    for day in entry.workdays:
        if day.weekday() < _SATURDAY or day in entry.holidays:
            raise SettingsError(f"{path}: {year}: workdays: {day} is no weekend day, or is also a holiday")
