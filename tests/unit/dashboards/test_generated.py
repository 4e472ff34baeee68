"""The JSON that is committed: whole in itself, in both languages, and what the SDK makes of it."""

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import units

from dashboards.boards import BOARDS
from dashboards.files import built, provisioning, write
from dashboards.model import COLUMNS, LANGUAGES
from dashboards.source import Source, Version
from dashboards.texts import shared, texts_of
from dashboards.units import UNITS
from wire.measures import MEASURES

register_default_plugins()

FILES = built()
EACH = [pytest.param(one, id=one.file) for one in FILES]
KNOWN_UNITS = {value for name in dir(units) if isinstance(value := getattr(units, name), str)}
OWN_UNITS = ("suffix:", "time:")
NOT_IN_THE_SDK = {"dateTimeAsIso", "cps"}
"""Units of Grafana's `valueFormats/categories.ts` that the SDK has under another heading, or not."""


def everything_of(said: dict[str, Any]) -> list[dict[str, Any]]:
    """Panels and headings of rows, also the panels of a folded one."""
    return [one for panel in said["panels"] for one in (panel, *panel.get("panels", ()))]


def panels_of(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in everything_of(said) if panel["type"] != "row"]


def of_both(board: str) -> list[dict[str, Any]]:
    return [json.loads(one.text) for one in FILES if one.file.endswith(f"/{board}.json")]


@pytest.mark.parametrize("one", EACH)
def test_it_comes_back_from_the_sdk_byte_for_byte(one: Any) -> None:  # noqa: ANN401 - a Built
    read = models.Dashboard.from_json(json.loads(one.text))
    # What the SDK does not read, or takes for there where it is not: an empty placement, and an interval.
    for link in read.links or []:
        link.placement = ""
    for annotation in read.annotations.list_val or []:
        annotation.placement = ""
    for variable in read.templating.list_val or []:
        variable.auto = variable.auto_min = variable.auto_count = None
    assert JSONEncoder(ensure_ascii=False, indent=1).encode(read) + "\n" == one.text


@pytest.mark.parametrize("one", EACH)
def test_its_panels_lie_beside_each_other(one: Any) -> None:  # noqa: ANN401 - a node of JSON
    places = [panel["gridPos"] for panel in everything_of(one.json)]
    for a, b in combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        apart = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or apart, (a, b)
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)


@pytest.mark.parametrize("one", EACH)
def test_it_numbers_its_panels_once_and_refers_to_those_there_are(one: Any) -> None:  # noqa: ANN401 - a node of JSON
    said = one.json
    ids = Counter(panel["id"] for panel in everything_of(said))
    assert set(ids.values()) == {1}
    used = {
        target["panelId"] for panel in panels_of(said) for target in panel["targets"] if "panelId" in target
    }
    assert used <= ids.keys()


def test_every_dashboard_has_an_address_of_its_own() -> None:
    assert set(Counter(one.uid for one in FILES).values()) == {1}
    assert {json.loads(one.text)["uid"] for one in FILES} == {one.uid for one in FILES}
    assert len({json.loads(one.text)["title"] for one in FILES}) == len(FILES)
    assert all(8 <= len(one.uid) <= 40 for one in FILES)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_it_says_everything_in_both_languages(board: Any) -> None:  # noqa: ANN401 - a node of JSON
    zh, en = of_both(board.name)
    for ours, theirs in zip(everything_of(zh), everything_of(en), strict=True):
        assert ours["title"] != theirs["title"] or ours["title"].isascii()
        assert any("一" <= letter <= "鿿" for letter in ours["title"])
        assert not any("一" <= letter <= "鿿" for letter in theirs["title"])
        assert ours["type"] == "row" or ours["description"] != theirs["description"]
    assert not any("一" <= letter <= "鿿" for letter in json.dumps(_without_links(en), ensure_ascii=False))


def _without_links(said: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key != "links"}


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_its_table_of_texts_has_what_it_shows_and_nothing_else(board: Any) -> None:  # noqa: ANN401 - a node of JSON
    texts = texts_of(board.name)
    assert texts.panels.keys() == {panel.name for panel in board.panels}
    assert texts.rows.keys() == {row.name for row in board.rows}


def test_every_shared_text_is_used() -> None:
    said = "".join(one.text for one in FILES)
    for table in (shared().names, shared().words, shared().variables):
        for key, text in table.items():
            for language in LANGUAGES:
                assert json.dumps(text.of(language), ensure_ascii=False) in said, key


@pytest.mark.parametrize("one", EACH)
def test_every_panel_says_what_is_normal_and_when_there_is_nothing(one: Any) -> None:  # noqa: ANN401 - a node of JSON
    for panel in panels_of(one.json):
        assert len(panel["description"]) > 10
        assert panel["fieldConfig"]["defaults"]["noValue"]


def test_the_row_of_a_region_says_so_where_a_station_would_stand() -> None:
    for said, whole in zip(of_both("visits"), ("全区合计", "Whole region"), strict=True):
        [panel] = [one for one in panels_of(said) if one["title"] in {"已发布的月报", "Published months"}]
        [station] = [
            one["properties"]
            for one in panel["fieldConfig"]["overrides"]
            if one["matcher"]["options"] == "station"
        ]
        assert {"id": "noValue", "value": whole} in station


@pytest.mark.parametrize("one", EACH)
def test_it_uses_units_that_grafana_knows(one: Any) -> None:  # noqa: ANN401 - a node of JSON
    for panel in panels_of(one.json):
        config = panel["fieldConfig"]
        properties = [prop for override in config["overrides"] for prop in override["properties"]]
        used = {config["defaults"]["unit"], *(prop["value"] for prop in properties if prop["id"] == "unit")}
        unknown = {unit for unit in used - KNOWN_UNITS - NOT_IN_THE_SDK if not unit.startswith(OWN_UNITS)}
        assert not unknown, panel["title"]


@pytest.mark.parametrize("one", EACH)
def test_its_large_figures_go_by_the_names_people_see(one: Any) -> None:  # noqa: ANN401 - a node of JSON
    for panel in panels_of(one.json):
        if panel["type"] == "stat":
            shown = re.compile(panel["options"]["reduceOptions"]["fields"].strip("/"))
            config = panel["fieldConfig"]
            properties = [prop for override in config["overrides"] for prop in override["properties"]]
            titles = [prop["value"] for prop in properties if prop["id"] == "displayName"]
            assert titles
            assert all(shown.fullmatch(title) for title in titles)


def test_every_unit_of_a_measure_has_a_name_in_grafana() -> None:
    assert {row.unit for rows in MEASURES.values() for row in rows.values()} <= UNITS.keys()


@pytest.mark.parametrize("one", EACH)
def test_its_steps_begin_below_everything_and_rise(one: Any) -> None:  # noqa: ANN401 - a node of JSON
    for panel in panels_of(one.json):
        first, *rest = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        assert first is None
        assert rest == sorted(set(rest))


def test_its_leak_limits_are_those_of_the_alert_rules() -> None:
    station = next(said for said in of_both("station"))
    flow = next(panel for panel in panels_of(station) if panel["title"].startswith("水流量"))
    steps = flow["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["value"], step["color"]) for step in steps[1:]] == [(0.2, "yellow"), (25, "red")]


def test_its_provisioning_holds_no_secret_and_is_written_once(tmp_path: Path) -> None:
    files = provisioning(Source("http://influxdb:8086"))
    assert b"$INFLUXDB_TOKEN" in files["datasources/yizhan.yaml"]
    assert len(write(files, tmp_path)) == len(files) == 14
    assert write(files, tmp_path) == []


def test_it_names_a_version_for_every_influxdb() -> None:

    said = {
        version: Source("http://i:8086", version=version, user="u").provisioned()
        for version in get_args(Version)
    }
    assert said["1"]["secureJsonData"] == {"password": "$INFLUXDB_PASSWORD"}
    for version in ("2", "3"):
        assert said[version]["secureJsonData"] == {"httpHeaderValue1": "Token $INFLUXDB_TOKEN"}
