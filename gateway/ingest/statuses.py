"""Births and last wills of stations (contract section 5)."""

from collections.abc import Callable

import structlog

from gateway.domain.fleet import Device, Down, Fleet
from gateway.ingest.outgoing import Outgoing
from gateway.ingest.received import Received
from gateway.ingest.regions import Regions
from gateway.observability import Metrics
from gateway.state.births import Births, Happening, JournalRow, NewestBirth, journal_row
from wire.frames import Birth, Goodbye
from wire.messages import MessageError, decode_status
from wire.topics import Address, Channel, Topics

log = structlog.get_logger(__name__)


class Statuses:
    """Takes what stations say on `status`; the births of a second are written in one transaction."""

    def __init__(
        self,
        topics: Topics,
        received: Received,
        fleet: Fleet,
        regions: Regions,
        table: Births,
        outgoing: Outgoing,
        metrics: Metrics,
    ) -> None:
        self._topics = topics
        self._received = received
        self._fleet = fleet
        self._regions = regions
        self._table = table
        self._outgoing = outgoing
        self._metrics = metrics
        self.told: Callable[[JournalRow], None] = lambda _: None
        """Called with what befalls stations and the link to the broker: the alert engine's ear."""
        self._births: list[NewestBirth] = []
        self._rows: list[JournalRow] = []

    def hear(self, address: Address, payload: bytes, now: int, *, retained: bool) -> None:
        """Take one status; an empty payload only clears a retained one."""
        if not payload:
            return
        try:
            status = decode_status(payload)
        except MessageError as error:
            self._metrics.ignored.labels("bad_status").inc()
            log.warning("bad_status", station=address.station_id, reason=str(error))
            return
        if isinstance(status, Goodbye):
            self._hear_goodbye(address.station_id, status, now)
        else:
            self._hear_birth(address, status, now, retained=retained)

    def note_broker(self, happening: Happening, now: int) -> None:
        """Note that the broker was lost, or is back: a silence meanwhile says nothing of a station."""
        self._note(JournalRow(now, happening, None, {}))

    def note_hands(self, region: str, change: Happening, now: int) -> None:
        """Note that a region and its stations were handed over to another gateway, or taken up from one."""
        if change is Happening.HANDED_OVER:
            self._fleet.hand_over(region)
        else:
            self._fleet.take_up(region)
        rows = [JournalRow(now, change, one.station_id, {}) for one in self._fleet if one.region == region]
        for row in rows:
            self._note(row)

    def note_streams(self, station_id: str, birth: Birth) -> None:
        """Take what a birth says of the station's streams."""
        for summary in birth.streams:
            known = self._received.note_birth(
                station_id, summary.stream, summary.oldest, summary.kept, summary.last, summary.gone
            )
            if not known:
                log.warning("stream_of_another_station", station=station_id, stream=summary.stream)

    def write(self) -> None:
        """Have what came since the last time written."""
        births, self._births = self._births, []
        rows, self._rows = self._rows, []
        if births:
            self._outgoing.write(lambda: self._table.save(*births))
        if rows:
            self._outgoing.write(lambda: self._table.note(*rows))

    def _hear_goodbye(self, station_id: str, goodbye: Goodbye, now: int) -> None:
        if self._fleet.will(station_id, goodbye.session, now, Down(goodbye.state)):
            self._note(JournalRow(now, Happening.WILL, station_id, goodbye.model_dump(mode="json")))

    def _note(self, row: JournalRow) -> None:
        self._rows.append(row)
        self.told(row)

    def _hear_birth(self, address: Address, birth: Birth, now: int, *, retained: bool) -> None:
        station_id, region = address.station_id, address.region
        devices = [Device(item.device, item.domain, item.facility) for item in birth.devices]
        verdict = self._fleet.birth(
            station_id, region, birth.session, now, retained=retained, devices=devices
        )
        if birth.gateway is not None:
            # Also where it is not the newest: a station set back to a backup begins again at a lower session.
            self._regions.hear_of_gateway(region, birth.gateway)
        if not verdict.newest:
            return
        if verdict.moved_from is not None:
            self._clear_retained(verdict.moved_from, station_id)
        said = birth.model_dump(mode="json", by_alias=True)
        newest = NewestBirth(station_id, region, now, retained, birth.session, said)
        self._births.append(newest)
        self.told(journal_row(newest))
        self.note_streams(station_id, birth)

    def _clear_retained(self, region: str, station_id: str) -> None:
        """Leave nothing retained under the region a station left: it would come back as a ghost."""
        for channel in (Channel.STATUS, Channel.CONFIG):
            self._outgoing.publish(self._topics.of(region, station_id, channel), b"", retain=True)
