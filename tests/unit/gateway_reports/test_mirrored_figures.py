"""The columns of reports, and the one place that names what is mirrored of them."""

import pytest

from gateway.queries.reports.kinds import KINDS
from gateway.queries.reports.table import Kind
from wire.influx import REPORTS, FieldType

ELSEWHERE = {"region", "station_id", "start", "name_zh", "name_en", "weekday", "hour"}
"""Tags of another name, the time of the point, names of stations (those are in `stations`), single hours."""


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.key)
def test_it_mirrors_every_column_of_a_report(kind: Kind) -> None:
    for column in kind.columns:
        if column.key in ELSEWHERE:
            continue
        assert column.key in (REPORTS.tags if column.is_key else REPORTS.fields), column.key
        if column.unit:
            assert REPORTS.fields[column.key] is FieldType.FLOAT


def test_it_mirrors_nothing_that_no_report_has() -> None:
    columns = {column.key for kind in KINDS.values() for column in kind.columns}
    assert set(REPORTS.fields) - columns == {"version", "withdrawn"}
    assert set(REPORTS.tags) - columns == {"station", "kind", "period"}
