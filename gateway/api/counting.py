"""What is counted only when Prometheus asks."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.api.services import Services
from gateway.queries.fleet_list import FleetFilter


class ServicesCollector(Collector):
    """Stations by state, open alerts, listeners of the stream, entries that quarantine had no room for."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> list[Metric]:
        """Name nothing beforehand, so that registering asks nobody."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Count now; on the event loop, to which the fleet belongs."""
        services = self._services
        stations = GaugeMetricFamily("yizhan_stations", "Stations by state", labels=["state"])
        for state, count in services.fleet_list.counts(services.clock(), FleetFilter()).items():
            stations.add_metric([state], count)
        yield stations
        yield GaugeMetricFamily(
            "yizhan_stream_listeners", "Clients of the event stream", value=services.feed.listeners
        )
        alerts = GaugeMetricFamily("yizhan_alerts_open", "Open alerts by severity", labels=["severity"])
        for severity, count in services.fleet_list.all_open_alerts().items():
            alerts.add_metric([severity], count)
        yield alerts
        yield CounterMetricFamily(
            "yizhan_stream_changes_lost",
            "Changes slow clients of the stream missed",
            value=services.feed.lost,
        )
        evicted = CounterMetricFamily(
            "yizhan_quarantine_evicted", "Entries quarantine had no room for, by the bound", labels=["bound"]
        )
        for bound, count in services.state.quarantine.evicted().items():
            evicted.add_metric([bound], count)
        yield evicted
