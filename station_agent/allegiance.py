"""Whom a station obeys: one gateway, the first it hears, until a claim replaces it (contract, section 4)."""

from collections.abc import Iterable


class Allegiance:
    """The pin, and the clock of the gateway behind it; messages of all other gateways are counted."""

    def __init__(self, gateway: str | None) -> None:
        """Start with the pin on disk, None before the first gateway was heard."""
        self.gateway = gateway
        self.foreign_total = 0
        self._gateway_clock: tuple[int, float] | None = None

    def obeys(self, gateway: str) -> bool:
        """Whether to obey this gateway; the first one heard is pinned, any other is counted."""
        if self.gateway is None:
            self.gateway = gateway
        if gateway != self.gateway:
            self.foreign_total += 1
        return gateway == self.gateway

    def claim(self, gateway: str, replaces: Iterable[str]) -> bool:
        """Hear a claim of the region; True when this gateway is the one obeyed from now on."""
        if self.gateway in set(replaces):
            self.gateway = gateway
        return self.obeys(gateway)

    def note_time(self, gateway_ms: int, now: float) -> None:
        """Remember what the gateway's clock showed at monotonic ``now``."""
        self._gateway_clock = (gateway_ms, now)

    def gateway_time(self, now: float) -> int | None:
        """Return the gateway's clock in ms: the last ack's ``now`` plus the time since, if any came."""
        if self._gateway_clock is None:
            return None
        at_ack, heard = self._gateway_clock
        return at_ack + int((now - heard) * 1000)
