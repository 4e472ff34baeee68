"""What the mirror in InfluxDB has of reports, as sources of its own."""

from collections.abc import Callable

from gateway.queries.reports.mirrored import PastVisits, Stations, Visits
from gateway.queries.reports.mirrored_figures import Published
from gateway.queries.reports.visit_hours import Ledger
from gateway.state.publications import Publications
from gateway.timeseries.mirror.portion import Source
from gateway.timeseries.mirror.positions import Positions


def sources_of(
    ledger: Ledger, stations: Stations, publications: Publications, clock: Callable[[], int]
) -> Callable[[Positions], list[Source]]:
    """Return what makes the sources of a mirror from where it keeps its places."""

    def made(positions: Positions) -> list[Source]:
        end = publications.newest()
        if positions.get(Published.name) > end:  # restored from a backup: numbers beyond will be given again
            positions.advance(Published.name, end)
        return [
            Visits(ledger, stations, clock, positions),
            PastVisits(ledger, stations, clock),
            Published(publications, stations),
        ]

    return made
