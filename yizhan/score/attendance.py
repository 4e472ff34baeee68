"""Who was really inside: what people counters only estimate."""

from io import StringIO

from simulators.truth import TruthLog

LOOK_BACK_MS = 300_000
_OFF_BY = 1
"""So many people a counter may be wrong by and still be believed."""
CROWDED = {("OC-01", "P3"): 1.0, ("OC-01", "P2"): 1.3, ("OC-02", "P4"): 0.8}
"""Alerts about too many people inside, and how many of the capacity that takes."""


class Attendance(TruthLog):
    """A truth log that keeps people's visits only, in memory."""

    def __init__(self) -> None:
        super().__init__(StringIO())
        self._visits: list[tuple[int, int]] = []

    def write(self, station_id: str, at: int, kind: str, fields: dict[str, object]) -> None:  # noqa: ARG002 - see TruthLog
        """Note a person's visit."""
        if kind == "person":
            self._visits.append((int(str(fields["arrive"])), int(str(fields["leave"]))))

    @property
    def came(self) -> int:
        """How many came so far."""
        return len(self._visits)

    def most(self, since_ms: int, until_ms: int) -> int:
        """Return how many were inside at once at most, between two moments."""
        near = [one for one in self._visits if one[0] <= until_ms and one[1] > since_ms]
        moments = [since_ms, *(enters for enters, _ in near if enters > since_ms)]
        return max(sum(enters <= at < leaves for enters, leaves in near) for at in moments)

    def crowds(self, rule: str, severity: str, at_ms: int, capacity: int) -> bool:
        """Whether an alert about too many people inside is simply true."""
        share = CROWDED.get((rule, severity))
        return share is not None and self.most(at_ms - LOOK_BACK_MS, at_ms) >= share * capacity - _OFF_BY
