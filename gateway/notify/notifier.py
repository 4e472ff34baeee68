"""What is said to whom, and what came of it. Values, and the one shape every channel has.

Times are integer milliseconds since the Unix epoch, UTC, unless a name ends in ``_s``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, Protocol

from wire.measures.words import Name

Lang = Literal["zh", "en", "both"]
"""What a person reads; ``both`` is Chinese, then English."""


class Kind(StrEnum):
    """What a message is about."""

    ALERT = "alert"
    ESCALATION = "escalation"
    RESOLVED = "resolved"
    DIGEST = "digest"
    STORM = "storm"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Measured:
    """What ``value`` and ``limit`` of an alert are: its name, its UCUM unit, and the field words are from."""

    name: Name
    unit: str
    domain: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """All there is to say about one alert.

    ``measured`` says what ``value`` and ``limit`` are; without it, ``domain`` and ``field`` do. ``was``
    is the severity before it changed. ``age_s`` is set when a life-safety reading came late.
    ``awaits_person`` says that the condition has cleared but only a person closes the alert.
    ``life_safety``: no summary may leave it out. ``link`` acknowledges it in the name of whoever is told.
    """

    alert_id: str
    severity: str
    rule: str
    name: Name
    station_id: str
    station: Name
    tz: str
    opened: int
    first_action: Name
    device: str = ""
    domain: str = ""
    field: str = ""
    measured: Measured | None = None
    value: float | str | None = None
    limit: float | str | None = None
    was: str | None = None
    cleared: int | None = None
    awaits_person: bool = False
    life_safety: bool = False
    age_s: int | None = None
    retrospective: bool = False
    incomplete: bool = False
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one person is told at once; a channel may need several requests for it.

    ``notification_id`` is the same at every attempt. ``step`` and ``waited_s`` belong to an escalation:
    which step this is, and for how long nobody acknowledged. ``counts`` (alerts by severity) and
    ``stations`` belong to a digest or a storm, whose notices are the worst of them.
    """

    notification_id: str
    kind: Kind
    notices: tuple[Notice, ...] = ()
    attempt: int = 1
    step: int = 0
    waited_s: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    stations: int = 0

    @property
    def severity(self) -> str:
        """The worst of what is told: P1 to P4."""
        return min((*(notice.severity for notice in self.notices), *self.counts), default="P4")

    @property
    def alert_ids(self) -> tuple[str, ...]:
        """The alerts that are told one by one, in order."""
        return tuple(notice.alert_id for notice in self.notices)

    def only(self, alert_ids: tuple[str, ...]) -> "Message":
        """Return the message about these alerts alone: what is left to send after others went out."""
        return replace(self, notices=tuple(n for n in self.notices if n.alert_id in alert_ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person, and how channels reach them; robots mention by ``mobile``, Feishu by ``open_id``."""

    name: str
    lang: Lang = "zh"
    mobile: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    open_id: str | None = field(default=None, repr=False)


class Reason(StrEnum):
    """Why a message was not delivered, as log, metric, journal and console call it."""

    RATE = "rate"
    TIMEOUT = "timeout"
    NETWORK = "network"
    SERVER = "server"
    BAD_ANSWER = "bad_answer"
    BAD_ADDRESS = "bad_address"
    BAD_SIGNATURE = "bad_signature"
    KEYWORD = "keyword"
    FORBIDDEN = "forbidden"
    TOO_BIG = "too_big"
    NO_ADDRESS = "no_address"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The other side has it. ``rest`` is what one request could not hold: send it next."""

    rest: Message | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The other side does not have it, or did not say so in time.

    ``permanent``: the same request will never do, a person has to mend the settings; use the next
    channel. Otherwise try again, not before ``retry_after_ms``. ``detail`` holds no secret.
    """

    permanent: bool
    reason: Reason
    detail: str = ""
    retry_after_ms: int = 0

    @classmethod
    def later(cls, reason: Reason, detail: str = "", retry_after_ms: int = 0) -> "Refused":
        """Return a refusal after which the same request may do."""
        return cls(permanent=False, reason=reason, detail=detail, retry_after_ms=retry_after_ms)

    @classmethod
    def never(cls, reason: Reason, detail: str = "") -> "Refused":
        """Return a refusal that stays until somebody mends the settings."""
        return cls(permanent=True, reason=reason, detail=detail)


Outcome = Delivered | Refused


class Notifier(Protocol):
    """A channel: makes one request of as many whole alerts as it holds."""

    name: str
    max_bytes: int
    """Bytes the body of one request may have."""

    def wait_ms(self, message: Message, now: int) -> int:
        """Return how long the other side's limits forbid this message; asking costs nothing."""
        ...

    async def send(self, message: Message, contact: Contact, now: int) -> Outcome:
        """Send what one request holds; returns within 10 s and never raises for the other side's faults."""
        ...
