"""Claiming regions on the broker, and knowing whose a message's region is (contract section 4)."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from gateway.ingest.claims import Claims, Standing
from gateway.ingest.outgoing import Outgoing
from gateway.observability import Metrics
from gateway.state import claims as saved
from gateway.state.births import Happening
from wire.frames import Claim
from wire.messages import MessageError, decode_message, encode_message
from wire.topics import Topics

log = structlog.get_logger(__name__)

RETAINED_WAIT_S = 1.0
"""How long a retained claim may take to arrive before a region counts as unclaimed."""


class Regions:
    """Claims the regions `wanted` (`+`: any, at its first message); belongs to the event loop."""

    def __init__(
        self,
        wanted: Sequence[str],
        claims: Claims,
        topics: Topics,
        table: saved.Claims,
        outgoing: Outgoing,
        metrics: Metrics,
        clock: Callable[[], int],
    ) -> None:
        self._wanted = wanted
        self._claims = claims
        self._topics = topics
        self._table = table
        self._outgoing = outgoing
        self._metrics = metrics
        self._clock = clock
        self._connected_at = 0.0
        self._claiming: set[str] = set()
        self._ours: set[str] = set()
        self._named: dict[str, set[str]] = {}
        self._told: dict[str, str | None] = {}
        self.changed_hands: Callable[[str, Happening], None] = lambda _region, _change: None
        """Called when a region is handed over to another gateway, and when it is taken up from one."""

    def connected(self) -> None:
        """Claim what is wanted by name or already ours, once the retained claims had time to arrive."""
        self._connected_at = asyncio.get_running_loop().time()
        for region in {*self._wanted, *self._claims.connected()} - {"+"}:
            self._claim_soon(region)

    def may_hear(self, region: str) -> bool:
        """Whether a region's messages are for this gateway; nobody's region is claimed for it."""
        if region in self._ours:
            return True
        standing = self._claims.standing(region)
        if standing is Standing.FOREIGN:
            self._metrics.ignored.labels("foreign_region").inc()
            if self._is_elsewhere(region):
                self._tell_foreign(region)
            return False
        if standing is Standing.OURS:
            self._ours.add(region)
        else:
            self._claim_soon(region)
        return True

    def is_taking_over(self, region: str) -> bool:
        """Whether a region is about to be claimed from another gateway: births name whom else to replace."""
        return self._claims.is_taking_over(region)

    def hear(self, region: str, payload: bytes) -> None:
        """Take a claim from the broker, retained or new."""
        if not payload or ("+" not in self._wanted and region not in self._wanted):
            return
        try:
            claim = decode_message(Claim, payload)
        except MessageError as error:
            self._metrics.ignored.labels("bad_claim").inc()
            log.warning("bad_claim", region=region, reason=str(error))
            return
        was_elsewhere = self._is_elsewhere(region)
        ours = self._claims.heard(region, claim)
        self._ours.discard(region)
        if self._is_elsewhere(region) != was_elsewhere:
            self.changed_hands(region, Happening.TAKEN_UP if was_elsewhere else Happening.HANDED_OVER)
        if ours is not None:
            log.error("second_gateway", region=region, gateway=claim.gateway, next="stop one of the two")
            self._publish(region, ours)
        elif self.is_taking_over(region):
            self._claim_soon(region)

    def hear_of_gateway(self, region: str, gateway: str) -> None:
        """A station obeys another gateway; unless a take-over names that one, the station stays away."""
        named = self._named.setdefault(region, set())
        if gateway == self._claims.gateway or gateway in named:
            return
        named.add(gateway)
        if self._claims.take_over:
            self._claim_soon(region)
        else:
            log.warning(
                "station_obeys_another", region=region, gateway=gateway, next="start with --take-over"
            )

    def _claim_soon(self, region: str) -> None:
        if region in self._claiming:
            return
        self._claiming.add(region)
        loop = asyncio.get_running_loop()
        loop.call_later(max(0.0, self._connected_at + RETAINED_WAIT_S - loop.time()), self._claim, region)

    def _claim(self, region: str) -> None:
        self._claiming.discard(region)
        is_taken_over = self.is_taking_over(region)
        claim = self._claims.claim(region, self._clock(), self._named.get(region, ()))
        if claim is not None:
            self._publish(region, claim)
            if is_taken_over:
                self.changed_hands(region, Happening.TAKEN_UP)
        elif self._claims.standing(region) is Standing.FOREIGN:
            self._tell_foreign(region)

    def _is_elsewhere(self, region: str) -> bool:
        return self._claims.standing(region) is Standing.FOREIGN and not self.is_taking_over(region)

    def _tell_foreign(self, region: str) -> None:
        """Say once, loudly, that nothing of a region is stored here."""
        holder = self._claims.holder(region)
        if self._told.get(region) != holder:
            self._told[region] = holder
            log.error(
                "region_claimed_by_another",
                region=region,
                gateway=holder,
                next="stop the other gateway, or start this one with --take-over",
            )

    def _publish(self, region: str, claim: Claim) -> None:
        row = saved.RegionClaim(region, claim.since, tuple(claim.replaces))
        self._outgoing.write(lambda: self._table.save(row))
        self._outgoing.publish(self._topics.claim(region), encode_message(claim), retain=True)
        log.info("region_claimed", region=region, replaces=claim.replaces)
