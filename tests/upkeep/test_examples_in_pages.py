"""Settings shown on pages are settings the programs take."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import Settings
from station_agent.config import AgentSettings
from wire.topics import STATION_ID_PATTERN

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
BLOCK = re.compile(r"^ *```yaml\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def examples(page: str) -> list[Any]:
    return [yaml.safe_load(block) for block in BLOCK.findall((HOW_TO / page).read_text())]


def without_files(content: dict[str, Any]) -> dict[str, Any]:
    """The settings without passwords and certificates, whose files are on no machine of ours."""
    broker = {key: value for key, value in content["broker"].items() if key == "url"}
    return {**content, "broker": broker}


def test_it_shows_a_gateway_its_own_settings() -> None:
    _, gateway = examples("run-a-gateway.md")
    settings = Settings.model_validate(without_files(gateway))
    assert settings.stations.accept_unknown is False


def test_it_shows_stations_with_what_is_required() -> None:
    stations, _ = examples("run-a-gateway.md")
    assert all(re.fullmatch(STATION_ID_PATTERN, station["station_id"]) for station in stations)
    assert all(station["region"] for station in stations)


def test_it_shows_an_agent_its_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YIZHAN_REGION", raising=False)
    (agent,) = examples("commission-a-station.md")
    assert AgentSettings(**without_files(agent)).devices[0].driver == "jsonl"
