"""Which format of a report a header `Accept` asks for."""

import pytest

from gateway.api.accepted import preferred
from gateway.api.report_files import CSV, JSON, XLSX


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", CSV),
        (XLSX, XLSX),
        ("Text/CSV", CSV),
        ("text/csv, application/json", CSV),
        ("application/json, text/plain, */*", JSON),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", JSON),
    ],
)
def test_the_first_format_named_is_wanted_and_json_where_any_will_do(accept: str, wanted: str) -> None:
    assert preferred(accept) == wanted


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("application/json;q=0.5, text/csv", CSV),
        ("application/json; q=0.5, text/csv; header=present; q=0.9", CSV),
        ("text/csv;q=0.1, */*", JSON),
        ("application/*;q=0.2, text/*;q=0.3", CSV),
        (f"application/*, application/json;q=0.3, {XLSX};q=0.4", XLSX),
        ("application/json;q=0, */*", CSV),
        ("application/json;q=5, text/csv", JSON),
    ],
)
def test_a_weight_counts_more_than_the_order_and_the_narrowest_range_more_than_a_wide_one(
    accept: str, wanted: str
) -> None:
    assert preferred(accept) == wanted


@pytest.mark.parametrize("accept", ["application/pdf", "text/csv;q=0", "*/*;q=0.0", "image/*", "nonsense"])
def test_nothing_is_wanted_where_no_format_will_do(accept: str) -> None:
    assert preferred(accept) is None
