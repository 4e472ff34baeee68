"""Reports as they were published: versions of the figures of one region, never changed afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, func, literal_column, select
from sqlalchemy.exc import IntegrityError

from gateway.state.publication_schema import publications
from gateway.state.repository import Repository

Row = dict[str, Any]
_NUMBER = literal_column("publications.rowid", Integer).label("number")


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that says something else than in the version before; None where there was or is no figure.

    ``row`` is what names the row; ``reason`` is `late_data` or `correction`.
    """

    row: Mapping[str, object]
    column: str
    old: object
    new: object
    reason: str


@dataclass(frozen=True, slots=True)
class Publication:
    """One version of one kind of report about a region; ``at`` in ms, versions from 1."""

    kind: str
    period: str
    region: str
    version: int
    at: int
    by: str
    rows: Sequence[Row]
    differences: Sequence[Difference]


class Publications(Repository):
    """The table `publications`, whose rows are never changed."""

    def add(self, publication: Publication) -> bool:
        """Write a version; False when somebody else wrote that version first."""
        values = {name: getattr(publication, name) for name in publications.c.keys()}  # noqa: SIM118 - columns by name
        values["differences"] = [_written(one) for one in publication.differences]
        try:
            with self._engine.begin() as connection:
                connection.execute(publications.insert().values(values))
        except IntegrityError:
            return False
        return True

    def versions(self, kind: str, period: str, region: str) -> list[Publication]:
        """Return every version, the newest first."""
        of = publications.c
        query = (
            select(publications)
            .where(of.kind == kind, of.period == period, of.region == region)
            .order_by(of.version.desc())
        )
        with self._reading.connect() as connection:
            return [_publication(row) for row in connection.execute(query).mappings()]

    def after(self, number: int) -> tuple[int, Publication] | None:
        """Return the version that was written next after the one of a number (any below 1: the first).

        Its own number comes with it. Rows are never taken out, so nothing renumbers them.
        """
        query = select(publications, _NUMBER).where(number < _NUMBER).order_by(_NUMBER).limit(1)
        with self._reading.connect() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        values = dict(row)
        return int(values.pop(_NUMBER.name)), _publication(values)

    def newest(self) -> int:
        """Return the number of the version written last, 0 before the first."""
        with self._reading.connect() as connection:
            return int(connection.execute(select(func.max(_NUMBER)).select_from(publications)).scalar() or 0)


def _written(difference: Difference) -> dict[str, object]:
    return {name: getattr(difference, name) for name in Difference.__slots__} | {"row": dict(difference.row)}


def _publication(row: Any) -> Publication:  # noqa: ANN401 - a row has columns of as many types
    return Publication(**{**row, "differences": [Difference(**one) for one in row["differences"]]})
