"""Backups through the API: an administrator's, one at a time, and what is refused says why."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.backup.copying import Instant
from gateway.backup.manifest import Manifest
from tests.integration.api_support import House, client_for, open_house
from tests.integration.api_tokens import bearer

PATH = "/api/v1/backups"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    (tmp_path / "data").mkdir()
    with open_house(tmp_path / "data") as house:
        yield house


@pytest.fixture
def to(tmp_path: Path) -> str:
    (tmp_path / "backups").mkdir()
    return str(tmp_path / "backups")


async def test_a_backup_is_whole_when_it_is_answered(
    house: House, client: httpx.AsyncClient, to: str
) -> None:
    answer = await client.post(PATH, json={"to": to, "keep": 1})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    manifest = Manifest.read(Path(told["folder"]))
    manifest.verify(Path(told["folder"]))
    assert (manifest.gateway, manifest.last_frame) == (house.state.gateway, told["last_frame"])
    assert [deed.action for deed in house.state.audit.newest()] == ["backup.take"]


async def test_it_names_the_field_at_fault(client: httpx.AsyncClient, to: str) -> None:
    for body, field in (
        ({"to": "/nowhere/at/all"}, "to"),
        ({"to": "backups"}, "to"),
        ({"to": to, "keep": 0}, "keep"),
        ({}, "to"),
    ):
        answer = await client.post(PATH, json=body)
        assert (answer.status_code, [fault["field"] for fault in answer.json()["errors"]]) == (422, [field])


async def test_only_an_administrator_takes_one(guarded: httpx.AsyncClient, to: str) -> None:
    statuses = [
        (await guarded.post(PATH, json={"to": to}, headers=bearer(who))).status_code
        for who in ("nobody", "viewer", "operator", "admin")
    ]
    assert statuses == [401, 403, 403, 201]


async def test_one_is_taken_at_a_time_and_a_stop_gives_it_up(
    house: House, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, going = threading.Event(), threading.Event()
    copy_store = Instant.copy_store

    def slowly(instant: Instant, target: Path) -> None:
        begun.set()
        assert going.wait(10)
        copy_store(instant, target)

    monkeypatch.setattr(Instant, "copy_store", slowly)
    async with client_for(house) as client:
        first = asyncio.create_task(client.post(PATH, json={"to": to}))
        assert await asyncio.to_thread(begun.wait, 10)
        second = await client.post(PATH, json={"to": to})
        assert (second.status_code, second.json()["errors"][0]["field"]) == (409, "backup")
        house.running_backups.stop()
        going.set()
        answer = await first
    assert answer.status_code == 422
    assert "stopping" in answer.json()["detail"]
    assert await asyncio.to_thread(lambda: list(Path(to).iterdir())) == []
