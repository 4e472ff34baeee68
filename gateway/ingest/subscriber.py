"""The gateway's MQTT session: messages in, messages out, connected again whenever it was lost.

Frames come at QoS 0: the acknowledgement of the contract is the delivery. Reading the socket never waits.
"""

import asyncio
import random
import ssl
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import structlog
from gmqtt import Client, Subscription
from gmqtt.mqtt.constants import MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.domain.secrets import Secret
from gateway.errors import StartError

log = structlog.get_logger(__name__)

RECONNECT_CEILING_S = 30.0
KEEP_ALIVE_S = 30
CONNECT_S = 10.0
REST_S = 0.01
"""How long the socket is left alone after a frame: woken for every few, receiving costs twice as much."""
_KIND_AND_QOS, _PUBLISH_QOS_0 = 0xF6, 0x30
"""Of the first byte of a packet (MQTT 3.1.1, 2.2 and 3.3.1)."""
NEVER = -2
"""What keeps gmqtt from connecting again by itself: 0 means once, -1 for ever."""


class BrokerSettings(BaseModel):
    """Where the broker is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = Field(None, description="`mqtt://host:port` or `mqtts://host:port`.")
    username: str | None = Field(None, description="User name; the broker's ACL decides what it may read.")
    password: Secret | None = Field(None, description="Password, or the path of a file that holds it.")
    ca: Path | None = Field(
        None, description="Certificates that may sign the broker's (PEM); default: the system's."
    )
    cert: Path | None = Field(None, description="This gateway's certificate (PEM).")
    key: Path | None = Field(None, description="The key of `cert` (PEM).")
    embedded: bool = Field(default=False, description="Run a broker inside, for demos and small sites.")
    port: int = Field(0, ge=0, le=65535, description="Port of the embedded broker; 0 picks a free one.")

    @model_validator(mode="after")
    def _one_broker(self) -> "BrokerSettings":
        if self.embedded == (self.url is not None):
            raise ValueError("give either url: mqtt://host:port or embedded: true")
        if self.url is not None:
            host_and_port(self.url)
        return self

    @model_validator(mode="after")
    def _cert_has_its_key(self) -> "BrokerSettings":
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key belong together")
        return self

    @model_validator(mode="after")
    def _files_can_be_read(self) -> "BrokerSettings":
        for name, path in (("ca", self.ca), ("cert", self.cert), ("key", self.key)):
            try:
                if path is not None:
                    path.open("rb").close()
            except OSError as error:
                raise ValueError(f"{name} {path}: {error.strerror}") from None
        return self

    @model_validator(mode="after")
    def _files_make_up_tls(self) -> "BrokerSettings":
        if self.url is not None:
            try:
                tls_context(self.url, self)
            except StartError as error:
                raise ValueError(str(error)) from None
        return self


def host_and_port(url: str) -> tuple[str, int]:
    """Return where a broker's URL leads; ValueError for one that leads nowhere."""
    parts = urlsplit(url)
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        raise ValueError("url is mqtt://host:port or mqtts://host:port")
    return parts.hostname, parts.port or (8883 if parts.scheme == "mqtts" else 1883)


def tls_context(url: str, settings: BrokerSettings) -> ssl.SSLContext | None:
    """Return how to speak to an mqtts:// broker, None for mqtt://; StartError for files it cannot read."""
    if not url.startswith("mqtts://"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca)
    except OSError as error:
        raise StartError(f"ca {settings.ca}: {error}") from error
    if settings.cert is not None:
        try:
            context.load_cert_chain(settings.cert, settings.key)
        except OSError as error:
            raise StartError(f"cert {settings.cert}, key {settings.key}: {error}") from error
    return context


class Listener(Protocol):
    """Who is told what comes over the session; called on the event loop, returns at once."""

    def connected(self) -> None:
        """The session is up and subscribed."""

    def lost(self) -> None:
        """The session is down; it will be built again."""

    def message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """One message came."""


class _Client(Client):  # type: ignore[misc]  # gmqtt has no types
    def __init__(self, client_id: str, listener: Listener) -> None:
        super().__init__(client_id, clean_session=True)
        self._listener = listener
        self._resting = False
        self._handle_other = self._package_handler._handle_packet  # noqa: SLF001 - there is no other way in
        self._package_handler._handle_packet = self._handle_packet  # noqa: SLF001 - nor another way in

    def _handle_packet(self, cmd: int, packet: bytes) -> None:
        """Read a PUBLISH of QoS 0 here: gmqtt compiles two formats and fills three log records for it."""
        if cmd & _KIND_AND_QOS != _PUBLISH_QOS_0:
            self._handle_other(cmd, packet)
            return
        if not self._resting:
            self._rest()
        end = 2 + int.from_bytes(packet[:2], "big")
        # what raises here is told by the caller, and the next packet is read
        self._listener.message(packet[2:end].decode(), packet[end:], retained=bool(cmd & 1))

    def _rest(self) -> None:
        """Let frames gather in the socket, and take them at once."""
        self._resting = True
        transport = self._connection._transport  # noqa: SLF001 - there is no other way to it
        transport.pause_reading()
        asyncio.get_running_loop().call_later(REST_S, self._go_on, transport)

    def _go_on(self, transport: asyncio.Transport) -> None:
        self._resting = False
        if not transport.is_closing():
            transport.resume_reading()

    def send_packets(self, packets: bytes) -> None:
        """Write encoded packets in one go: gmqtt's own publish costs three times the packet."""
        self._connection.send_package(packets)

    async def abandon(self) -> None:
        """Close a connection that never came up."""
        if self._connection is not None:
            await self._connection.close()


class Subscriber:
    """One session, rebuilt by `run` until cancelled."""

    def __init__(
        self,
        client_id: str,
        url: str,
        settings: BrokerSettings,
        subscriptions: Iterable[tuple[str, int]],
        listener: Listener,
    ) -> None:
        self.url = url
        self._client_id = client_id
        self._settings = settings
        self._subscriptions = [Subscription(topic, qos=qos) for topic, qos in subscriptions]
        self._listener = listener
        self._client: _Client | None = None
        self.connected = asyncio.Event()
        self._down = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        """Whether messages can be sent."""
        return self._client is not None

    async def run(self) -> None:
        """Keep a session; cancel to say goodbye. `connected` is set from the first one on."""
        failures = 0
        while True:
            try:
                await self._connect()
            except (OSError, MQTTConnectError, TimeoutError, StartError) as error:
                self._tell_failure(error, failures)
                ceiling = min(RECONNECT_CEILING_S, 0.5 * 2 ** min(failures, 6))
                failures += 1
                await asyncio.sleep(random.uniform(0.1, ceiling))  # noqa: S311 - jitter, not a secret
                continue
            log.info("broker_connected", url=self.url, after_failures=failures)
            failures = 0
            self.connected.set()
            try:
                await self._down.wait()
            finally:
                await self._disconnect()
            log.warning("broker_lost", url=self.url, next="connecting again")
            await asyncio.sleep(random.uniform(0.1, 1.0))  # noqa: S311 - jitter, not a secret

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Send one message; False while there is no session."""
        if self._client is None:
            return False
        self._client.publish(topic, payload, qos=qos, retain=retain)
        return True

    def send(self, packets: bytes) -> bool:
        """Send encoded packets (see `publish_packet`); False while there is no session."""
        if self._client is None:
            return False
        self._client.send_packets(packets)
        return True

    async def _connect(self) -> None:
        client = _Client(self._client_id, self._listener)
        client.set_config({"reconnect_retries": NEVER})
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        if self._settings.username is not None:
            password = self._settings.password
            client.set_auth_credentials(
                self._settings.username, password.get_secret_value() if password is not None else None
            )
        self._down.clear()
        tls = tls_context(self.url, self._settings) or False
        host, port = host_and_port(self.url)
        connecting = client.connect(
            host, port, ssl=tls, keepalive=KEEP_ALIVE_S, version=MQTTv311, raise_exc=True
        )
        try:
            await asyncio.wait_for(connecting, CONNECT_S)
        except BaseException:
            # left open, it would come up when a frozen broker thaws, and fight its successor for the session
            await client.abandon()
            raise
        self._client = client
        client.subscribe(self._subscriptions)
        self._listener.connected()

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        self._listener.lost()
        if client is not None:
            await client.disconnect()

    def _on_message(
        self, _client: Client, topic: str, payload: bytes, _qos: int, properties: dict[str, int]
    ) -> int:
        self._listener.message(topic, payload, retained=bool(properties["retain"]))
        return 0

    def _on_disconnect(self, client: Client, _packet: object, _exc: object = None) -> None:
        if client is self._client:  # an older one's farewell may come late
            self._down.set()

    def _tell_failure(self, error: Exception, failures: int) -> None:
        tell = log.warning if failures == 0 else log.debug
        tell(
            "broker_unreachable", url=self.url, reason=str(error) or type(error).__name__, next="trying again"
        )


def publish_packet(topic: bytes, payload: bytes) -> bytes:
    """Encode a QoS 0 PUBLISH of MQTT 3.1.1."""
    return framed(with_length(topic) + payload)


def with_length(topic: bytes) -> bytes:
    """Encode a topic as a PUBLISH carries it."""
    return len(topic).to_bytes(2, "big") + topic


def framed(publish: bytes) -> bytes:
    """Put the fixed header before a QoS 0 PUBLISH, topic and payload."""
    return _publish_head(len(publish)) + publish


@lru_cache(4096)
def _publish_head(length: int) -> bytes:
    head = bytearray(b"\x30")
    while True:
        length, digit = length >> 7, length & 0x7F
        head.append(digit | 0x80 if length else digit)
        if not length:
            return bytes(head)
