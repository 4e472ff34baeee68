"""Logs and metrics. Every drop has a counter and a reason; names are part of the contract (`yizhan_…`)."""

import logging
import math
import sys

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

UNKNOWN_NAMES = 200
"""So many names of unknown fields are told apart in metrics; the names come from outside, memory does not."""


class Metrics:
    """The counters of one gateway, in a registry of its own so that two can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = self._counter
        self.frames = counter("frames", "Frames received on either lane")
        self.points = counter("points", "Values of fields handed to the store")
        self.duplicates = counter("duplicates", "Further copies of frames known already")
        self.acks = counter("acks", "Acknowledgements published")
        self.quarantined = counter("quarantined", "Frames and readings put into quarantine", "reason")
        self.dropped = counter(
            "dropped",
            "Messages dropped before decoding (inbox_full; their stations send them again), and rejected "
            "readings beyond what quarantine takes of one frame (quarantine_of_frame)",
            "reason",
        )
        self.ignored = counter("ignored", "Messages that say nothing to this gateway", "reason")
        self.commands = counter("commands", "Commands published", "name")
        self.messages = counter(
            "messages", "Requests to channels of people, by what came of them", "channel", "outcome"
        )
        self.alerts_kept = counter(
            "alerts_kept",
            "Alerts kept from people, for a while or altogether, by the stage of policy",
            "reason",
        )
        self._unknown = counter("unknown_fields", "Fields of readings that nobody declared, dropped", "field")
        self._names: set[str] = set()
        self.commit_seconds = counter("commit_seconds", "Time spent making batches durable")
        self.inbox_bytes = Gauge(
            "yizhan_inbox_bytes", "Bytes of frames waiting in memory", registry=self.registry
        )
        self.store_up = Gauge("yizhan_store_up", "1 while batches become durable", registry=self.registry)
        self.broker_stall_seconds = Gauge(
            "yizhan_broker_stall_seconds",
            "Pause the broker bridges before it drops messages: +Inf without a limit, NaN when not measured",
            registry=self.registry,
        )
        self.broker_stall_seconds.set(math.nan)
        self.broker_complaints = Gauge(
            "yizhan_broker_complaints",
            "What the preflight found wrong with the broker's limits",
            registry=self.registry,
        )
        self.broker_up = Gauge("yizhan_broker_up", "1 while the broker is connected", registry=self.registry)

    def unknown_fields(self, name: str) -> Counter:
        """Return the counter of an unknown field, or the one of all further names."""
        if name not in self._names and len(self._names) >= UNKNOWN_NAMES:
            name = "(others)"
        self._names.add(name)
        return self._unknown.labels(name)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"yizhan_{name}", text, labels, registry=self.registry)


def configure_logs(*, verbose: bool = False) -> None:
    """Send logs to stderr, readable on a terminal and as JSON lines elsewhere."""
    # it tells of every lost connection in words of its own; `broker_lost` says it once
    logging.getLogger("gmqtt").setLevel(logging.CRITICAL)
    renderer = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
