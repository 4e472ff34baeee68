"""Stories from the station to the people who would be told, on virtual time."""

from collections.abc import Sequence
from heapq import merge
from operator import attrgetter

from catalogue.catalogue import Catalogue
from gateway.alerting.detection.engine import Engine, Facts
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
from yizhan.score.judging import Heard, Told
from yizhan.score.telling import People

STRIDE_MS = 3_600_000
"""The engine gives the same transitions however frames are cut into batches: an hour at once is cheap."""


class Gatehouse:
    """One gateway for stories that begin and end together, each of another station."""

    def __init__(self, stories: Sequence[Scenario], catalogue: Catalogue) -> None:
        self._stories, self._catalogue = stories, catalogue
        self._attendance = [Attendance() for _ in stories]
        self._couriers = [Courier(*pair) for pair in zip(stories, self._attendance, strict=True)]
        self._intake = Intake()
        registry = Registry([StationSpec.model_validate(story.site.yaml_row()) for story in stories])
        facts = Facts(self._intake.series.known, self._intake.sources, registry, catalogue.parameter)
        self.engine = Engine(catalogue.rules.values(), facts)

    def play(self) -> list[Heard]:
        """Live through the stories; of faults, people are told what they would be told.

        Raises:
            RuntimeError: a rule failed.
        """
        transitions = self._judged()
        heard = []
        for story, attendance in zip(self._stories, self._attendance, strict=True):
            theirs = [one for one in transitions if one.key.station_id == story.site.station_id]
            heard.append(Heard(theirs, self._told(story, theirs), attendance))
        return heard

    def _told(self, story: Scenario, transitions: Sequence[Transition]) -> Sequence[Told]:
        if not story.faults:
            return ()
        boots = [at for fault in story.faults for at in fault.boots()]
        with People.of(story, self._catalogue, boots) as people:
            people.hear(transitions, story.end_ms)
            return people.told()

    def _judged(self) -> list[Transition]:
        transitions: list[Transition] = []
        first, last = self._stories[0].start_ms, self._stories[0].end_ms
        for start in range(first, last, STRIDE_MS):
            end = min(start + STRIDE_MS, last)
            carried = merge(*(one.carry(end) for one in self._couriers), key=attrgetter("received"))
            transitions += self._take(list(carried), end)
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
