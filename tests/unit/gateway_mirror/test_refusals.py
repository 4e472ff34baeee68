"""Every version's own way to say no means the same to the mirror."""

import pytest

from gateway.timeseries.mirror.refusals import Misdirected, Refused, refusal
from tests.unit.gateway_mirror.answers import ANSWERS, Answer

RECORDED = pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: f"{a.version}-{a.status}-{a.reason}")


def told(answer: Answer) -> Refused:
    return refusal(answer.status, answer.body.encode(), answer.retry_after)


@RECORDED
def test_it_knows_what_to_do_next(answer: Answer) -> None:
    assert (type(told(answer)), told(answer).reason) == (answer.kind, answer.reason)


@RECORDED
def test_it_tells_people_what_to_do_where_they_have_to(answer: Answer) -> None:
    refused = told(answer)
    if isinstance(refused, Misdirected):
        assert "mirror.influxdb" in refused.detail or "migrate" in refused.detail


def test_it_waits_as_long_as_it_is_asked_to_within_reason() -> None:
    assert refusal(429, b"", "30").wait_s == 30
    assert refusal(503, b"", "99999999").wait_s == 3_600
    assert refusal(503, b"", "Wed, 21 Oct 2026 07:28:00 GMT").wait_s == 0
    assert refusal(503, b"", None).wait_s == 0


def test_it_reads_of_an_answer_no_more_than_a_sentence() -> None:
    assert len(str(refusal(500, b"x" * 1_000_000, None))) < 400
