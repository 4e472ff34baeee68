"""`yizhan demo` as a newcomer meets it: something to see soon, data behind every address, a clean end."""

import re
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support.influx import Influx
from tests.support.ports import free_port
from tests.support.processes import Running
from tests.support.waiting import until_sync

SOON_S = 15.0
FILLED_S = 240.0
STORY_S = 240.0
TROUBLES = (
    ("louxing-01", "forced door", "AC-02", "P1", "Door forced"),
    ("louxing-02", "mains outage", "PW-01", "P2", "Mains outage"),
    ("louxing-04", "burst hose", "WA-02", "P1", "Burst pipe"),
)
"""Station and fault, and rule, severity and name of its alert, in the order in which they are told."""
ENDING = ("Door forced", "Mains outage")
"""What is told to be over; the water is so minutes later still, too long to wait for here."""

pytestmark = pytest.mark.timeout(900)


def start(data: Path, *more: str, stations: int = 5) -> Running:
    """Five stations are the smallest town with the whole story: three troubles, and a link that breaks."""
    return Running("demo", "--stations", str(stations), "--data", str(data), "--port", "0", *more)


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
        assert [item["station_id"] for item in stations] == [f"louxing-0{n}" for n in range(1, 6)]
        demo.wait_for("history is in", FILLED_S)
        look_around(http)
        take_part(demo, http)
        demo.wait_for(r"louxing-05 has caught up: [1-9]\d* power readings .* no frame is missing", STORY_S)
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


def messages_about(demo: Running, name: str) -> list[str]:
    """Everything that those on call were told under the name of a rule."""
    return [said for said in demo.output.split("to those on call:")[1:] if name in said]


def is_reminder(message: str) -> bool:
    return "Escalation step" in message


def is_end(message: str) -> bool:
    return re.search(r"\[P\d \w+ resolved\]", message) is not None


def take(demo: Running, http: str, trouble: tuple[str, str, str, str, str]) -> None:
    """Take one alert through its link, once the next person was told as well."""
    station_id, fault, rule, severity, name = trouble
    demo.wait_for(f"⚠ {station_id} .*{fault}", STORY_S)
    demo.wait_for(rf"\[{severity} \w+\] .*{name}", STORY_S)
    [alert] = [one for one in of_rule(http, rule) if one["state"] == "firing"]
    assert (alert["station_id"], alert["severity"]) == (station_id, severity)
    until_sync(
        lambda: any(map(is_reminder, messages_about(demo, name))), STORY_S, f"a reminder of the {fault}"
    )
    tapped = httpx.post(f"{link_of(demo, alert['alert_id'])}?lang=en", timeout=10)
    assert "Acknowledged, thank you." in tapped.text


def take_part(demo: Running, http: str) -> None:
    """Each trouble is told once, then to the next person, until somebody takes it, and at last its end."""
    for trouble in TROUBLES:
        take(demo, http, trouble)
    for name in ENDING:
        demo.wait_for(rf"\[P\d \w+ resolved\] .*{name}", STORY_S)
    for *_, name in TROUBLES:
        messages = messages_about(demo, name)
        assert sum(not is_reminder(said) and not is_end(said) for said in messages) == 1, messages
        assert not any("Escalation step 2" in said for said in messages), "told again though taken"
    assert of_rule(http, "AC-02")[0]["state"] == "resolved"


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


def test_it_mirrors_its_town_into_an_influxdb_that_has_nothing_yet(tmp_path: Path) -> None:
    told = "SELECT COUNT(air_temp_celsius) FROM environment WHERE station = 'louxing-01'"
    with (
        Influx(tmp_path / "influx") as server,
        start(tmp_path / "demo", "--influx", server.bare_url, stations=1) as demo,
    ):
        address(demo, 2 * SOON_S)
        kept = {row["name"] for row in server.query("SHOW RETENTION POLICIES ON yizhan")}
        assert {"raw", "access", "rollups", "alerts"} == kept
        until_sync(lambda: server.query(told), FILLED_S, "its past in the mirror")
        interrupt(demo)


def test_it_says_when_no_influxdb_answers(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with start(tmp_path / "demo", "--influx", url, stations=1) as demo:
        assert demo.wait(30) == 1
        assert f"mirror.influxdb {url}: unreachable" in demo.output
        assert "Traceback" not in demo.output


def test_it_says_when_its_port_is_taken(tmp_path: Path) -> None:
    with start(tmp_path / "one") as first:
        port = address(first).rpartition(":")[2]
        with Running("demo", "--stations", "1", "--data", str(tmp_path / "two"), "--port", port) as second:
            assert second.wait(30) == 1
            assert "choose another port" in second.output
            assert "Traceback" not in second.output
        interrupt(first)
