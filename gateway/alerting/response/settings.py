"""Settings of alerts: who is on call, who is called when, and when people are left alone."""

import re
from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from catalogue.model import Severity
from gateway.alerting.response.calendar import Days
from gateway.domain.holidays import Holidays
from gateway.domain.hours import hours_of
from gateway.domain.oncall import Layer, Person, Rota
from gateway.domain.registry import DEFAULT_TZ, OpenHours, check_zone
from gateway.notify.notifier import Contact, Lang
from gateway.notify.secrets import Address

CONSOLE = "console"
"""The channel that is always there: the gateway's own log."""
ANYBODY = "console"
"""Who is told where nobody is on call."""

_WRITTEN = re.compile(r"(\d+)(s|m|h|d)")
_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def _read_length(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _WRITTEN.fullmatch(value)
    if found is None:
        raise ValueError("write a length of time like 90s, 5m, 24h or 2d")
    return int(found[1]) * _MS[found[2]]


def _read_clock(value: object) -> object:
    # YAML 1.1 reads a bare 8:00 as the number 480.
    if isinstance(value, int | float):
        raise ValueError('write a time of day in quotes, like "08:00"')  # noqa: TRY004 - pydantic wants ValueError
    return value


Millis = Annotated[int, BeforeValidator(_read_length), Field(ge=0, le=31 * 86_400_000)]
"""A length of time in ms, written like 90s, 5m, 24h or 2d."""
Clock = Annotated[time, BeforeValidator(_read_clock)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class PersonSettings(_Strict):
    """Somebody who can be called."""

    name: str = Field(min_length=1, description="As messages and pages call them.")
    channels: tuple[str, ...] = Field(min_length=1, description="Names of channels, the preferred first.")
    lang: Lang = Field("zh", description="What they read: `zh`, `en` or `both`.")
    mobile: str | None = Field(None, description="For SMS, and for robots to mention them.")
    email: str | None = Field(None, description="For mail.")
    open_id: str | None = Field(None, description="For Feishu to mention them.")

    def contact(self) -> Contact:
        """Return how channels reach them."""
        return Contact(
            name=self.name, lang=self.lang, mobile=self.mobile, email=self.email, open_id=self.open_id
        )


class LayerSettings(_Strict):
    """People who take turns."""

    name: str = Field(min_length=1, description="As overrides and pages call it.")
    people: tuple[str, ...] = Field(min_length=1, description="Keys of `people`, in the order of turns.")
    first_day: date = Field(description="The day on which the first turn of the first of them begins.")
    days: int = Field(7, ge=1, le=366, description="How many days a turn lasts.")
    handover: Clock = Field(time(9), description="When turns change, on the wall.")
    hours: tuple[OpenHours, ...] = Field(
        (), description="When the layer is on duty at all; nothing means always."
    )
    regions: frozenset[str] = Field(
        frozenset(), description="Regions it is about; nothing means all of them."
    )
    severities: frozenset[Severity] = Field(
        frozenset(), description="Severities it is about; nothing means all of them."
    )

    def layer(self) -> Layer:
        """Return it as the rota has it."""
        return Layer(
            self.name,
            self.people,
            self.first_day,
            self.days,
            self.handover,
            hours_of(self.hours),
            self.regions,
            frozenset(map(str, self.severities)),
        )


class StepSettings(_Strict):
    """One step of an escalation."""

    after: Millis = Field(0, description="So long after people were first told.")
    to: tuple[str, ...] = Field(
        ("first",),
        min_length=1,
        description="`first` and `second` of those on duty, `fallback`, `everyone`, or keys of `people`.",
    )
    channels: Literal["first", "first_two", "all"] | tuple[str, ...] = Field(
        "first", description="How many of their channels are used, or names of channels."
    )


DEFAULT_STEPS: dict[Severity, tuple[StepSettings, ...]] = {
    Severity.P1: (
        StepSettings(after=0, to=("first",), channels="first_two"),
        StepSettings(after=300_000, to=("first", "second"), channels="all"),
        StepSettings(after=900_000, to=("everyone",), channels="all"),
    ),
    Severity.P2: (
        StepSettings(after=0, to=("first",), channels="first"),
        StepSettings(after=900_000, to=("first", "second"), channels="all"),
        StepSettings(after=1_800_000, to=("everyone",), channels="all"),
    ),
    Severity.P3: (StepSettings(),),
    Severity.P4: (StepSettings(),),
}
"""First and second channel at once for P1, next people after 5 and 15 minutes (domain, sections 4 and 7)."""

DEFAULT_NAG: dict[Severity, int] = {Severity.P1: 300_000, Severity.P2: 3_600_000}
DEFAULT_ACKNOWLEDGED: dict[Severity, int] = {
    Severity.P1: 3_600_000,
    Severity.P2: 4 * 3_600_000,
    Severity.P3: 86_400_000,
    Severity.P4: 7 * 86_400_000,
}
PersonKey = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9._-]{0,31}$")]


class OnCallSettings(_Strict):
    """Who is called, and when."""

    tz: Annotated[str, AfterValidator(check_zone)] = Field(
        DEFAULT_TZ, description="Time zone of turns, day and digest."
    )
    people: dict[PersonKey, PersonSettings] = Field(
        min_length=1, description="Everybody who can be called, by key."
    )
    layers: tuple[LayerSettings, ...] = Field(
        (), description="Who takes turns; who is called first stands first."
    )
    fallback: str = Field(description="Key of the person who is always there.")
    steps: dict[Severity, tuple[StepSettings, ...]] = Field(
        default_factory=dict, description="Steps until somebody acknowledges, by severity."
    )
    nag: dict[Severity, Millis] = Field(
        default_factory=lambda: dict(DEFAULT_NAG),
        description="How often they are told again until somebody acknowledges, by severity.",
    )
    nag_by_channel: dict[str, dict[Severity, Millis]] = Field(
        default_factory=dict, description="Channels that are used less often for that."
    )
    digest: Clock = Field(time(8), description="When P4, and the P3 of the night, are told.")
    day: tuple[Clock, Clock] = Field((time(8), time(20)), description="When P3 may be told.")
    test_message: Clock | None = Field(
        None, description="When a test message goes to the first on duty every day, to be acknowledged."
    )

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for person in [self.fallback, *(p for layer in self.layers for p in layer.people)]:
            if person not in self.people:
                raise ValueError(f"{person!r} is not among the people")
        words = {"first", "second", "fallback", "everyone", *self.people}
        for severity, steps in self.steps.items():
            unknown = [word for step in steps for word in step.to if word not in words]
            if unknown:
                raise ValueError(f"steps.{severity}: {unknown[0]!r} is nobody: {', '.join(sorted(words))}")
            if not steps or [step.after for step in steps] != sorted({step.after for step in steps}):
                raise ValueError(f"steps.{severity}: write at least one step, each later than the one before")
        return self

    def rota(self, calendar: Holidays) -> Rota:
        """Return the plan."""
        people = {key: Person(key, person.name, person.channels) for key, person in self.people.items()}
        return Rota(people, tuple(one.layer() for one in self.layers), self.fallback, self.tz, calendar)

    def channel_names(self) -> frozenset[str]:
        """Return every channel that is named."""
        named = {name for person in self.people.values() for name in person.channels}
        for steps in self.steps.values():
            named.update(name for step in steps if isinstance(step.channels, tuple) for name in step.channels)
        return frozenset(named | self.nag_by_channel.keys())


def nobody_on_call() -> OnCallSettings:
    """Return what holds where `on_call` is not set: everything goes to the console log."""
    everybody = PersonSettings(name=ANYBODY, channels=(CONSOLE,), lang="both")
    return OnCallSettings(people={ANYBODY: everybody}, fallback=ANYBODY)


class HeartbeatSettings(_Strict):
    """An outside watcher that misses us when we are dead."""

    url: Address = Field(description="Asked with GET while engine and dispatcher live; or a file with it.")
    every: Millis = Field(60_000, ge=5_000, description="How often.")


class AlertSettings(_Strict):
    """How alerts live."""

    start_up_grace: Millis = Field(
        300_000, description="So long after the boot of its agent, a station's alerts below P1 wait."
    )
    acknowledged_for: dict[Severity, Millis] = Field(
        default_factory=dict,
        description="So long an acknowledgement holds; then people are told again if it is still so.",
    )
    heartbeat: HeartbeatSettings | None = Field(None, description="An outside watcher, if there is one.")

    def acknowledgement_ms(self, severity: str) -> int:
        """Return how long an acknowledgement holds."""
        lasts = {**DEFAULT_ACKNOWLEDGED, **self.acknowledged_for}
        return lasts[Severity(severity)]


def days(on_call: OnCallSettings, alerts: AlertSettings) -> Days:
    """Return day, night and digest."""
    begins, ends = on_call.day
    return Days(on_call.tz, begins, ends, on_call.digest, alerts.start_up_grace)
