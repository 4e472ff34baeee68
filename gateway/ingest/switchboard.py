"""Listener of the session: every message to whom it concerns."""

from collections.abc import Callable

import structlog

from gateway.domain.fleet import Fleet
from gateway.ingest.commanding import Commander
from gateway.ingest.decoding import Arrived
from gateway.ingest.pipeline import Pipeline
from gateway.ingest.regions import Regions
from gateway.ingest.statuses import Statuses
from gateway.observability import Metrics
from gateway.state.births import Happening
from wire.topics import Address, Channel, Topics

log = structlog.get_logger(__name__)

MOST_TOPICS = 1_000_000
"""Topics remembered parsed: four for each of 186,100 stations; forgotten all at once beyond."""


class Switchboard:
    """Called on the event loop for every message; returns at once. `accepts` says which stations count."""

    def __init__(  # noqa: PLR0913, PLR0917 - the junction of all parts
        self,
        topics: Topics,
        fleet: Fleet,
        pipeline: Pipeline,
        regions: Regions,
        statuses: Statuses,
        commander: Commander,
        metrics: Metrics,
        clock: Callable[[], int],
        accepts: Callable[[str], bool],
    ) -> None:
        self._topics = topics
        self._fleet = fleet
        self._pipeline = pipeline
        self._regions = regions
        self._statuses = statuses
        self._commander = commander
        self._metrics = metrics
        self._clock = clock
        self._accepts = accepts
        self._addresses: dict[str, Address | None] = {}

    def connected(self) -> None:
        """Frames can arrive from now on."""
        self._statuses.note_broker(Happening.BROKER_BACK, self._clock())
        self._fleet.broker_connected(self._clock())
        self._metrics.broker_up.set(1)
        self._regions.connected()

    def lost(self) -> None:
        """Nothing heard from now on says anything of a station."""
        self._fleet.broker_lost()
        self._metrics.broker_up.set(0)
        self._statuses.note_broker(Happening.BROKER_LOST, self._clock())

    def message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Sort one message."""
        address = self._address(topic)
        if address is None:
            self._hear_other(topic, payload)
        elif self._regions.may_hear(address.region) or self._is_birth_at_take_over(address):
            channel = address.channel
            if channel is Channel.TELEMETRY or channel is Channel.BACKLOG:
                self._pipeline.put(Arrived(topic, address, payload, self._clock()))
            elif channel is Channel.STATUS:
                self._statuses.hear(address, payload, self._clock(), retained=retained)
            elif channel is Channel.RESULT:
                self._commander.hear(address, payload, self._clock())

    def _is_birth_at_take_over(self, address: Address) -> bool:
        """A retained birth comes once, before the claim is ours, and names whom its station obeys."""
        return address.channel is Channel.STATUS and self._regions.is_taking_over(address.region)

    def _hear_other(self, topic: str, payload: bytes) -> None:
        region = self._topics.parse_claim(topic)
        if region is not None:
            self._regions.hear(region, payload)
        elif self._topics.parse(topic) is not None:
            self._metrics.ignored.labels("unknown_station").inc()
        else:
            self._metrics.ignored.labels("topic").inc()

    def _address(self, topic: str) -> Address | None:
        try:
            return self._addresses[topic]
        except KeyError:
            if len(self._addresses) > MOST_TOPICS:
                self._addresses.clear()
            address = self._topics.parse(topic)
            if address is not None and not self._accepts(address.station_id):
                log.warning("unknown_station", station=address.station_id, next="name it in stations.yaml")
                address = None
            self._addresses[topic] = address
            return address
