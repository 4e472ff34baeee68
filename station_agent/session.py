"""One connection to the broker.

Paho runs its network in a thread; its callbacks only put what happened on the event loop. A client is
never used for a second connection: paho would send again, on the live lane and with an old ``sent``, what
it still had in memory.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from station_agent.config import BrokerSettings

LARGEST_MESSAGE = 65_536
_PROTOCOLS = {"3.1.1": MQTTProtocolVersion.MQTTv311, "5": MQTTProtocolVersion.MQTTv5}
_REFUSALS = {"Bad user name or password", "Not authorized", "Client identifier not valid", "Banned"}


class RefusedError(Exception):
    """The broker does not take us as we are; a person has to change settings, here or there."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds, before a connection counts as dead."""

    keep_alive: int = 30
    connect: float = 5.0
    puback: float = 60.0

    @property
    def silence(self) -> float:
        """The longest time without any packet: one and a half keep-alives."""
        return 1.5 * self.keep_alive


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says in our name when we vanish."""

    topic: str
    payload: bytes


class Listener(Protocol):
    """Whom an uplink tells what happened, always on the event loop."""

    def will(self) -> Will:
        """Return the last will of the connection about to be opened."""
        ...

    def connected(self) -> None:
        """The broker took us, and our subscriptions are on their way."""
        ...

    def disconnected(self) -> None:
        """The connection is gone, and with it all that was in flight."""
        ...

    def heard(self, topic: str, payload: bytes) -> None:
        """A message came."""
        ...

    def room_again(self) -> None:
        """The broker has taken a publish."""
        ...


class Session:
    """A client from its connection to its end."""

    def __init__(
        self, settings: BrokerSettings, station_id: str, listener: Listener, patience: Patience
    ) -> None:
        self._patience = patience
        self._listener = listener
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._accepted: asyncio.Future[None] = self._loop.create_future()
        self._lost: asyncio.Future[str] = self._loop.create_future()
        self._in_flight: dict[int, float] = {}
        self._idle = asyncio.Event()
        self._last_packet = time.monotonic()
        self._client = self._make_client(station_id)

    @property
    def up(self) -> bool:
        """Whether the broker accepted us and has not gone since."""
        return self._accepted.done() and not self._lost.done()

    @property
    def in_flight(self) -> int:
        """How many publishes have no PUBACK yet."""
        return len(self._in_flight)

    async def open(self, subscriptions: Sequence[tuple[str, int]]) -> None:
        """Connect and subscribe; OSError, TimeoutError, or RefusedError when the broker does not want us."""
        connecting = asyncio.ensure_future(
            asyncio.to_thread(
                self._client.connect,
                self._settings.host,
                self._settings.port,
                keepalive=self._patience.keep_alive,
            )
        )
        try:
            await asyncio.shield(connecting)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await connecting  # its thread cannot be stopped, and would leave a socket behind
            raise
        self._client.loop_start()
        async with asyncio.timeout(self._patience.connect):
            await asyncio.wait((self._accepted, self._lost), return_when=asyncio.FIRST_COMPLETED)
        if not self._accepted.done():
            raise ConnectionError(self._lost.result())
        self._accepted.result()
        self._client.subscribe(list(subscriptions))

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish with QoS 1."""
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        if sent.rc is paho.MQTT_ERR_SUCCESS:
            self._in_flight[sent.mid] = time.monotonic()

    async def end(self) -> str:
        """Return why the connection ended, or should: it is silent, or a publish is never answered."""
        while not self._lost.done():
            await asyncio.wait((self._lost,), timeout=1.0)
            now = time.monotonic()
            if now - self._last_packet > self._patience.silence:
                return f"no packet for {self._patience.silence:g} s"
            if now - next(iter(self._in_flight.values()), now) > self._patience.puback:
                return f"a publish was not acknowledged for {self._patience.puback:g} s"
        return self._lost.result()

    async def drained(self, seconds: float) -> None:
        """Return when nothing is in flight any more, or after ``seconds``."""
        if self._in_flight and self.up:
            self._idle.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._idle.wait()

    async def close(self, *, clean: bool) -> None:
        """End the connection; ``clean`` tells the broker, which then keeps the last will to itself."""
        if clean:
            self._client.disconnect()
            await asyncio.wait((self._lost,), timeout=1.0)
        connection = self._client.socket()
        if isinstance(connection, socket.socket):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        # Without the shutdown paho's thread would wait for PUBACKs that never come.
        await asyncio.to_thread(self._client.loop_stop)

    def _make_client(self, station_id: str) -> paho.Client:
        settings = self._settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=station_id,
            clean_session=None if settings.protocol == "5" else True,
            protocol=_PROTOCOLS[settings.protocol],
            reconnect_on_failure=False,
        )
        client.username_pw_set(
            station_id, settings.password.get_secret_value() if settings.password else None
        )
        if settings.tls:
            client.tls_set(_text(settings.ca), _text(settings.cert), _text(settings.key))
        client.connect_timeout = self._patience.connect
        will = self._listener.will()
        client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_log = self._on_log
        return client

    # -- in paho's thread

    def _on_connect(self, _client: paho.Client, _data: Any, _flags: Any, code: ReasonCode,  # noqa: ANN401 - paho gives what it was given
                    _properties: Properties | None) -> None:  # fmt: skip
        self._post(self._answered, code.getName(), code.is_failure)

    def _on_disconnect(self, _client: paho.Client, _data: Any, _flags: Any, code: ReasonCode,  # noqa: ANN401 - paho gives what it was given
                       _properties: Properties | None) -> None:  # fmt: skip
        self._post(self._ended, code.getName())

    def _on_publish(self, _client: paho.Client, _data: Any, mid: int, _code: ReasonCode,  # noqa: ANN401 - paho gives what it was given
                    _properties: Properties) -> None:  # fmt: skip
        self._post(self._taken, mid)

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:  # noqa: ANN401 - paho gives what it was given
        if len(message.payload) <= LARGEST_MESSAGE:
            self._post(self._listener.heard, message.topic, message.payload)

    def _on_log(self, _client: paho.Client, _data: Any, _level: int, line: str) -> None:  # noqa: ANN401 - paho gives what it was given
        # The only public place where paho tells of a PINGRESP.
        if line.startswith("Received"):
            self._last_packet = time.monotonic()

    def _post(self, what: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self._loop.call_soon_threadsafe(what, *arguments)

    # -- back on the event loop

    def _answered(self, name: str, failed: bool) -> None:  # noqa: FBT001 - passed on by call_soon
        if self._accepted.done():
            return
        if not failed:
            self._accepted.set_result(None)
        elif name in _REFUSALS:
            self._accepted.set_exception(RefusedError(f"the broker refuses this station: {name}"))
        else:
            self._accepted.set_exception(ConnectionError(f"the broker answered: {name}"))

    def _ended(self, name: str) -> None:
        if not self._lost.done():
            self._lost.set_result(f"the connection ended: {name}")

    def _taken(self, mid: int) -> None:
        self._in_flight.pop(mid, None)
        if not self._in_flight:
            self._idle.set()
        self._listener.room_again()


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
