"""event: a device says itself that something is the matter."""

from catalogue.conditions import Condition
from catalogue.durations import Duration
from catalogue.kinds.spec import Spec


class Event(Spec):
    """Holds from an event of the subject (phase begin, or none) until its phase end.

    The subjects are events. An event without a phase holds for ``lasts``; a begin holds until its
    end, however long that takes. Level conditions are asked of the event's own fields (``cause``,
    ``score``; names without domain) and, as ever, of the station as it stood; an event for which no level
    holds is nothing. ``for`` delays the opening and is cancelled by an end that comes first. Another event
    while it holds prolongs it and may raise the level, never lowers it.

    ``or_while``: a state that says the same (`door_tamper` beside the event `tamper`): judged at readings
    that carry one of its own fields. While it is true the levels are asked too, with the event's own fields
    unknown.

    Never waits for gaps. The value shown is the event's name, or what the comparison that held compared.
    """

    lasts: Duration = 60_000
    or_while: Condition | None = None
