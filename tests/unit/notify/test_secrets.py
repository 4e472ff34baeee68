"""Secrets come from settings or files, and go nowhere."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from gateway.notify.channels import AnyChannel, Channels
from gateway.notify.secrets import masked, parts_of

ADAPTER: TypeAdapter[AnyChannel] = TypeAdapter(AnyChannel)
URL = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=6f1d-key"


def test_a_secret_may_be_the_path_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"{URL}\n")
    settings = ADAPTER.validate_python({"kind": "wecom", "url": str(tmp_path / "url")})
    assert getattr(settings, "url").get_secret_value() == URL  # noqa: B009 - a union of settings


@pytest.mark.parametrize("content", [None, "", "  \n"])
def test_a_file_that_holds_nothing_is_an_error_with_its_name(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "url"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValidationError, match=str(path)):
        ADAPTER.validate_python({"kind": "wecom", "url": str(path)})


@pytest.mark.parametrize(
    "url", ["http://qyapi.weixin.qq.com/send?key=6f1d-key", "6f1d-key", "ftp://x/6f1d-key"]
)
def test_a_wrong_address_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ADAPTER.validate_python({"kind": "dingtalk", "url": url})
    sentences = " ".join(error["msg"] for error in caught.value.errors())
    assert "https://" in sentences
    assert "6f1d-key" not in sentences


def test_settings_do_not_show_their_secrets() -> None:
    settings = ADAPTER.validate_python({"kind": "feishu", "url": URL, "secret": "SEC-51c8"})
    assert "6f1d" not in repr(settings)
    assert "51c8" not in repr(settings)


def test_an_unknown_kind_is_told_all_kinds() -> None:
    with pytest.raises(ValidationError, match="'wecom', 'dingtalk', 'feishu'"):
        ADAPTER.validate_python({"kind": "pager"})


def test_a_robot_has_one_name() -> None:
    two = {"duty": {"kind": "wecom", "url": URL}, "night": {"kind": "wecom", "url": URL}}
    with pytest.raises(ValidationError, match="duty and night are one robot"):
        TypeAdapter(Channels).validate_python(two)


def test_what_others_say_is_masked_and_bounded() -> None:
    hidden = parts_of("https://user:password@example.org/hook/abcdef123?key=6f1d-key&x=1")
    shown = masked(f"bad 6f1d-key\nfor password at abcdef123 {'x' * 900}", hidden)
    assert shown.startswith("bad (secret) for (secret) at (secret) x")
    assert len(shown) == 200


def test_the_page_shows_settings_that_channels_take(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "alert-channels.md").read_text()
    block = page.split("```yaml\n")[1].split("```")[0]
    for name in re.findall(r"/etc/yizhan/([a-z.]+)", block):
        (tmp_path / name).write_text(f"https://example.org/{name}")
    shown = yaml.safe_load(block.replace("/etc/yizhan", str(tmp_path)))
    assert len(TypeAdapter(Channels).validate_python(shown["channels"])) == 8
