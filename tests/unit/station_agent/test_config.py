from pathlib import Path

import pytest

from station_agent.config import load
from station_agent.drivers.jsonl import JsonlSettings
from station_agent.errors import SettingsError

EXAMPLE = """
region: louxing
station_id: louxing-07
broker: {url: "mqtt://127.0.0.1:1883"}
data_dir: ./data
outbox: {max_bytes: 2GiB, max_age: 30d}
clock: {trust: ntp}
devices:
  - {device: front-door, driver: jsonl, path: ./front-door.jsonl}
"""


def written(directory: Path, text: str = EXAMPLE) -> Path:
    path = directory / "agent.yaml"
    path.write_text(text)
    return path


def test_it_reads_the_example_of_the_contract(tmp_path: Path) -> None:
    settings = load(written(tmp_path), {})
    assert settings.outbox.max_bytes == 2 * 1024**3
    assert settings.outbox.max_age == 30 * 86_400
    assert (settings.broker.host, settings.broker.port, settings.broker.tls) == ("127.0.0.1", 1883, False)
    (door,) = settings.devices
    assert isinstance(door, JsonlSettings)
    assert door.path == Path("front-door.jsonl")


def test_it_lets_the_environment_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIZHAN_BROKER__URL", "mqtts://broker.example:8884")
    monkeypatch.setenv("YIZHAN_OUTBOX__MAX_BYTES", "10MiB")
    settings = load(written(tmp_path))
    assert (settings.broker.host, settings.broker.port, settings.broker.tls) == ("broker.example", 8884, True)
    assert settings.outbox.max_bytes == 10 * 1024**2
    assert settings.outbox.max_age == 30 * 86_400


def test_it_needs_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIZHAN_REGION", "louxing")
    monkeypatch.setenv("YIZHAN_STATION_ID", "louxing-07")
    assert load(None).station_id == "louxing-07"


def test_it_reads_a_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("right horse\n")
    text = EXAMPLE.replace("1883", f'1883", password: "{tmp_path}/secret')
    password = load(written(tmp_path, text), {}).broker.password
    assert password is not None
    assert password.get_secret_value() == "right horse"
    assert "horse" not in repr(load(written(tmp_path, text), {}))


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("region: louxing", "region: Louxing", "region"),
        ("region: louxing", "", "region: Field required"),
        ("station_id: louxing-07", "station: louxing-07", "station: Extra inputs"),
        ("clock: {trust: ntp}", "clock: {trust: ntp, zone: utc}", "clock.zone"),
        ("clock: {trust: ntp}", "clock: {trust: gps}", "clock.trust"),
        ("2GiB", "2 gigabytes", "outbox.max_bytes: .*512KiB"),
        ("2GiB", "-1", "outbox.max_bytes"),
        ("30d", "a month", "outbox.max_age: .*30d"),
        ("driver: jsonl", "driver: modbus", "devices.0: .*jsonl, not 'modbus'"),
        ("driver: jsonl, ", "", "devices.0"),
        ("path: ./front-door.jsonl", "file: x", "devices.0.*path"),
        ("device: front-door", "device: Front Door", "devices.0"),
        ("mqtt://127.0.0.1:1883", "http://127.0.0.1", "broker.url: .*mqtts://"),
        ("mqtt://127.0.0.1:1883", "mqtt://me:secret@127.0.0.1", "broker.url: .*own key"),
        ("mqtt://127.0.0.1:1883", "mqtt://127.0.0.1:99999", "broker.url"),
        ('1883"', '1883", password: /does/not/exist', "broker.password: .*cannot be read"),
        ('1883"', '1883", cert: /etc/hostname', "cert and key belong together"),
        ("devices:", "devices: {", "not YAML"),
    ],
)
def test_it_says_what_is_wrong_and_where(tmp_path: Path, before: str, after: str, complaint: str) -> None:
    assert before in EXAMPLE
    with pytest.raises(SettingsError, match=complaint) as caught:
        load(written(tmp_path, EXAMPLE.replace(before, after)), {})
    assert "agent.yaml" in str(caught.value)
    assert "secret@" not in str(caught.value)


def test_it_refuses_one_source_twice(tmp_path: Path) -> None:
    twice = EXAMPLE + "  - {device: front-door, driver: jsonl, path: ./front-door.jsonl, every: 1s}\n"
    with pytest.raises(SettingsError, match="twice"):
        load(written(tmp_path, twice), {})


@pytest.mark.parametrize("text", ["- a list", "just words", "1: 2"])
def test_it_refuses_a_file_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="mapping"):
        load(written(tmp_path, text), {})


def test_it_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot read"):
        load(tmp_path / "none.yaml", {})


def test_it_refuses_unknown_variables(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="YIZHAN_REGOIN sets nothing"):
        load(written(tmp_path), {"YIZHAN_REGOIN": "louxing"})


def test_it_refuses_unknown_variables_inside_a_section(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIZHAN_BROKER__ULR", "mqtt://x")
    with pytest.raises(SettingsError, match=r"broker\.ulr"):
        load(written(tmp_path))
