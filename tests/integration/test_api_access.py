from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from gateway.api.access import Tokens
from gateway.api.settings import HttpSettings
from gateway.errors import SettingsError
from gateway.state.quarantined import Quarantined
from tests.integration.api_support import NOW, House, client_for, open_house
from tests.integration.api_tokens import bearer, guarded_settings

COMMAND = {"name": "birth"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        house.hear("north-1", "north")
        house.hear("south-1", "south")
        items = [
            Quarantined(s, r, "t", "not_json", "", b"{") for s, r in (("north-1", "north"), (None, None))
        ]
        house.state.quarantine.add(items, NOW)
        yield house


@pytest.fixture
async def client(guarded: httpx.AsyncClient) -> httpx.AsyncClient:
    return guarded


@pytest.mark.parametrize("headers", [{}, bearer("wrong"), {"Authorization": "Basic eDp5"}])
@pytest.mark.parametrize(
    "path",
    ["stations", "stations/north-1", "stations/north-1/readings/water", "quarantine", "stream", "commands/x"],
)
async def test_nobody_is_answered_without_a_token(
    client: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    answer = await client.get(f"/api/v1/{path}", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["errors"][0]["field"] == "Authorization"


@pytest.mark.parametrize("path", ["healthz", "readyz", "metrics"])
async def test_a_watchdog_needs_no_token(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/{path}")).status_code == 200


@pytest.mark.parametrize(
    ("name", "status"), [("viewer", 403), ("operator", 202), ("admin", 202), ("north", 202)]
)
async def test_a_command_needs_an_operator(client: httpx.AsyncClient, name: str, status: int) -> None:
    answer = await client.post("/api/v1/stations/north-1/commands", json=COMMAND, headers=bearer(name))
    assert answer.status_code == status


async def test_a_replay_needs_an_operator(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/quarantine/x/replay", json={}, headers=bearer("viewer"))
    assert answer.status_code == 403


@pytest.mark.parametrize(("name", "shown"), [("viewer", False), ("operator", False), ("admin", True)])
async def test_only_an_admin_sees_bytes(client: httpx.AsyncClient, name: str, shown: bool) -> None:  # noqa: FBT001 - a parameter of a table
    items = (await client.get("/api/v1/quarantine", headers=bearer(name))).json()["items"]
    assert [("bytes" in item) for item in items] == [shown, shown]


async def test_a_region_s_desk_sees_only_its_region(house: House, client: httpx.AsyncClient) -> None:
    mine = bearer("north")
    stations = (await client.get("/api/v1/stations", headers=mine)).json()["items"]
    quarantine = (await client.get("/api/v1/quarantine", headers=mine)).json()["items"]
    assert [item["station_id"] for item in stations] == ["north-1"]
    assert [item["station_id"] for item in quarantine] == ["north-1"]
    for path in ("stations/south-1", "stations/south-1/readings/water", "stations/_gateway"):
        assert (await client.get(f"/api/v1/{path}", headers=mine)).status_code == 404
    refused = await client.post("/api/v1/stations/south-1/commands", json=COMMAND, headers=mine)
    assert refused.status_code == 404
    foreign = house.state.quarantine.page(10)[0]
    foreign = foreign if foreign.item.region is None else house.state.quarantine.page(10)[1]
    path = f"/api/v1/quarantine/{foreign.id}/replay"
    assert (await client.post(path, json={}, headers=mine)).status_code == 404


async def test_a_command_of_another_region_is_not_there(client: httpx.AsyncClient) -> None:
    given = await client.post("/api/v1/stations/south-1/commands", json=COMMAND, headers=bearer("admin"))
    path = f"/api/v1/commands/{given.json()['id']}"
    assert (await client.get(path, headers=bearer("viewer"))).status_code == 200
    assert (await client.get(path, headers=bearer("north"))).status_code == 404


async def test_who_did_it_comes_from_the_token(house: House, client: httpx.AsyncClient) -> None:
    path = "/api/v1/stations/north-1/commands"
    for claimed in ({}, {"by": "boss"}):
        given = await client.post(path, json=COMMAND | claimed, headers=bearer("operator"))
        assert (given.status_code, given.json()["by"]) == (202, "operator-desk")
    assert {deed.by for deed in house.state.audit.newest()} == {"operator-desk"}


@pytest.mark.parametrize("headers", [{}, bearer("wrong"), {"Authorization": "Basic eDp5"}])
async def test_nothing_is_read_from_a_body_without_a_token(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    path, json = "/api/v1/stations/north-1/commands", {"Content-Type": "application/json"}
    answer = await client.post(path, content=b"{", headers=headers | json)
    assert (answer.status_code, answer.headers.get("www-authenticate")) == (401, "Bearer")
    assert answer.json()["errors"][0]["field"] == "Authorization"
    answer = await client.post(path, content=b"{", headers=bearer("operator") | json)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body")


# -- writes from elsewhere ------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
async def test_a_form_of_another_site_changes_nothing(
    house: House, client: httpx.AsyncClient, content_type: str
) -> None:
    headers = {**bearer("admin"), "Content-Type": content_type}
    path = "/api/v1/stations/north-1/commands"
    answer = await client.post(path, content=b'{"name":"birth"}', headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (415, "Content-Type")
    assert house.sent == []


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 202),
        ("127.0.0.1", 202),
        ("localhost:9", 202),
        ("[::1]:8000", 202),
        ("LOCALHOST", 202),
        ("yizhan.example.org", 202),
        ("desk.lan:8000", 202),
        ("evil.example.com", 403),
        ("127.0.0.1.evil.example.com", 403),
        ("", 403),
    ],
)
async def test_a_write_must_come_to_a_name_of_ours(house: House, host: str, status: int) -> None:
    settings = HttpSettings.model_validate(
        {"public_url": "https://yizhan.example.org/x", "hosts": ["desk.lan"]}
    )
    async with client_for(house, settings) as client:
        path = "/api/v1/stations/north-1/commands"
        answer = await client.post(path, json=COMMAND, headers={"Host": host})
    assert answer.status_code == status
    assert len(house.sent) == (status == 202)


async def test_a_page_of_another_site_gets_no_leave_to_ask(client: httpx.AsyncClient) -> None:
    headers = {"Origin": "https://evil.example.com", "Access-Control-Request-Method": "POST"}
    answer = await client.options("/api/v1/stations/north-1/commands", headers=headers)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


async def test_every_answer_binds_the_browser(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/api/v1/stations", "/nowhere"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")


# -- settings ------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "yizhan.example.org"])  # noqa: S104 - a name to refuse, nothing listens
def test_without_tokens_it_listens_only_to_this_machine(host: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="auth"):
        HttpSettings(host=host)
    assert HttpSettings(host=host, auth=guarded_settings(tmp_path).auth).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_on_a_loopback_address_it_needs_no_tokens(host: str) -> None:
    assert HttpSettings(host=host).auth == "none"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("- {name: x, role: boss, sha256: " + "0" * 64 + "}", "0.role"),
        ("- {name: x, role: viewer, sha256: secret-token}", "0.sha256"),
        ("- {name: x, role: viewer, token: secret-token}", "0.token"),
        ("- {name: x, role: viewer, sha256: " + "0" * 64 + ", regions: [NORTH]}", "0.regions.0"),
        ("name: x", "list"),
        ("- [", "not YAML"),
    ],
)
def test_it_says_what_is_wrong_with_the_token_file_and_keeps_its_secrets(
    tmp_path: Path, text: str, word: str
) -> None:
    path = tmp_path / "tokens.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        Tokens.load(path)
    assert word in str(caught.value)
    assert "secret-token" not in str(caught.value)


def test_it_says_when_the_token_file_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        Tokens.load(tmp_path / "none.yaml")
