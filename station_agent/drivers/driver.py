"""What every device family looks like to the sampler."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

RawReading = Mapping[str, Any]
"""``{"domain": ..., <field>: ...}``; ``device`` and ``ts`` (ms) optional, see ``intake``."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one read brought: readings, how far the source was read, and what was no reading at all.

    ``position`` is JSON that the outbox commits together with the readings, None when the source has
    none. ``more`` asks for another read at once.
    """

    readings: Sequence[RawReading]
    position: object = None
    bad: int = 0
    more: bool = False


class Driver(Protocol):
    """One device. Only the sampler calls it, one call at a time.

    ``name`` is unique in the station and names the position on disk; ``device`` is the measuring point its
    readings belong to unless they say otherwise. ``every_reading`` is False for a device that is
    polled: then values are reported on change and as heartbeats.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - see the class
    @property
    def device(self) -> str: ...  # noqa: D102 - the protocol's docstring says it
    @property
    def every_s(self) -> float: ...  # noqa: D102 - the protocol's docstring says it
    @property
    def every_reading(self) -> bool: ...  # noqa: D102 - the protocol's docstring says it

    def facility_of(self, device: str) -> str | None:
        """Return the facility of a measuring point as the catalogue names it, where it is known."""
        ...

    def resume(self, position: Any) -> None:  # noqa: ANN401 - what this driver once gave as position
        """Go on where the outbox last committed; None at the very first start."""
        ...

    async def read(self, now_ms: int) -> Taken:
        """Read the device, at most once per ``every_s``; raise DriverError or OSError when it fails.

        What was read is given again until ``committed`` is called.
        """
        ...

    def committed(self) -> None:
        """What was read last is on disk."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...
