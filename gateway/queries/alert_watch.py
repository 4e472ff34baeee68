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
            alerts, told = self._alert_list.alerts, 0
            if self._place is None:
                self._place = await asyncio.to_thread(alerts.journal_end)
                self._fleet_list.count_alerts(await asyncio.to_thread(alerts.open_counts))
            while views := await asyncio.to_thread(self._changed):
                self._feed.announce(views)
                told += len(views)
            if told:
                self._fleet_list.count_alerts(await asyncio.to_thread(alerts.open_counts))
            return told

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

    def _changed(self) -> list[AlertView]:
        self._place, rows = self._alert_list.alerts.journalled(self._place or 0)
        return list(map(self._alert_list.view, rows))
