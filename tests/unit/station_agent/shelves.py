"""A shelf in memory, and frames for it."""

from dataclasses import dataclass, field

from station_agent.framing import FrameMeta
from wire.measures import FrameClass

STREAM = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"
GATEWAY = "01K0PZ6Q9V3W8S4D2N7X5C1BFB"


def frame(seq: int, frame_class: FrameClass = FrameClass.SAMPLE) -> FrameMeta:
    """Return a frame of the only stream, whose numbers are the box's."""
    return FrameMeta(seq, STREAM, seq, frame_class)


@dataclass
class ListShelf:
    """Frames that lie there until they are taken away or put aside."""

    frames: dict[int, FrameMeta] = field(default_factory=dict)
    aside: dict[int, FrameMeta] = field(default_factory=dict)

    def put(self, *frames: FrameMeta) -> None:
        """Lay frames on the shelf."""
        self.frames.update({each.n: each for each in frames})

    def waiting(self, *, alarms: bool, after: int, limit: int) -> list[FrameMeta]:
        found = [each for each in self.frames.values() if (each.frame_class is FrameClass.ALARM) is alarms]
        return sorted((each for each in found if each.n > after), key=lambda each: each.n)[:limit]

    def parked(self, *, after: int, limit: int) -> list[FrameMeta]:
        return sorted((each for each in self.aside.values() if each.n > after), key=lambda each: each.n)[
            :limit
        ]
