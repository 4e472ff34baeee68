"""deploy.make_secrets: everything a site needs, made once, and what a running broker makes of a change."""

import hashlib
import os
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from deploy.make_secrets import READERS
from gateway.api.access import Role, Tokens
from tests.integration.deploy.layout import STATIONS, Broker, Layout, compose, make_secrets, run_deployed
from tests.support.waiting import until_sync


@pytest.fixture(params=["mosquitto", "emqx"])
def layout(request: pytest.FixtureRequest, tmp_path: Path) -> Layout:
    return Layout(tmp_path, broker=request.param)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Broker]:
    with Broker(Layout(tmp_path), "container") as broker:
        yield broker


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_it_changes_nothing_when_nothing_has_changed(layout: Layout) -> None:
    before = content(layout.secrets)
    again = make_secrets(layout, "--simulation")
    assert (again.returncode, again.stdout) == (0, "")
    assert content(layout.secrets) == before


def test_it_adds_a_station_and_leaves_the_others_as_they_are(layout: Layout) -> None:
    before = content(layout.secrets)
    layout.stations.write_text(f"{STATIONS}- {{station_id: louxing-08, region: louxing}}\n")
    assert make_secrets(layout, "--simulation").stdout.split() == [
        "made",
        str(layout.secrets / "stations" / "louxing-08"),
    ]
    after = content(layout.secrets)
    changed = {path for path in after if after[path] != before.get(path)}
    lists = {"mosquitto": {"passwords", "acl"}, "emqx": {"users.csv", "acl.conf"}}[layout.broker]
    assert changed == {"stations/louxing-08"} | {f"{layout.broker}/{name}" for name in lists}
    for name in lists:
        added = set(after[f"{layout.broker}/{name}"].splitlines())
        assert added > set(before[f"{layout.broker}/{name}"].splitlines())


def test_it_lets_nobody_else_read_a_secret(layout: Layout) -> None:
    modes = {path: path.stat().st_mode & 0o777 for path in layout.secrets.rglob("*") if path.is_file()}
    assert {mode for path, mode in modes.items() if path != layout.ca} == {0o600}
    assert modes[layout.ca] == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may hand files over")
def test_it_hands_each_folder_to_the_user_who_reads_it(layout: Layout) -> None:
    for path in (layout.secrets / layout.broker).rglob("*"):
        assert path.stat().st_uid == READERS["containers"][layout.broker]
    assert (layout.secrets / "ca" / "ca.key").stat().st_uid == 0


def test_it_makes_every_file_the_compositions_name(layout: Layout) -> None:
    file = {"mosquitto": "compose.yaml", "emqx": "compose.emqx.yaml"}[layout.broker]
    named = [Path(entry["file"]) for entry in compose(file)["secrets"].values()]
    missing = [path for path in named if not (layout.secrets / path.relative_to("secrets")).is_file()]
    assert missing == []


def test_it_makes_a_token_the_gateway_knows_as_its_administrators(layout: Layout) -> None:
    token = (layout.secrets / "people" / "admin_token").read_text()
    principal = Tokens.load(layout.secrets / "gateway" / "tokens.yaml").of(token)
    assert principal is not None
    assert principal.role is Role.ADMIN
    assert token not in (layout.secrets / "gateway" / "tokens.yaml").read_text()


def test_it_keeps_the_tokens_people_added(layout: Layout) -> None:
    tokens = layout.secrets / "gateway" / "tokens.yaml"
    with tokens.open("a") as file:
        file.write(
            f"- {{name: duty-desk, sha256: {hashlib.sha256(b'theirs').hexdigest()}, role: operator}}\n"
        )
    make_secrets(layout)
    assert Tokens.load(tokens).of("theirs") is not None


def test_it_keeps_the_fleet_out_where_nothing_is_simulated(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    make_secrets(layout)
    assert "fleet:" not in (layout.secrets / "mosquitto" / "passwords").read_text()


def test_it_writes_emqx_the_rights_mosquitto_has(tmp_path: Path) -> None:
    rights = {}
    for broker in ("mosquitto", "emqx"):
        (tmp_path / broker).mkdir()
        rights[broker] = Layout(tmp_path / broker, broker=broker).secrets / broker
    lines = (rights["emqx"] / "acl.conf").read_text().splitlines()
    terms = [re.fullmatch(r'\{allow, \{username, "(.+)"\}, (\w+), \[(.+)\]\}\.', line) for line in lines[:-1]]
    verbs = {"publish": "write", "subscribe": "read"}
    told = {
        (term[1], f"topic {verbs[term[2]]} {topic}")
        for term in terms
        if term
        for topic in re.findall(r'"([^"]+)"', term[3])
    }
    sections = (rights["mosquitto"] / "acl").read_text().split("\n\n")
    shipped = {
        (section.splitlines()[0].removeprefix("user "), line)
        for section in sections
        for line in section.split("\n")[1:]
        if line
    }
    assert lines[-1] == "{deny, all}."
    assert told == shipped


def test_it_writes_emqx_hashes_of_the_passwords(tmp_path: Path) -> None:
    layout = Layout(tmp_path, broker="emqx")
    head, *lines = (layout.secrets / "emqx" / "users.csv").read_text().splitlines()
    assert head == "user_id,password_hash,salt,is_superuser"
    assert len(lines) == 4
    for line in lines:
        user, digest, salt, superuser = line.split(",")
        assert digest == hashlib.sha256(f"{layout.password(user)}{salt}".encode()).hexdigest()
        assert superuser == "false"


@pytest.mark.parametrize(
    ("stations", "arguments", "complaint"),
    [
        ("- {station_id: louxing-07}\n", [], "entry 1 needs station_id and region"),
        ("- {station_id: gateway, region: louxing}\n", [], "the user gateway exists already"),
        ("- {station_id: 'a\\nuser b', region: louxing}\n", [], "station_id"),
        ("station_id: louxing-07\n", [], "write a list of stations"),
        (STATIONS, ["--renew"], "say with --host"),
    ],
)
def test_it_says_what_to_mend(tmp_path: Path, stations: str, arguments: list[str], complaint: str) -> None:
    layout = Layout(tmp_path)
    before = content(layout.secrets)
    layout.stations.write_text(stations)
    done = make_secrets(layout, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("make_secrets: ")
    assert complaint in done.stderr
    assert content(layout.secrets) == before


def test_it_writes_the_access_list_alone_as_it_did(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    done = run_deployed("mosquitto.make_acl", str(layout.stations))
    assert done.stdout == (layout.secrets / "mosquitto" / "acl").read_text()


def served_certificate(broker: Broker) -> str:
    return ssl.get_server_certificate(("127.0.0.1", broker.public), ca_certs=str(broker.layout.ca))


def station(broker: Broker, name: str) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name)
    client.username_pw_set(name, broker.layout.password(name))
    client.tls_set(ca_certs=str(broker.layout.ca))
    client.reconnect_delay_set(60, 60)
    client.connect("127.0.0.1", broker.public)
    client.loop_start()
    return client


def test_it_renews_the_certificate_under_a_running_broker(running: Broker) -> None:
    before = served_certificate(running)
    held = station(running, "louxing-07")
    until_sync(held.is_connected, what="a station")
    make_secrets(running.layout, "--renew", "--host", "127.0.0.1")
    running.reload()
    until_sync(lambda: served_certificate(running) != before, what="the new certificate")
    assert held.is_connected()
    held.disconnect()
    held.loop_stop()


def test_it_lets_a_new_station_in_and_sends_away_one_that_was_taken_out(running: Broker) -> None:
    old = station(running, "louxing-07")
    until_sync(old.is_connected, what="the old station")
    running.layout.stations.write_text("- {station_id: louxing-08, region: louxing}\n")
    make_secrets(running.layout)
    running.reload()
    until_sync(lambda: not old.is_connected(), what="the old station being sent away")
    new = station(running, "louxing-08")
    until_sync(new.is_connected, what="the new station")
    for client in (old, new):
        client.disconnect()
        client.loop_stop()
