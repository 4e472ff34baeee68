"""What InfluxDB of each version answers, as recorded in `answers.json` with where it was seen."""

import json
from dataclasses import dataclass
from pathlib import Path

from gateway.timeseries.mirror import refusals


@dataclass(frozen=True)
class Answer:
    """A recorded answer, its source, and what the mirror has to make of it."""

    version: str
    status: int
    body: str
    retry_after: str | None
    means: str
    reason: str
    source: str

    @property
    def kind(self) -> type[refusals.Refused]:
        """The class of refusal it has to become."""
        found: type[refusals.Refused] = getattr(refusals, self.means)
        return found


ANSWERS = tuple(Answer(**one) for one in json.loads(Path(__file__).with_name("answers.json").read_text()))
