"""What the gateway says of frames, written down: acknowledged, told, never acknowledged, asked for again."""

from collections.abc import Iterable

from station_agent import gone
from station_agent.database import Database
from station_agent.eviction import ACKNOWLEDGED, PARKED, WAITING
from station_agent.framing import FrameMeta
from station_agent.inventory import Inventory
from station_agent.streams import Streams
from wire.ranges import Ranges


class Settlement(Inventory):
    """The part of the outbox that a gateway moves; it adds no frame and drops none it may still want."""

    def __init__(self, database: Database, streams: Streams) -> None:
        """Count what the database holds."""
        self._database = database
        super().__init__(database.sql, streams)

    def settle(self, stream: str, received: Ranges, running_ms: int) -> int:
        """Note acknowledged frames, which are kept as long as there is room; return how many were new."""
        known = self.streams.named(stream)
        if known is None:
            return 0
        settled = parked = 0
        with self._database.transaction(durable=False) as sql:
            for lo, hi in known.numbers(received):
                for state in (WAITING, PARKED):
                    changed = sql.execute(
                        f"UPDATE frames SET state = {ACKNOWLEDGED}, settled = ? "  # noqa: S608 - our constant
                        "WHERE state = ? AND class IN (0, 1, 2) AND n BETWEEN ? AND ?",
                        (running_ms, state, lo, hi),
                    ).rowcount
                    settled += changed
                    parked += changed if state == PARKED else 0
        self.depth -= settled
        self.parked_count -= parked
        return settled

    def told(self, stream: str, ranges: Ranges) -> None:
        """Forget gone numbers of a stream that the gateway has heard of."""
        known = self.streams.named(stream)
        if known is not None and ranges:
            with self._database.transaction(durable=False) as sql:
                gone.remove(sql, known.numbers(ranges))

    def park(self, frames: Iterable[FrameMeta]) -> None:
        """Put frames aside that the gateway does not acknowledge while it does later ones."""
        with self._database.transaction() as sql:
            for frame in frames:
                self.parked_count += sql.execute(
                    f"UPDATE frames SET state = {PARKED} WHERE n = ? AND state = {WAITING}",  # noqa: S608 - numbers of ours
                    (frame.n,),
                ).rowcount

    def resend(self, stream: str, asked: Ranges) -> Ranges:
        """Un-acknowledge the frames asked for; return the numbers no longer held.

        A parked one stays parked: it is tried once, and to try it eight times more would hold up others.
        Numbers the running stream has not given out yet are neither.
        """
        known = self.streams.named(stream)
        if known is None:
            return asked
        held = Ranges()
        with self._database.transaction() as sql:
            for lo, hi in known.numbers(asked):
                for (n,) in sql.execute("SELECT n FROM frames WHERE n BETWEEN ? AND ?", (lo, hi)):
                    held.add(n - known.base)
                sql.execute(
                    f"UPDATE frames SET state = {WAITING}, settled = NULL "  # noqa: S608 - our constants
                    f"WHERE n BETWEEN ? AND ? AND state = {ACKNOWLEDGED}",
                    (lo, hi),
                )
        self.recount()
        given_out = Ranges(asked.within(1, known.last)) if known is self.streams.current else asked
        return given_out.difference(held)

    def forget_kept(self) -> None:
        """Drop the acknowledged frames: another region's gateway has no claim on them."""
        with self._database.transaction() as sql:
            sql.execute(f"DELETE FROM frames WHERE state = {ACKNOWLEDGED}")  # noqa: S608 - our constant
        self.recount()
