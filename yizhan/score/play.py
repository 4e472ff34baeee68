"""One story from the station to the people who would be told, on virtual time."""

from collections.abc import Sequence
from operator import attrgetter

from catalogue.catalogue import Catalogue
from catalogue.loading import load
from gateway.alerting.engine import Engine, Facts
from gateway.domain.alerts import Transition
from gateway.domain.fleet import Device, Down
from gateway.domain.registry import Registry, StationSpec
from gateway.ingest.decoding import Arrived
from gateway.state.births import Happening, JournalRow
from simulators.scenarios import Scenario
from wire.frames import Goodbye
from wire.messages import decode_status
from wire.topics import Channel
from yizhan.score.attendance import Attendance
from yizhan.score.courier import Courier
from yizhan.score.intake import Intake
from yizhan.score.judging import Heard
from yizhan.score.telling import People

STRIDE_MS = 3_600_000
"""The engine gives the same transitions however frames are cut into batches: an hour at once is cheap."""


class Gatehouse:
    """A gateway for one station: intake and engine, and what they said."""

    def __init__(self, story: Scenario, catalogue: Catalogue | None = None) -> None:
        self._story = story
        self._catalogue = catalogue or load()
        self._attendance = Attendance()
        self._courier = Courier(story, self._attendance)
        self._intake = Intake()
        registry = Registry([StationSpec.model_validate(story.site.yaml_row())])
        facts = Facts(self._intake.series.known, self._intake.sources, registry, self._catalogue.parameter)
        self.engine = Engine(self._catalogue.rules.values(), facts)

    def play(self) -> Heard:
        """Live through the whole story, and tell people what of its faults they would be told.

        Raises:
            RuntimeError: a rule failed.
        """
        transitions = self._judged()
        if not self._story.faults:
            return Heard(transitions, (), self._attendance)
        boots = [at for fault in self._story.faults for at in fault.boots()]
        with People.of(self._story, self._catalogue, boots) as people:
            people.hear(transitions, self._story.end_ms)
            return Heard(transitions, people.told(), self._attendance)

    def _judged(self) -> list[Transition]:
        transitions: list[Transition] = []
        for start in range(self._story.start_ms, self._story.end_ms, STRIDE_MS):
            end = min(start + STRIDE_MS, self._story.end_ms)
            transitions += self._take(self._courier.carry(end), end)
        if self.engine.off:
            raise RuntimeError(f"rules failed: {self.engine.off}")
        return sorted(transitions, key=attrgetter("received"))

    def _take(self, arrived: Sequence[Arrived], now: int) -> list[Transition]:
        frames = [one for one in arrived if one.address.channel is not Channel.STATUS]
        happenings = [
            row for one in arrived if one.address.channel is Channel.STATUS for row in self._hear(one)
        ]
        batch = self._intake.take(frames)
        if batch is None:
            return self.engine.advance(now, happenings)
        return [*self.engine.take(batch, happenings), *self.engine.advance(now)]

    def _hear(self, message: Arrived) -> list[JournalRow]:
        """Let a birth or a last will happen, as the gateway's journal has it."""
        status, fleet = decode_status(message.payload), self._intake.fleet
        station_id, at = message.address.station_id, message.received
        payload = status.model_dump(mode="json", by_alias=True)
        if isinstance(status, Goodbye):
            newest = fleet.will(station_id, status.session, at, Down(status.state))
            return [JournalRow(at, Happening.WILL, station_id, payload)] if newest else []
        devices = [Device(one.device, one.domain, one.facility) for one in status.devices]
        fleet.birth(station_id, message.address.region, status.session, at, retained=False, devices=devices)
        return [JournalRow(at, Happening.BIRTH, station_id, payload)]
