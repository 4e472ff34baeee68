"""A broker in a child process of the gateway: rumqttd from the wheel `iotcore`, for demos and small sites."""

import asyncio
import socket
from typing import Self

from iotcore import Broker

from gateway.errors import StartError

MAX_PAYLOAD = 524_288
"""Its default of 20,480 bytes disconnects a station for one large frame; the contract takes 256 KiB."""


def free_port() -> int:
    """Pick a port nobody listens on; rumqttd cannot tell which one it took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class EmbeddedBroker:
    """`async with EmbeddedBroker(port) as broker:` listens on 127.0.0.1:`broker.port`."""

    def __init__(self, port: int) -> None:
        self.port = port or free_port()
        self._broker = Broker(listen="127.0.0.1", port=self.port, max_payload_size=MAX_PAYLOAD)

    async def __aenter__(self) -> Self:
        try:
            await asyncio.to_thread(self._broker.start)
        except (OSError, RuntimeError) as error:
            raise StartError(
                f"the embedded broker cannot listen on 127.0.0.1:{self.port}: {error}"
            ) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._broker.stop)
