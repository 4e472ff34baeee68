"""What the broker does to a gateway that pauses: measured on the broker itself, told once, never in the way.

Nothing is lost when a broker drops messages, for stations keep every frame until it is acknowledged; but
everything dropped has to be sent again, and live data come late.
"""

import math
import time
from dataclasses import dataclass

import structlog

from gateway.ingest.probe import Probe, ProbeError
from gateway.ingest.subscriber import BrokerSettings
from gateway.observability import Metrics
from wire.compression import MAX_PAYLOAD

log = structlog.get_logger(__name__)

DEADLINE_S = 5.0
"""Of the whole measurement, connecting included; the flood itself takes a fraction of a second."""
MESSAGES = 4_000
MESSAGE_BYTES = 4_096
"""Together 16 MB: what socket buffers hold (up to 6 MB on Linux), and well over 1,000 messages besides."""
FRAME_EVERY_S = 10.0
"""A station sends about a frame in ten seconds: one point per series per 10 s."""


@dataclass(frozen=True, slots=True)
class BrokerLimits:
    """What a reader that paused got of `sent` messages, and whether the largest frame came through."""

    sent: int
    arrived: int
    carries_largest: bool

    @property
    def drops(self) -> bool:
        """Whether the broker dropped messages for a slow reader."""
        return self.arrived < self.sent


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on a broker: what is wrong with it, or nothing.

    `stall_s` is the pause it bridges: infinite without a limit, NaN when it was not measured.
    """

    stall_s: float = math.nan
    complaints: tuple[str, ...] = ()
    unmeasured: str | None = None

    @property
    def text(self) -> str:
        """One line for logs and people."""
        if self.unmeasured is not None:
            return f"not measured: {self.unmeasured}"
        return "; ".join(self.complaints) or "ok"


def measure(url: str, settings: BrokerSettings, topic: str, client_id: str) -> BrokerLimits:
    """Flood a reader that does not read, then let it read and count; ProbeError when that cannot be done.

    Blocks for at most `DEADLINE_S`. `topic` is one that nobody else reads.
    """
    deadline = time.monotonic() + DEADLINE_S
    with (
        Probe(f"{client_id}-reader", url, settings, deadline) as reader,
        Probe(f"{client_id}-writer", url, settings, deadline) as writer,
    ):
        reader.connect()
        reader.subscribe(topic)
        writer.connect()
        arrived = _flood(reader, writer, topic)
        return BrokerLimits(MESSAGES, arrived, _carries_largest(reader, writer, topic))


def judge(limits: BrokerLimits, stations: int) -> Finding:
    """Say what limits mean for a fleet of so many stations."""
    complaints = []
    stall_s = math.inf
    if limits.drops:
        rate = max(stations, 1) / FRAME_EVERY_S
        stall_s = limits.arrived / rate
        complaints.append(
            f"the broker dropped {limits.sent - limits.arrived} of {limits.sent} messages for a slow reader: "
            f"at {rate:g} frames/s of {stations} stations it bridges a pause of about {stall_s:.0f} s, and "
            "longer ones are sent again by the stations; set max_queued_messages 0 and max_queued_bytes "
            "as in deploy/mosquitto/mosquitto.conf"
        )
    if not limits.carries_largest:
        complaints.append(
            f"the broker does not carry a frame of {MAX_PAYLOAD} bytes: raise its limit on messages"
        )
    return Finding(stall_s, tuple(complaints))


def examine(url: str, settings: BrokerSettings, topic: str, client_id: str, stations: int) -> Finding:
    """Measure and judge; blocks for seconds, raises nothing."""
    try:
        return judge(measure(url, settings, topic, client_id), stations)
    except ProbeError as error:
        return Finding(unmeasured=str(error))


def tell(finding: Finding, metrics: Metrics) -> None:
    """Say a finding once: loudly when it is bad, in metrics always."""
    metrics.broker_stall_seconds.set(finding.stall_s)
    metrics.broker_complaints.set(len(finding.complaints))
    if finding.complaints:
        log.warning("broker_limits", found=finding.text, next="nothing is lost; live data may come late")
    elif finding.unmeasured is not None:
        log.warning("broker_not_examined", reason=finding.unmeasured, next="yizhan gateway check-broker")
    else:
        log.info("broker_examined", found=finding.text)


def _flood(reader: Probe, writer: Probe, topic: str) -> int:
    """Return how many of `MESSAGES` come to a reader that began to read when all were with the broker."""
    try:
        for _ in range(MESSAGES):
            writer.publish(topic, bytes(MESSAGE_BYTES))
        writer.wait_for_answer()
    except ProbeError as error:
        # a broker may end the session of a client that publishes where it may not
        raise ProbeError(f"{error}; the access list has to allow {topic}") from error
    arrived = reader.wait_for_answer()
    if not arrived:
        raise ProbeError(f"nothing came back; the access list has to allow {topic}")
    return arrived


def _carries_largest(reader: Probe, writer: Probe, topic: str) -> bool:
    try:
        writer.publish(topic, bytes(MAX_PAYLOAD))
        writer.wait_for_answer()
        return reader.wait_for_answer() == 1
    except ProbeError:
        return False
