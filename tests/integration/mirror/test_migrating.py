"""`yizhan gateway migrate` makes room at a real InfluxDB, as an operator meets it."""

from pathlib import Path

import httpx

from tests.integration.test_gateway_cli import configured, ended
from tests.support.influx import Influx
from tests.support.ports import free_port

KEPT = {"raw": "9600h0m0s", "access": "720h0m0s", "rollups": "43920h0m0s", "alerts": "17568h0m0s"}
"""400 days, 30 days, 5 and 2 years of 366 days, as the server spells them."""


def mirrored(tmp_path: Path, url: str) -> tuple[str, str]:
    """Return the option for settings that mirror into the server at this address."""
    return configured(tmp_path, '{url: "mqtt://127.0.0.1:1"}', f'mirror: {{influxdb: {{url: "{url}"}}}}\n')


def kept(server: Influx) -> dict[str, str]:
    """Return how long each class of data is kept, the default one first."""
    rows = server.query("SHOW RETENTION POLICIES ON yizhan")
    return {row["name"]: row["duration"] for row in sorted(rows, key=lambda row: not row["default"])}


def write(server: Influx, line: str) -> None:
    asked = {"db": "yizhan", "rp": "raw"}
    assert httpx.post(f"{server.bare_url}/write", params=asked, content=line).status_code == 204


def test_it_makes_room_for_each_class_of_data_and_leaves_alone_what_is_there(
    server: Influx, tmp_path: Path
) -> None:
    config = mirrored(tmp_path, server.bare_url)
    code, said, complaint = ended("migrate", *config)
    policies = [f"retention policy {name} created" for name in ("access", "rollups", "alerts")]
    assert (code, said.splitlines()) == (0, ["database yizhan created", *policies, "ok"]), complaint
    assert (kept(server), next(iter(kept(server)))) == (KEPT, "raw")
    write(server, "power,station=louxing-01 voltage_v=230.5")
    assert ended("migrate", *config)[:2] == (0, "ok\n")
    assert kept(server) == KEPT
    assert [row["voltage_v"] for row in server.query("SELECT * FROM power")] == [230.5]


def test_it_names_setting_and_address_when_nobody_answers_there(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    code, said, complaint = ended("migrate", *mirrored(tmp_path, url))
    assert (code, said) == (1, "")
    assert complaint.startswith(f"yizhan gateway: mirror.influxdb {url}: unreachable: ")
    assert "Connection refused" in complaint
    assert "Traceback" not in complaint
