"""What a station says of itself: birth, last will, goodbye (contract, section 5)."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import orjson

from station_agent.delivery import Delivery
from station_agent.notebook import Notebook
from station_agent.outbox import Outbox
from wire.frames import Birth, DeviceInfo, Goodbye, StreamSummary

MOST_STREAMS = 1_000
MOST_DEVICES = 1_000

VERSION = version("yizhan")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the agent: the boot it happens in, and when it began (ms)."""

    boot_id: str
    started: int


class Births:
    """Writes the payloads of the channel ``status``."""

    def __init__(
        self,
        run: Run,
        notebook: Notebook,
        outbox: Outbox,
        delivery: Delivery,
        devices: Callable[[], list[DeviceInfo]],
    ) -> None:
        self.boot_id = run.boot_id
        self._run = run
        self._notebook = notebook
        self._outbox = outbox
        self._delivery = delivery
        self._devices = devices
        self._session = 0
        self._told: list[DeviceInfo] = []

    @property
    def news(self) -> bool:
        """Whether a device reports that no birth has named yet."""
        return self._devices() is not self._told

    def next_will(self) -> bytes:
        """Raise the session on disk and return the last will of its connection."""
        self._session = self._notebook.raise_session()
        return _encode(Goodbye(state="lost", session=self._session))

    def birth(self) -> bytes:
        """Return the birth of the present session; the newest streams, if there are too many to name."""
        self._told = self._devices()
        streams = self._outbox.stream_states()[-MOST_STREAMS:]
        return _encode(
            Birth(
                session=self._session,
                boot_id=self._run.boot_id,
                gateway=self._delivery.gateway,
                version=VERSION,
                started=self._run.started,
                streams=[
                    StreamSummary(
                        stream=state.stream,
                        oldest=state.oldest,
                        kept=state.kept,
                        last=state.last,
                        gone=state.gone,
                    )
                    for state in streams
                ],
                parked=self._outbox.parked_count,
                devices=self._told[:MOST_DEVICES],
            )
        )

    def goodbye(self, reason: str) -> bytes:
        """Return what a clean stop says."""
        return _encode(Goodbye(state="stopped", session=self._session, reason=reason))


def _encode(message: Birth | Goodbye) -> bytes:
    content = message.model_dump(mode="json", exclude_none=True)
    if isinstance(message, Birth):
        content["gateway"] = message.gateway
    return orjson.dumps(content)
