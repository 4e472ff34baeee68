"""One file, then the environment; whatever is wrong is said by name."""

from pathlib import Path

import pytest

from gateway.config import Settings, load
from gateway.errors import SettingsError

GOOD = 'broker: {url: "mqtt://127.0.0.1:1883"}\n'


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def read(tmp_path: Path, text: str = GOOD, **environment: str) -> Settings:
    return load(write(tmp_path, text), environment)


def refusal(tmp_path: Path, text: str = GOOD, **environment: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text, **environment)
    return str(caught.value)


def test_it_reads_the_file_of_the_contract(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        """
data_dir: ./data
broker: {url: "mqtt://127.0.0.1:1883"}
http: {host: 127.0.0.1, port: 8000, auth: none, public_url: null, hosts: []}
regions: ["+"]
stations: {file: stations.yaml, accept_unknown: true}
""",
    )
    assert settings.data_dir == Path("data")
    assert (settings.http.port, settings.http.auth, settings.regions) == (8000, "none", ("+",))
    assert settings.stations.file == Path("stations.yaml")


def test_tokens_that_commands_take_from_the_environment_are_no_settings(tmp_path: Path) -> None:
    assert read(tmp_path, YIZHAN_REPLAY_TOKEN="r", YIZHAN_BACKUP_TOKEN="b") == read(tmp_path)
    assert "YIZHAN_BACKUP_COLOUR" in refusal(tmp_path, YIZHAN_BACKUP_COLOUR="blue")


def test_its_environment_wins_and_reaches_nested_settings(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        YIZHAN_BROKER__URL="mqtt://10.0.0.5:1884",
        YIZHAN_HTTP__PORT="0",
        YIZHAN_REGIONS="[louxing, shuangfeng]",
        PATH="/usr/bin",
    )
    assert settings.broker.url == "mqtt://10.0.0.5:1884"
    assert (settings.http.port, settings.regions) == (0, ("louxing", "shuangfeng"))


def test_it_can_do_without_a_file() -> None:
    assert load(None, {"YIZHAN_BROKER__EMBEDDED": "true"}).broker.embedded


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("humor: dry\n", "humor"),
        ("http: {prot: 8000}\n", "http.prot"),
        ("stations: {files: x}\n", "stations.files"),
        ("ack: {frame: 16}\n", "ack.frame"),
        ("ingest: {tick: 1}\n", "ingest.tick"),
    ],
)
def test_it_refuses_a_key_it_does_not_know(tmp_path: Path, text: str, key: str) -> None:
    said = refusal(tmp_path, GOOD + text)
    assert said == f"{tmp_path / 'gateway.yaml'}: {key}: there is no such setting"


def test_it_refuses_an_unknown_key_of_the_broker(tmp_path: Path) -> None:
    assert "broker.host: there is no such setting" in refusal(tmp_path, "broker: {host: a}\n")


def test_it_names_the_variable_that_is_wrong(tmp_path: Path) -> None:
    assert (
        refusal(tmp_path, YIZHAN_HTTP__PROT="1") == "YIZHAN_HTTP__PROT: http.prot: there is no such setting"
    )
    assert refusal(tmp_path, YIZHAN_HUMOR="dry").startswith("YIZHAN_HUMOR: ")
    assert refusal(tmp_path, YIZHAN_HTTP__PORT="70000").startswith("YIZHAN_HTTP__PORT: http.port: ")
    assert "YIZHAN_DATA_DIR__X" in refusal(tmp_path, GOOD + "data_dir: a\n", YIZHAN_DATA_DIR__X="1")
    assert "YIZHAN_REGIONS" in refusal(tmp_path, YIZHAN_REGIONS="[")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "broker: Field required"),
        ("broker: {}\n", "embedded: true"),
        ('broker: {url: "mqtt://a", embedded: true}\n', "either url"),
        ('broker: {url: "http://a"}\n', "mqtt://host:port"),
        ('broker: {url: "mqtt://"}\n', "mqtt://host:port"),
        ('broker: {url: "mqtt://a:99999"}\n', "broker"),
        (GOOD + "regions: []\n", "regions"),
        (GOOD + "regions: [Louxing]\n", "'Louxing' is no region"),
        (GOOD + 'regions: ["louxing\\n"]\n', "is no region"),
        (GOOD + "http: {host: 0.0.0.0}\n", "http"),
        (GOOD + "ingest: {tick_ms: 0}\n", "ingest.tick_ms"),
        ("- a list\n", "a mapping of keys"),
        ("broker: {url: [\n", "gateway.yaml"),
    ],
)
def test_it_says_what_is_wrong_and_where(tmp_path: Path, text: str, named: str) -> None:
    assert named in refusal(tmp_path, text)


def test_it_says_that_a_file_is_missing_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: No such file"):
        load(tmp_path / "nowhere.yaml", {})
    (tmp_path / "latin.yaml").write_bytes(b"data_dir: caf\xe9\n")
    with pytest.raises(SettingsError, match=r"latin\.yaml.*utf-8"):
        load(tmp_path / "latin.yaml", {})


def with_password(password: str) -> str:
    return f'broker: {{url: "mqtt://a", username: gateway, password: "{password}"}}\n'


def test_it_reads_a_secret_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    password = read(tmp_path, with_password(str(secret))).broker.password
    assert password is not None
    assert password.get_secret_value() == "hunter2"


def test_it_takes_a_secret_as_it_stands(tmp_path: Path) -> None:
    password = read(tmp_path, with_password("hunter2")).broker.password
    assert password is not None
    assert password.get_secret_value() == "hunter2"


def test_it_is_loud_about_a_secret_it_cannot_read(tmp_path: Path) -> None:
    assert "broker.password: /no/such/file" in refusal(tmp_path, with_password("/no/such/file"))


def test_it_never_shows_a_secret(tmp_path: Path) -> None:
    assert "hunter2" not in repr(read(tmp_path, with_password("hunter2")))
    assert "hunter2" not in refusal(tmp_path, with_password("hunter2") + "humor: dry\n")
    assert "hunter2" not in refusal(tmp_path, 'broker: {url: "ftp://a", password: hunter2}\n')
