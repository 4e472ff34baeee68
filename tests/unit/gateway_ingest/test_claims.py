"""Whose a region is: every sentence of contract section 4 on claims."""

import pytest

from gateway.ingest.claims import Claims, Standing
from wire.frames import Claim

NOW = 1_795_334_400_000
OLD, MINE, YOUNG, THIRD = (f"01K0Q0A1B2C3D4E5F6G7H8J9K{letter}" for letter in "AMYZ")


def claim_of(gateway: str, since: int, *replaces: str) -> Claim:
    return Claim(gateway=gateway, since=since, replaces=list(replaces))


@pytest.fixture
def claims() -> Claims:
    return Claims(MINE)


def test_it_claims_a_region_nobody_has(claims: Claims) -> None:
    assert claims.standing("louxing") is Standing.UNCLAIMED
    assert claims.claim("louxing", NOW) == claim_of(MINE, NOW)
    assert claims.standing("louxing") is Standing.OURS
    claims.heard("louxing", claim_of(MINE, NOW))
    assert claims.claim("louxing", NOW + 5) is None, "the broker holds it"


def test_it_keeps_its_since_over_a_restart(claims: Claims) -> None:
    claims.restore("louxing", claim_of(MINE, NOW - 99, THIRD))
    assert claims.claim("louxing", NOW) == claim_of(MINE, NOW - 99, THIRD)


def test_it_says_nothing_again_when_its_own_claim_is_still_retained(claims: Claims) -> None:
    claims.restore("louxing", claim_of(MINE, NOW - 99))
    assert claims.heard("louxing", claim_of(MINE, NOW - 99)) is None
    assert claims.standing("louxing") is Standing.OURS
    assert claims.claim("louxing", NOW) is None


def test_it_leaves_a_region_that_another_gateway_claimed(claims: Claims) -> None:
    assert claims.heard("louxing", claim_of(YOUNG, NOW)) is None
    assert claims.claim("louxing", NOW - 5) is None, "older or not: the other stood first"
    assert claims.standing("louxing") is Standing.FOREIGN
    assert (claims.holder("louxing"), claims.foreign()) == (YOUNG, {"louxing": YOUNG})
    assert claims.claim("shuangfeng", NOW) is not None, "other regions are claimed all the same"
    assert claims.foreign() == {"louxing": YOUNG}


def test_a_take_over_replaces_the_old_gateway_all_it_replaced_and_every_one_named_in_births() -> None:
    claims = Claims(MINE, take_over=True)
    claims.heard("louxing", claim_of(OLD, NOW - 99, THIRD))
    claim = claims.claim("louxing", NOW, named_in_births=[YOUNG, MINE])
    assert claim == claim_of(MINE, NOW, *sorted([OLD, THIRD, YOUNG]))
    assert claims.standing("louxing") is Standing.OURS


def test_a_take_over_names_a_gateway_that_a_later_birth_tells_of() -> None:
    claims = Claims(MINE, take_over=True)
    claims.claim("louxing", NOW)
    assert claims.claim("louxing", NOW + 5, named_in_births=[YOUNG]) == claim_of(MINE, NOW, YOUNG)
    claims.heard("louxing", claim_of(MINE, NOW, YOUNG))
    assert claims.claim("louxing", NOW + 9, named_in_births=[YOUNG]) is None


def test_it_claims_again_on_a_broker_that_lost_its_memory(claims: Claims) -> None:
    claims.claim("louxing", NOW)
    claims.heard("louxing", claim_of(MINE, NOW))
    claims.heard("shuangfeng", claim_of(OLD, NOW))
    assert claims.connected() == ["louxing"]
    assert claims.claim("louxing", NOW + 99) == claim_of(MINE, NOW)
    claims.connected()
    claims.heard("louxing", claim_of(MINE, NOW))
    assert claims.claim("louxing", NOW + 99) is None


def test_without_it_a_gateway_named_in_a_birth_is_not_replaced(claims: Claims) -> None:
    assert claims.claim("louxing", NOW, named_in_births=[YOUNG]) == claim_of(MINE, NOW)


def test_it_yields_to_a_take_over(claims: Claims) -> None:
    claims.claim("louxing", NOW)
    assert claims.heard("louxing", claim_of(YOUNG, NOW + 99, MINE)) is None
    assert claims.standing("louxing") is Standing.FOREIGN


def test_it_does_not_take_over_a_second_time_in_one_run() -> None:
    """Two gateways both told to take over would replace each other for ever."""
    claims = Claims(MINE, take_over=True)
    claims.heard("louxing", claim_of(YOUNG, NOW - 5))
    claims.claim("louxing", NOW)
    claims.heard("louxing", claim_of(YOUNG, NOW - 5, MINE))
    assert claims.standing("louxing") is Standing.FOREIGN
    assert claims.claim("louxing", NOW + 9) is None


@pytest.mark.parametrize(
    ("gateway", "since"), [(YOUNG, NOW + 1), (YOUNG, NOW)], ids=["the older stays", "else the smaller ULID"]
)
def test_when_two_claims_meet_the_first_stays_and_replaces_the_other(
    claims: Claims, gateway: str, since: int
) -> None:
    claims.claim("louxing", NOW)
    assert claims.heard("louxing", claim_of(gateway, since, THIRD)) == claim_of(
        MINE, NOW, *sorted([gateway, THIRD])
    )
    assert claims.standing("louxing") is Standing.OURS


@pytest.mark.parametrize(("gateway", "since"), [(YOUNG, NOW - 1), (OLD, NOW)])
def test_when_two_claims_meet_the_second_goes(claims: Claims, gateway: str, since: int) -> None:
    claims.claim("louxing", NOW)
    assert claims.heard("louxing", claim_of(gateway, since)) is None
    assert claims.holder("louxing") == gateway


def test_it_says_its_claim_again_to_one_it_replaced() -> None:
    claims = Claims(MINE, take_over=True)
    claims.heard("louxing", claim_of(OLD, NOW - 99))
    ours = claims.claim("louxing", NOW)
    assert claims.heard("louxing", claim_of(OLD, NOW - 99)) == ours, "although the other is older"
    assert claims.standing("louxing") is Standing.OURS


def test_two_gateways_by_mistake_settle_on_one_whatever_they_hear_first() -> None:
    """Each hears what the other said, in both orders, until nobody says anything any more."""
    for first, second in [(0, 1), (1, 0)]:
        pair = [Claims(MINE), Claims(YOUNG)]
        said = [(number, pair[number].claim("louxing", NOW)) for number in (first, second)]
        for _ in range(10):
            answers = [
                (1 - number, pair[1 - number].heard("louxing", claim)) for number, claim in said if claim
            ]
            said = [answer for answer in answers if answer[1] is not None]
        assert said == []
        assert [one.holder("louxing") for one in pair] == [MINE, MINE]
