"""Sees what changed among the alerts, and how many are open, by the journal; at most once a second."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.queries.alerts import AlertList, AlertView
from gateway.queries.feed import StationFeed
from gateway.queries.fleet_list import FleetList

log = structlog.get_logger(__name__)


class AlertWatch:
    """Keeps the counts of the fleet list true and tells listeners; belongs to the event loop."""

    def __init__(self, alert_list: AlertList, fleet_list: FleetList, feed: StationFeed) -> None:
        self._alert_list = alert_list
        self._fleet_list = fleet_list
        self._feed = feed
        self._place: int | None = None
        self._looking = asyncio.Lock()

    async def look(self) -> int:
        """Take up what changed since the last look; return how many alerts did. The first only counts."""
        async with self._looking:
            place, views = await asyncio.to_thread(self._changed, self._place)
            if place != self._place:
                self._fleet_list.count_alerts(await asyncio.to_thread(self._alert_list.alerts.open_counts))
                self._feed.announce(views)
                self._place = place
            return len(views)

    async def run(self, every_s: float = 1.0) -> None:
        """Look for ever; cancel to stop."""
        failing = False
        while True:
            try:
                await self.look()
                failing = False
            except SQLAlchemyError as error:
                log.log(10 if failing else 30, "alerts_not_read", reason=str(error), next="looking again")
                failing = True
            await asyncio.sleep(every_s)

    def _changed(self, before: int | None) -> tuple[int, list[AlertView]]:
        place, alert_ids = self._alert_list.alerts.journalled(before)
        views = [self._alert_list.get(alert_id) for alert_id in reversed(alert_ids)]
        return place, [view for view in views if view is not None]
