"""`yizhan demo` as a newcomer meets it: something to see soon, data behind every address, a clean end."""

import re
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support.processes import Running
from tests.support.waiting import until_sync

SOON_S = 15.0
FILLED_S = 240.0
STORY_S = 240.0

pytestmark = pytest.mark.timeout(600)


def start(data: Path) -> Running:
    return Running("demo", "--stations", "3", "--data", str(data), "--port", "0")


def address(demo: Running, seconds: float = SOON_S) -> str:
    return demo.wait_for(r"the gateway is ready, open:\s+(http://\S+[0-9])/", seconds).group(1)


def family(demo: Running) -> list[psutil.Process]:
    return [psutil.Process(demo.pid), *psutil.Process(demo.pid).children(recursive=True)]


def get(url: str) -> Any:  # noqa: ANN401 - whatever JSON there is
    answer = httpx.get(url, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def interrupt(demo: Running) -> None:
    """Ctrl-C; everything is gone within 30 s, with exit code 0."""
    everybody = family(demo)
    demo.interrupt()
    assert demo.wait(30) == 0, demo.output
    assert psutil.wait_procs(everybody, timeout=1)[1] == []


def test_it_shows_a_town_with_a_past_tells_a_story_and_ends_without_a_trace(tmp_path: Path) -> None:
    with start(tmp_path / "demo") as demo:
        begun = time.monotonic()
        http = address(demo)
        assert time.monotonic() - begun < SOON_S
        stations = get(f"{http}/api/v1/stations")["items"]
        assert [item["station_id"] for item in stations] == ["louxing-01", "louxing-02", "louxing-03"]
        demo.wait_for("history is in", FILLED_S)
        look_around(http)
        take_part(demo, http)
        interrupt(demo)
    go_on(tmp_path / "demo")


def look_around(http: str) -> None:
    """What section 8 of the contract promises for stations, over the demo's own history."""
    station = f"{http}/api/v1/stations/louxing-01"
    until_sync(lambda: get(station)["state"] == "online", 60, "the real agent being heard")
    detail = get(station)
    assert detail["name"]["zh"] == "娄底火车站驿站"
    assert {"main.l1", "lounge", "front-door"} <= {device["device"] for device in detail["devices"]}
    assert detail["completeness"]["received"] > 300
    assert detail["completeness"]["missing"] == detail["completeness"]["quarantined"] == 0
    hourly = get(f"{station}/readings/environment?device=lounge&every=1h&fields=air_temp_celsius")["items"]
    assert len(hourly) >= 23
    energy = get(
        f"{station}/readings/power?device=main.l1&every=1h&fn=increase&fields=energy_import_kwh_total"
    )
    assert 1 < sum(item["energy_import_kwh_total"] or 0 for item in energy["items"]) < 200
    assert get(f"{http}/api/v1/quarantine")["items"] == []
    assert get(f"{http}/readyz")["store"] == "ok"
    assert "yizhan_frames_total" in httpx.get(f"{http}/metrics").text
    assert "娄底火车站驿站" in httpx.get(f"{http}/").text


def of_rule(http: str, rule: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = get(f"{http}/api/v1/alerts?rule={rule}")["items"]
    return items


def link_of(demo: Running, alert_id: str) -> str:
    """The link that stands above the number of an alert in the first message about it."""
    link = ""
    for line in demo.output.splitlines():
        found = re.search(r"http://\S+/a/[a-z0-9]+", line)
        link = found.group() if found else link
        if alert_id in line:
            return link
    return ""


def take_part(demo: Running, http: str) -> None:
    """The story is told, and told to the next person, until somebody takes it through the link."""
    demo.wait_for("⚠ louxing-01 .*forced door", STORY_S)
    until_sync(lambda: of_rule(http, "AC-02") != [], STORY_S, "the alert of the forced door")
    [forced] = of_rule(http, "AC-02")
    alert_id = forced["alert_id"]
    assert (forced["station_id"], forced["severity"]) == ("louxing-01", "P1")
    until_sync(lambda: link_of(demo, alert_id) != "", STORY_S, "the message about it")
    demo.wait_for("Escalation step 1", STORY_S)
    tapped = httpx.post(f"{link_of(demo, alert_id)}?lang=en", timeout=10)
    assert "Acknowledged, thank you." in tapped.text
    demo.wait_for("⚠ louxing-02 .*mains outage", STORY_S)
    demo.wait_for("Mains outage", STORY_S)
    until_sync(lambda: of_rule(http, "AC-02")[0]["state"] == "resolved", STORY_S, "its end")


def go_on(data: Path) -> None:
    """A second run over the same directory has the past already, and adds to it."""
    with start(data) as demo:
        http = address(demo)
        before = get(f"{http}/api/v1/stations/louxing-02")["completeness"]["received"]
        assert before > 300
        demo.wait_for("history is in", FILLED_S)
        station = f"{http}/api/v1/stations/louxing-02"
        until_sync(lambda: get(station)["completeness"]["received"] > before, 60, "new frames")
        interrupt(demo)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_it_ends_as_cleanly_before_it_is_ready(tmp_path: Path, number: signal.Signals) -> None:
    with start(tmp_path / "demo") as demo:
        demo.wait_for("Yizhan demo")
        everybody = family(demo)
        psutil.Process(demo.pid).send_signal(number)
        assert demo.wait(30) == 0, demo.output
        assert psutil.wait_procs(everybody, timeout=1)[1] == []


def test_it_says_when_its_port_is_taken(tmp_path: Path) -> None:
    with start(tmp_path / "one") as first:
        port = address(first).rpartition(":")[2]
        with Running("demo", "--stations", "1", "--data", str(tmp_path / "two"), "--port", port) as second:
            assert second.wait(30) == 1
            assert "choose another port" in second.output
            assert "Traceback" not in second.output
        interrupt(first)
