"""What the mirror counts; names are part of the contract (`yizhan_mirror_…`)."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class MirrorMetrics:
    """Counters and lag of one mirror, in the gateway's registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.up = Gauge("yizhan_mirror_up", "1 while the mirror is written to", registry=registry)
        self.lag_frames = Gauge(
            "yizhan_mirror_lag_frames", "Stored frames that are not in the mirror", registry=registry
        )
        self.lag_seconds = Gauge(
            "yizhan_mirror_lag_seconds",
            "How long ago the oldest frame was received that is not in the mirror",
            registry=registry,
        )
        self.points = Counter(
            "yizhan_mirror_points", "Values written to the mirror", ("source",), registry=registry
        )
        self.refused = Counter(
            "yizhan_mirror_refused",
            "Lines it will never have: refused by the server for good, or older than their class is kept",
            ("reason",),
            registry=registry,
        )
        self.failures = Counter(
            "yizhan_mirror_failures", "Attempts that the server did not take", ("reason",), registry=registry
        )
        self.unproven = Counter(
            "yizhan_mirror_unproven", "Values accepted that could not be read back", registry=registry
        )
        self.dropped = Counter(
            "yizhan_mirror_dropped",
            "States of the fleet, one a minute, that were not written while the server was away",
            registry=registry,
        )
