from pathlib import Path

import pytest

from gateway.domain.registry import Registry
from gateway.errors import SettingsError

GOOD = """\
- {station_id: louxing-07, region: louxing, name: {zh: 港桥惠工驿站, en: Gangqiao}, profile: urban_standard,
   tz: Asia/Shanghai, lat: 27.7, lon: 111.9, open: [{days: mon-sun, from: "00:00", to: "24:00"}],
   tariff: {peak: 0.8}, devices: {main.l1: {role: main_meter, limits: {breaker_a: 63}},
   lounge: {zone: lounge}}}
- station_id: louxing-08
  region: louxing
"""


def load(tmp_path: Path, text: str) -> Registry:
    path = tmp_path / "stations.yaml"
    path.write_text(text, encoding="utf-8")
    return Registry.load(path)


def test_it_reads_the_example_of_the_contract(tmp_path: Path) -> None:
    registry = load(tmp_path, GOOD)
    spec = registry.get("louxing-07")
    assert spec is not None
    assert spec.devices["main.l1"].limits == {"breaker_a": 63}
    assert registry.name("louxing-07")["zh"] == "港桥惠工驿站"
    assert len(registry) == 2


def test_it_takes_the_capacity_from_the_profile(tmp_path: Path) -> None:
    registry = load(tmp_path, GOOD + "- {station_id: c, region: r, profile: trucker_home, capacity: 9}\n")
    assert [spec.persons for spec in registry] == [20, None, 9]


def test_it_has_defaults_for_a_station_it_does_not_name() -> None:
    registry = Registry()
    assert registry.name("x") == {"zh": "x", "en": "x"}
    assert registry.tz("x") == "Asia/Shanghai"
    assert registry.get("x") is None


def test_it_takes_an_empty_file_for_no_station(tmp_path: Path) -> None:
    assert len(load(tmp_path, "# none yet\n")) == 0


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("- station_id: a\n  region: r\n  colour: red\n", 3, "colour"),
        ("- station_id: a\n  region: R_1\n", 2, "region"),
        ("- station_id: a\n  region: r\n- region: r\n", 3, "station_id"),
        ("- {station_id: a, region: r}\n- {station_id: a, region: r}\n", 2, "2 times"),
        ("- station_id: a\n  region: r\n  region: s\n", 3, "twice"),
        ("- station_id: a\n  region: r\n  tz: Mars/Base\n", 3, "Mars/Base"),
        ("- station_id: a\n  region: r\n  capacity: 0\n", 3, "capacity"),
        ("- station_id: a\n  region: r\n  lat: 97\n", 3, "lat"),
        (
            "- station_id: a\n  region: r\n  open:\n    - {days: someday, from: '08:00', to: '9'}\n",
            4,
            "mon-sun",
        ),
        ("- station_id: a\n  region: r\n  open:\n    - {days: mon, from: 24:00, to: '24:00'}\n", 4, "quotes"),
        ("- station_id: a\n  region: r\n  devices: {door: {role: throne}}\n", 3, "role"),
        ("station_id: a\n", 1, "list"),
    ],
)
def test_it_names_the_line_that_is_wrong(tmp_path: Path, text: str, line: int, word: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    faults = [fault for fault in str(caught.value).splitlines() if word in fault]
    assert faults
    assert faults[0].startswith(f"{tmp_path / 'stations.yaml'}:{line}: ")


def test_it_names_every_fault_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, "- {station_id: A, region: r}\n- {station_id: b}\n")
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("text", ["- [", "\t- a"])
def test_it_refuses_what_is_no_yaml(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="not YAML"):
        load(tmp_path, text)


def test_it_says_when_the_file_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        Registry.load(tmp_path / "none.yaml")
