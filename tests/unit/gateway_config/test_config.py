"""One file, then the environment; whatever is wrong is said by name."""

from pathlib import Path

import pytest

from gateway.config import Settings, http_url, load
from gateway.errors import SettingsError
from tests.support.certificates import Certificates

GOOD = 'broker: {url: "mqtt://127.0.0.1:1883"}\n'


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("pki"))


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


def with_files(scheme: str, **paths: Path) -> str:
    named = "".join(f", {key}: {path}" for key, path in paths.items())
    return f'broker: {{url: "{scheme}://a"{named}}}\n'


def with_password(password: str) -> str:
    return f'broker: {{url: "mqtt://a", username: gateway, password: "{password}"}}\n'


@pytest.mark.parametrize("path", ["{folder}/password", "./password", "../here/password", "~/password"])
def test_it_reads_a_secret_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "password").write_text("hunter2\n")
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(here))
    password = read(tmp_path, with_password(path.format(folder=here))).broker.password
    assert password is not None
    assert password.get_secret_value() == "hunter2"


def test_it_takes_a_secret_as_it_stands(tmp_path: Path) -> None:
    password = read(tmp_path, with_password("hunter2")).broker.password
    assert password is not None
    assert password.get_secret_value() == "hunter2"


def test_it_is_loud_about_a_secret_it_cannot_read(tmp_path: Path) -> None:
    assert "broker.password: /no/such/file" in refusal(tmp_path, with_password("/no/such/file"))
    assert "broker.password: ~nobody-of-ours/x" in refusal(tmp_path, with_password("~nobody-of-ours/x"))


def test_it_refuses_an_empty_file_as_a_secret(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" \n")
    said = refusal(tmp_path, with_password(str(tmp_path / "password")))
    assert f"broker.password: {tmp_path / 'password'}: the file is empty" in said


def test_it_never_shows_a_secret(tmp_path: Path) -> None:
    assert "hunter2" not in repr(read(tmp_path, with_password("hunter2")))
    assert "hunter2" not in refusal(tmp_path, with_password("hunter2") + "humor: dry\n")
    assert "hunter2" not in refusal(tmp_path, 'broker: {url: "ftp://a", password: hunter2}\n')


@pytest.mark.parametrize("key", ["ca", "cert", "key"])
@pytest.mark.parametrize("scheme", ["mqtt", "mqtts"])
def test_it_names_a_file_of_the_broker_that_is_missing(
    tmp_path: Path, files: Certificates, scheme: str, key: str
) -> None:
    paths = {"ca": files.ca, "cert": files.cert, "key": files.key} | {key: tmp_path / "missing.pem"}
    said = refusal(tmp_path, with_files(scheme, **paths))
    assert f"broker: {key} {tmp_path / 'missing.pem'}: No such file or directory" in said


@pytest.mark.parametrize("key", ["ca", "cert", "key"])
def test_it_names_a_file_of_the_broker_that_holds_something_else(
    tmp_path: Path, files: Certificates, key: str
) -> None:
    paths = {"ca": files.ca, "cert": files.cert, "key": files.key}
    assert read(tmp_path, with_files("mqtts", **paths)).broker.key == files.key
    (tmp_path / "prose.pem").write_text("no certificate, and no key")
    said = refusal(tmp_path, with_files("mqtts", **paths | {key: tmp_path / "prose.pem"}))
    assert f"{key} {tmp_path / 'prose.pem'}" in said


def test_it_wants_a_certificate_and_its_key(tmp_path: Path, files: Certificates) -> None:
    for half in ({"cert": files.cert}, {"key": files.key}):
        assert "broker: cert and key belong together" in refusal(tmp_path, with_files("mqtts", **half))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("localhost", "http://localhost:8000"),
        ("::1", "http://[::1]:8000"),
    ],
)
def test_the_address_of_an_ipv6_host_has_brackets(host: str, url: str) -> None:
    assert http_url(host, 8000) == url
