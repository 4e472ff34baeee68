"""Which streams have gaps the gateway asks its stations to fill, and when it asks next."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from gateway.state.repository import Repository
from gateway.state.schema import resend_asks


@dataclass(frozen=True, slots=True)
class ResendAsk:
    """One stream with a gap known since ``missing_since``; asked ``asks`` times, due at ``next_ask``."""

    station_id: str
    stream: str
    missing_since: int
    next_ask: int
    asks: int


class Resends(Repository):
    """The table `resend_asks`."""

    def save(self, asks: Iterable[ResendAsk]) -> None:
        """Write the asks over what was known of the same streams."""
        rows = [
            {
                "station_id": ask.station_id,
                "stream": ask.stream,
                "missing_since": ask.missing_since,
                "next_ask": ask.next_ask,
                "asks": ask.asks,
            }
            for ask in asks
        ]
        if not rows:
            return
        statement = insert(resend_asks)
        changed = {name: statement.excluded[name] for name in ("missing_since", "next_ask", "asks")}
        with self._engine.begin() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["station_id", "stream"], set_=changed), rows
            )

    def load(self) -> list[ResendAsk]:
        """Return every open ask, the soonest due first."""
        query = select(resend_asks).order_by(resend_asks.c.next_ask)
        with self._reading.connect() as connection:
            return [ResendAsk(**row) for row in connection.execute(query).mappings()]

    def drop(self, station_id: str, stream: str) -> None:
        """Forget a stream whose gap is closed."""
        with self._engine.begin() as connection:
            connection.execute(
                delete(resend_asks).where(
                    resend_asks.c.station_id == station_id, resend_asks.c.stream == stream
                )
            )
