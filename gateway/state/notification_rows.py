"""One thing that one person is to be told over one channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Delivery(StrEnum):
    """What became of a notification."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    SENT = "sent"
    CANCELLED = "cancelled"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """A notification; times ms UTC.

    ``alert_ids`` are the alerts still to be told, worst first. ``person`` is a key of the people on call,
    ``channel`` one of the channels. It is sent at ``due`` or later by who claims it: ``owner``, until
    ``leased_until``. ``attempts`` counts every claim, ``failures`` those in a row that this channel refused;
    ``tried`` are the (person, channel) given up on. ``detail`` belongs to the kind.
    """

    id: str
    kind: str
    severity: str
    person: str
    channel: str
    created: int
    due: int
    alert_ids: tuple[str, ...] = ()
    station_id: str | None = None
    life_safety: bool = False
    detail: Mapping[str, object] = field(default_factory=dict)
    state: Delivery = Delivery.WAITING
    owner: str | None = None
    leased_until: int | None = None
    attempts: int = 0
    failures: int = 0
    tried: tuple[tuple[str, str], ...] = ()
    finished: int | None = None
    reason: str | None = None
