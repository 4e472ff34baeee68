"""Room for each class of data at InfluxDB 2 and 3; at 1.x the real one is asked, in the integration tests."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.timeseries.mirror.arranging import arrange
from gateway.timeseries.mirror.refusals import Misdirected, Refused
from gateway.timeseries.mirror.server import Influx
from gateway.timeseries.mirror.settings import InfluxSettings
from tests.support.http_fake import HttpFake, Mood
from tests.unit.gateway_mirror.influx_fakes import InfluxThree, InfluxTwo

DAY_S = 86_400


@pytest.fixture
async def second() -> AsyncIterator[InfluxTwo]:
    async with InfluxTwo().listening() as fake:
        yield fake


@pytest.fixture
async def third() -> AsyncIterator[InfluxThree]:
    async with InfluxThree().listening() as fake:
        yield fake


async def arranged(fake: HttpFake, **more: object) -> list[str]:
    said = {"url": fake.base, "org": "union", "token": "secret", **more}

    def ask() -> list[str]:
        with Influx(InfluxSettings.model_validate(said)) as server:
            return arrange(server)

    return await asyncio.to_thread(ask)


async def test_it_makes_four_buckets_with_retention_at_2_and_does_nothing_the_second_time(
    second: InfluxTwo,
) -> None:
    assert len(await arranged(second)) == 8
    days = {name: one["retentionRules"][0]["everySeconds"] // DAY_S for name, one in second.buckets.items()}
    assert days == {"yizhan/raw": 400, "yizhan/access": 30, "yizhan/rollups": 1_830, "yizhan/alerts": 732}
    assert await arranged(second) == []


async def test_it_maps_each_bucket_for_influxql_with_raw_as_the_default(second: InfluxTwo) -> None:
    await arranged(second)
    mine = {one["retention_policy"]: one["default"] for one in second.mappings if "virtual" not in one}
    assert mine == {"raw": True, "access": False, "rollups": False, "alerts": False}


async def test_it_changes_the_retention_of_a_bucket_that_keeps_for_another_time(second: InfluxTwo) -> None:
    await arranged(second)
    assert await arranged(second, keep_days={"access": 90}) == ["retention of bucket yizhan/access changed"]
    assert second.buckets["yizhan/access"]["retentionRules"][0]["everySeconds"] == 90 * DAY_S


async def test_it_says_what_is_wrong_with_the_token_and_the_organization(second: InfluxTwo) -> None:
    with pytest.raises(Misdirected, match="HTTP 401: unauthorized access; give"):
        await arranged(second, token="another")
    with pytest.raises(Refused, match="there is no organization ''"):
        await arranged(second, org="")


async def test_it_makes_four_databases_at_3_and_does_nothing_the_second_time(third: InfluxThree) -> None:
    assert len(await arranged(third)) == 4
    assert third.databases["yizhan/raw"] == "400d"
    assert await arranged(third) == []


async def test_it_tells_a_web_server_from_an_influxdb() -> None:
    async with HttpFake().listening() as fake:
        with pytest.raises(Refused, match="does not say that it is InfluxDB"):
            await arranged(fake)
        fake.mood = Mood.NONSENSE
        with pytest.raises(Refused, match="does not say that it is InfluxDB"):
            await arranged(fake)
