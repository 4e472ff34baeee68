"""What a demo starts from, and that a second run goes on where the first one stopped."""

from pathlib import Path

import pytest
import yaml

from gateway.config import Settings
from yizhan.demo.messages import message_of
from yizhan.demo.town import HISTORY_MS, Town

NOW_MS = 1_763_790_000_000


def test_it_begins_two_days_ago(tmp_path: Path) -> None:
    town = Town.found(tmp_path / "new", 37, NOW_MS)
    assert town.start_ms == town.from_ms == NOW_MS - HISTORY_MS
    assert (len(town.sites), len(town.with_agents), town.run) == (37, 5, 1)


def test_it_goes_on_with_the_same_meters_from_where_it_stopped(tmp_path: Path) -> None:
    first = Town.found(tmp_path, 37, NOW_MS)
    first.remember(NOW_MS + 1000)
    second = Town.found(tmp_path, 37, NOW_MS + 60_000)
    assert (second.start_ms, second.from_ms, second.run) == (first.start_ms, NOW_MS + 1000, 2)


def test_it_begins_again_when_its_past_was_never_complete(tmp_path: Path) -> None:
    first = Town.found(tmp_path, 37, NOW_MS)
    first.remember(None)
    (tmp_path / "gateway").mkdir()
    second = Town.found(tmp_path, 37, NOW_MS + 60_000)
    assert second.is_new
    assert second.start_ms == NOW_MS + 60_000 - HISTORY_MS
    assert not (tmp_path / "gateway").exists()


def test_it_deals_every_station_to_one_crew_with_a_past_only_for_the_real_agents(tmp_path: Path) -> None:
    town = Town.found(tmp_path, 12, NOW_MS)
    berths = [berth for plan in town.crew_plans(1883) for berth in plan.stations]
    assert sorted(berth.station_id for berth in berths) == [site.station_id for site in town.sites]
    with_past_only = {berth.station_id for berth in berths if berth.leaves}
    assert with_past_only == {site.station_id for site in town.with_agents}


def test_it_raises_the_session_of_its_crews_at_every_run(tmp_path: Path) -> None:
    first = Town.found(tmp_path, 2, NOW_MS)
    first.remember(NOW_MS)
    second = Town.found(tmp_path, 2, NOW_MS)
    assert second.crew_plans(1883)[0].session > first.crew_plans(1883)[0].session + 900


def test_it_writes_settings_the_gateway_takes(tmp_path: Path) -> None:
    settings = yaml.safe_load(Town.found(tmp_path, 3, NOW_MS).write_settings(0).read_text())
    assert settings["broker"] == {"embedded": True, "port": 0}
    assert len(yaml.safe_load(Path(settings["stations"]["file"]).read_text())) == 3
    checked = Settings.model_validate(settings)
    assert checked.http.port != 0
    assert str(checked.http.public_url) == f"http://127.0.0.1:{checked.http.port}/"


def test_the_stations_of_the_story_have_their_past_told_first(tmp_path: Path) -> None:
    town = Town.found(tmp_path, 12, NOW_MS)
    for plan in town.crew_plans(1883):
        leaves = [berth.leaves for berth in plan.stations]
        assert leaves == sorted(leaves, reverse=True)
        assert any(leaves)


def test_it_hears_messages_out_of_the_log_and_nothing_else() -> None:
    assert (
        message_of('{"event": "message", "text": "门 / door\\nlink", "severity": "P1"}') == "门 / door\nlink"
    )
    for line in ('{"event": "stations_saved"}', "ready http=x mqtt=y", "{broken", "[]", ""):
        assert message_of(line) is None


def test_it_refuses_a_directory_with_somebody_elses_notes(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("[]")
    with pytest.raises(ValueError, match="choose another --data"):
        Town.found(tmp_path, 3, NOW_MS)


def test_it_mirrors_only_where_it_is_told_to(tmp_path: Path) -> None:
    town = Town.found(tmp_path, 3, NOW_MS)
    assert "mirror" not in yaml.safe_load(town.write_settings(0).read_text())
    told = yaml.safe_load(town.write_settings(0, "http://127.0.0.1:8086").read_text())
    assert told["mirror"] == {"influxdb": {"url": "http://127.0.0.1:8086"}}
