"""The cases beside the built-in rules come out."""

import pytest

from catalogue.cases import Case, load_cases
from catalogue.loading import BUILT_IN, load
from gateway.alerting.detection.cases import failures

CATALOGUE = load()
CASES = load_cases(BUILT_IN / "cases", CATALOGUE)


@pytest.mark.parametrize("case", CASES, ids=[f"{one.rule} {one.name}" for one in CASES])
def test_a_case_of_a_rule_comes_out(case: Case) -> None:
    assert list(failures([case], CATALOGUE)) == []


def test_a_case_that_does_not_come_out_says_what_came_instead() -> None:
    case = next(one for one in CASES if one.expect)
    wrong = case.model_copy(update={"expect": ()})
    assert "not: nothing" in next(iter(failures([wrong], CATALOGUE)))
