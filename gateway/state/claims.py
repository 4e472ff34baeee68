"""Which regions this gateway has claimed, and since when."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from gateway.state.repository import Repository
from gateway.state.schema import claims


@dataclass(frozen=True, slots=True)
class RegionClaim:
    """A region, the time of the claim (ms; the older claim wins), and the gateways it replaces."""

    region: str
    since: int
    replaces: tuple[str, ...] = ()


class Claims(Repository):
    """The table `claims`."""

    def save(self, claim: RegionClaim) -> None:
        """Write the claim over an earlier one of the same region."""
        row = {"region": claim.region, "since": claim.since, "replaces": list(claim.replaces)}
        with self._engine.begin() as connection:
            connection.execute(
                insert(claims).values(row).on_conflict_do_update(index_elements=["region"], set_=row)
            )

    def load(self) -> list[RegionClaim]:
        """Return every claim made."""
        with self._reading.connect() as connection:
            rows = connection.execute(select(claims)).all()
        return [RegionClaim(row.region, row.since, tuple(row.replaces)) for row in rows]
