"""Unit tests for rules, as data beside them: what a station says, and which transitions must follow.

A folder ``cases`` beside rule files holds them; ``yizhan gateway check-config --rules DIR`` plays them. How:

- The case's rule and those whose alerts it asks for are evaluated, resolved for the case's station. The
  station was born (and has been followed) ``followed`` before ``start``; nothing was heard since.
- Inputs are frames of one reading each, numbered without a hole, in the order of their times; those of one
  time in the order written. Each is received 1 s after it was taken, ``late`` later where that is written;
  its clock is right, unless it is written to be ``ahead`` or unset.
- What the gateway measures itself (domain `platform`, `station.region_as_listed` and
  `station.rejected_ratio`) comes beside the frames and is known at once.
- A case has one station, or as many alike as ``stations`` says, of which each input is about the first so
  many.
- After the last input, time goes on for ``after``, without another reading.
- The transitions of the rule must be exactly ``expect``, in that order. Times count from ``start``; a change
  is in time when its `at` lies from ``at`` to ``by``.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, ValidationError, model_validator

from catalogue.catalogue import Catalogue
from catalogue.documents import CatalogueError, Document, Fault, Loc, read
from catalogue.durations import parse
from catalogue.fields import ALL_EVENTS, event_field, measure, split
from catalogue.model import Profile, Severity
from catalogue.operands import Strict
from catalogue.virtual import OBSERVED

DAY_MS = 86_400_000
Span = Annotated[int, BeforeValidator(parse), Field(ge=0)]
"""Milliseconds, written like 90s or 1h30m."""
Value = bool | int | float | str | tuple[str, ...]


class CaseStation(Strict):
    """The station of a case: as in `stations.yaml`, of which it is a part."""

    profile: Profile | None = None
    capacity: int | None = None
    tz: str = "Asia/Shanghai"
    open: tuple[Mapping[str, str], ...] = ()
    devices: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)


class Ramp(Strict):
    """A straight line from the first of the repeated readings to the last; whole where the field is."""

    from_: float = Field(alias="from")
    to: float


class Input(Strict):
    """One reading, or the same again ``every`` so often while not later than ``until``, on ``days`` running.

    ``says`` gives fields by name with domain, all of one domain; or ``event`` with its fields in ``says``.
    ``happens``: instead of a reading something befalls the link: its last will, a clean stop, a birth of the
    boot that ran before (``birth``), of one never seen (``boot``), of the one before that (``old_boot``).
    ``clock`` and ``ahead``: what the frame says of the station's clock, and how far that is ahead.
    """

    at: Span
    every: Span | None = None
    until: Span | None = None
    days: int = Field(default=1, ge=1)
    stations: int = Field(default=1, ge=1)
    device: str = "station"
    says: Mapping[str, Value | Ramp] = Field(default_factory=dict)
    event: str | None = None
    happens: Literal["lost", "stopped", "birth", "boot", "old_boot"] | None = None
    late: Span = 0
    quality: Literal["suspect", "stale", "substituted"] | None = None
    clock: Literal["unset"] | None = None
    ahead: Span = 0

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.every is None) != (self.until is None):
            raise ValueError("every and until go together")
        if bool(self.says or self.event) == bool(self.happens):
            raise ValueError("write says, event, or happens")
        if len({split(name).domain for name in (*self.says, *([self.event] if self.event else []))}) > 1:
            raise ValueError("a reading is of one domain; write two")
        worked_out = [name for name in self.says if split(name).domain == "station" and name not in OBSERVED]
        if worked_out:
            raise ValueError(f"{worked_out[0]} is worked out by the gateway; write what the station says")
        return self

    @property
    def domain(self) -> str | None:
        """The domain of the reading; None when it is none."""
        name = self.event or next(iter(self.says), None)
        return split(name).domain if name else None

    def readings(self) -> Iterator[tuple[int, dict[str, Value]]]:
        """Yield time from the start (ms) and fields (without domain) of each reading."""
        last = self.at if self.until is None else self.until
        once = range(self.at, last + 1, self.every) if self.every else (self.at,)
        for day, at in product(range(self.days), once):
            share = (at - self.at) / (last - self.at) if last > self.at else 0.0
            said = {split(name).field: _at(name, value, share) for name, value in self.says.items()}
            yield at + day * DAY_MS, said


def _at(name: str, value: Value | Ramp, share: float) -> Value:
    if not isinstance(value, Ramp):
        return value
    number = value.from_ + share * (value.to - value.from_)
    found = measure(name)
    return round(number) if found and found.type == "int" else number


class Expected(Strict):
    """One transition of the rule."""

    at: Span
    by: Span | None = None
    change: Literal["opened", "raised", "lowered", "cleared"]
    severity: Severity | None = None
    device: str | None = None
    retrospective: bool = False
    incomplete: bool = False

    @property
    def latest(self) -> int:
        """The latest time, ms from the start."""
        return self.at if self.by is None else self.by


class Case(Strict):
    """One story about one rule."""

    rule: str
    name: str = Field(min_length=1)
    station: CaseStation = CaseStation()
    stations: int = Field(default=1, ge=1)
    start: AwareDatetime = datetime.fromisoformat("2026-11-20T12:00:00+08:00")
    followed: Span = 86_400_000
    input: tuple[Input, ...] = Field(min_length=1)
    after: Span = 0
    expect: tuple[Expected, ...] = ()

    @property
    def start_ms(self) -> int:
        """The start, ms UTC."""
        return int(self.start.timestamp() * 1_000)


class _CaseFile(Strict):
    cases: tuple[Case, ...]


def load_cases(folder: Path, catalogue: Catalogue) -> tuple[Case, ...]:
    """Read the cases of a folder (``*.yaml``); none when there is no such folder.

    Raises:
        CatalogueError: with the line of everything wrong in them.
    """
    cases: list[Case] = []
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.yaml")):
        document = read(path)
        try:
            file = _CaseFile.model_validate(document.content)
        except ValidationError as error:
            for one in error.errors(include_url=False):
                way = ".".join(map(str, one["loc"]))
                faults.append(
                    document.fault(one["loc"], f"{way}: {one['msg'].removeprefix('Value error, ')}")
                )
            continue
        faults += _unknown(document, file, catalogue)
        cases += file.cases
    if faults:
        raise CatalogueError(faults)
    return tuple(cases)


def _unknown(document: Document, file: _CaseFile, catalogue: Catalogue) -> Iterator[Fault]:
    for number, case in enumerate(file.cases):
        if case.rule not in catalogue.rules:
            yield document.fault(("cases", number, "rule"), f"there is no rule {case.rule}")
        for position, one in enumerate(case.input):
            loc: Loc = ("cases", number, "input", position)
            if one.stations > case.stations:
                yield document.fault((*loc, "stations"), f"more stations than there are: {case.stations}")
            domain = one.domain or ""
            if one.event and split(one.event).field not in ALL_EVENTS.get(domain, {}):
                yield document.fault((*loc, "event"), f"there is no event {one.event}")
            for name in one.says:
                if measure(name) is None and event_field(split(name).field, domain) is None:
                    yield document.fault((*loc, "says", name), f"there is no field {name}")
