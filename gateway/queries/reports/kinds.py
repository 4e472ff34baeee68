"""Every kind of report there is."""

from collections.abc import Mapping

from gateway.queries.reports import (
    access,
    alerts,
    availability,
    facilities,
    resources,
    utilisation,
    visits,
)
from gateway.queries.reports.table import Kind

KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        visits.KIND,
        utilisation.KIND,
        resources.KIND,
        availability.KIND,
        facilities.KIND,
        access.KIND,
        alerts.KIND,
    )
}
