"""Where a station stands among the topics."""

from dataclasses import dataclass

from wire.topics import Channel, Topics


@dataclass(frozen=True)
class Place:
    """Where the station stands among the topics."""

    region: str
    station_id: str
    topics: Topics

    def topic(self, channel: Channel) -> str:
        """Return the topic of one of the station's channels."""
        return self.topics.of(self.region, self.station_id, channel)

    @property
    def claim(self) -> str:
        """The topic on which gateways claim the region."""
        return self.topics.claim(self.region)

    @property
    def subscriptions(self) -> list[tuple[str, int]]:
        """What a station reads, with the QoS."""
        return [
            (self.topic(Channel.ACK), 0),
            (self.topic(Channel.CONFIG), 1),
            (self.topic(Channel.COMMAND), 1),
            (self.claim, 1),
        ]
