from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.state.commands import CommandState
from tests.integration.api_support import NOW, STREAM, House, open_house

STATION = "louxing-07"
PATH = f"/api/v1/stations/{STATION}/commands"
RESEND = {"name": "resend", "args": {"stream": STREAM, "ranges": [[1, 4], [7, 7]]}}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        house.hear(STATION)
        yield house


async def test_a_command_is_written_down_and_sent(house: House, client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json={**RESEND, "by": "duty", "ttl_s": 30})
    assert answer.status_code == 202
    command = answer.json()
    assert command | {"id": ""} == {
        "id": "",
        "station_id": STATION,
        "name": "resend",
        "args": RESEND["args"],
        "by": "duty",
        "issued": "2026-11-22T08:00:00.000Z",
        "ttl_s": 30,
        "state": "pending",
        "reason": None,
        "at": None,
        "result": None,
    }
    ((sent, region),) = house.sent
    assert (sent.id, sent.args, region) == (command["id"], RESEND["args"], "louxing")
    assert [deed.by for deed in house.state.audit.newest()] == ["duty"]


async def test_what_became_of_a_command_can_be_asked(house: House, client: httpx.AsyncClient) -> None:
    command = (await client.post(PATH, json={"name": "birth"})).json()
    house.state.commands.settle(
        command["id"], CommandState.REFUSED, NOW + 5, reason="busy", result={"state": "refused", "at": NOW}
    )
    found = (await client.get(f"/api/v1/commands/{command['id']}")).json()
    assert (found["state"], found["reason"], found["at"]) == ("refused", "busy", "2026-11-22T08:00:00.005Z")
    assert found["result"] == {"state": "refused", "at": "2026-11-22T08:00:00.000Z"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "open_door"}, "name"),
        ({"name": "birth", "args": {"x": 1}}, "args.x"),
        ({"name": "birth", "ttl_s": 0}, "ttl_s"),
        ({"name": "birth", "ttl_s": 86_401}, "ttl_s"),
        ({"name": "birth", "ttl_s": 1.5}, "ttl_s"),
        ({"name": "birth", "wait": True}, "wait"),
        ({"name": "resend"}, "args"),
        ({"name": "resend", "args": {"stream": "x", "ranges": [[1, 2]]}}, "args.stream"),
        ({"name": "resend", "args": {"stream": STREAM, "ranges": []}}, "args.ranges"),
        ({"name": "resend", "args": {"stream": STREAM, "ranges": [[2, 1]]}}, "args.ranges"),
        ({"name": "resend", "args": {"stream": STREAM, "ranges": [[1, 3], [2, 5]]}}, "args.ranges"),
        ({"name": "resend", "args": {"stream": STREAM, "ranges": [[0, 3]]}}, "args.ranges.0.0"),
    ],
)
async def test_it_names_the_field_that_is_wrong(
    house: House, client: httpx.AsyncClient, body: dict[str, object], field: str
) -> None:
    answer = await client.post(PATH, json=body)
    assert answer.status_code == 422, answer.text
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert house.sent == []


@pytest.mark.parametrize("content", ["{", "[]", "null", '"birth"', ""])
async def test_it_takes_only_an_object(client: httpx.AsyncClient, content: str) -> None:
    answer = await client.post(PATH, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["location"] == "body"


async def test_it_reads_no_endless_body(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json={"name": "birth", "by": "x" * 100_000})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_it_knows_no_station_it_never_heard(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/stations/nobody/commands", json={"name": "birth"})
    assert answer.status_code == 404


async def test_it_knows_no_command_that_was_never_given(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/commands/none")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (404, "command_id")
