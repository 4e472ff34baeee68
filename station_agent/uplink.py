"""Keeps one MQTT session alive, carrying out what delivery decides."""

import asyncio
import random
from collections.abc import Sequence

import structlog

from station_agent.config import BrokerSettings
from station_agent.session import Listener, Patience, RefusedError, Session

IN_FLIGHT = 12
"""Frames without PUBACK at a time; paho would begin to queue in memory at 20."""
STABLE_S = 30.0
"""A session that lasted this long ends a series of failures."""
REFUSED_S = 300.0
"""The longest wait after a broker refused who we are: that needs a person."""
GOODBYE_S = 3.0

log = structlog.get_logger()


class Uplink:
    """Keeps one session alive: connects, watches, rebuilds, and waits longer after each failure."""

    def __init__(self, settings: BrokerSettings, station_id: str, subscriptions: Sequence[tuple[str, int]],
                 rng: random.Random, patience: Patience) -> None:  # fmt: skip
        """``subscriptions`` are (topic, QoS); ``rng`` spreads the attempts of many stations."""
        self.reconnects_total = 0
        self._settings = settings
        self._station_id = station_id
        self._subscriptions = list(subscriptions)
        self._rng = rng
        self._patience = patience
        self._session: Session | None = None
        self._failures = 0
        self._complained = False
        self._closing = asyncio.Event()
        self._connections = 0

    @property
    def up(self) -> bool:
        """Whether a publish can go out now."""
        return self._session is not None and self._session.up

    @property
    def room(self) -> bool:
        """Whether another frame may be published without waiting in paho's memory."""
        return self._session is not None and self._session.up and self._session.in_flight < IN_FLIGHT

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish with QoS 1; without a connection nothing happens, since delivery will ask again."""
        if self._session is not None and self._session.up:
            self._session.publish(topic, payload, retain=retain)

    async def run(self, listener: Listener) -> None:
        """Connect again and again until cancelled or closed."""
        while not self._closing.is_set():
            began = asyncio.get_running_loop().time()
            ceiling = self._settings.reconnect_max
            try:
                await self._connection(listener)
            except RefusedError as error:
                ceiling = max(ceiling, REFUSED_S)
                self._complain(error)
            except OSError as error:
                if self._closing.is_set():
                    return
                self._complain(error)
            lasted = asyncio.get_running_loop().time() - began
            self._failures = 1 if lasted > STABLE_S else min(self._failures + 1, 16)
            await asyncio.sleep(self._rng.uniform(0, min(ceiling, 2.0 ** (self._failures - 1))))

    async def close(self, topic: str, goodbye: bytes) -> None:
        """Say goodbye, wait until the broker has it, and leave."""
        self._closing.set()
        session, self._session = self._session, None
        if session is None:
            return
        if session.up:
            session.publish(topic, goodbye, retain=True)
            await session.drained(GOODBYE_S)
        await session.close(clean=True)

    async def _connection(self, listener: Listener) -> None:
        session = self._session = Session(self._settings, self._station_id, listener, self._patience)
        connected = False
        try:
            await session.open(self._subscriptions)
            connected = True
            self._rejoice()
            listener.connected()
            raise ConnectionError(await session.end())
        finally:
            if connected:
                listener.disconnected()
            if self._session is session:
                self._session = None
                await session.close(clean=False)

    def _complain(self, error: Exception) -> None:
        level = log.debug if self._complained else log.warning
        self._complained = True
        level("no connection to the broker", broker=self._settings.url, reason=str(error) or repr(error))

    def _rejoice(self) -> None:
        self._complained = False
        log.info("connected to the broker", broker=self._settings.url)
        self.reconnects_total += 1 if self._connections else 0
        self._connections += 1
