"""The committed schemas are fresh, valid, and say the same as the code."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.conformance import asyncapi_form
from wire.codec import Reason
from wire.frames import (
    Ack,
    Birth,
    Claim,
    Command,
    Config,
    DeviceInfo,
    Goodbye,
    Message,
    ResendArgs,
    Result,
    StreamSummary,
)
from wire.generate import HOME, documents, write
from wire.messages import encode_message
from wire.topics import Channel

ULID = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"
SCHEMAS = HOME / "schemas"
EXAMPLES = HOME / "examples"
MESSAGE_FILES = ["frame", "ack", "status", "command", "resend-args", "result", "config", "claim"]

BEYOND_SCHEMAS = {
    "other-station",  # the topic is not in the payload
    "gone-backwards",  # order between numbers
    "gone-overlapping",
    "gone-descending",
    "key-twice",  # parsers keep one of the two
    "unknown-key-twice",
    "domain-twice",
    "stream-twice",
    "field-twice",
    "unknown-field-twice",
    "device-twice",
    "integer-with-fraction",  # to JSON Schema 24.0 is an integer
    "integer-with-exponent",
    "seq-float",
    "version-float",
    "ts-float",
    "nan",  # Python's parser takes what is not JSON
    "infinity",
    "minus-infinity",
    "beyond-float",
    "beyond-64-bits",  # a number is a number
    "stream-with-newline",  # Python's $ lets it pass, as no other dialect does
    "device-with-newline",
}
MESSAGES: list[tuple[str, Message]] = [
    ("ack", Ack(gateway=ULID, stream=ULID, received=((1, 3),), credit=0, now=1)),
    (
        "status",
        Birth(
            session=1,
            boot_id=ULID,
            gateway=None,
            version="0.1.0",
            started=1,
            streams=[StreamSummary(stream=ULID, oldest=1, kept=1, last=0)],
            devices=[DeviceInfo(device="front-door", domain="access", facility="door", interval_s=30)],
        ),
    ),
    ("status", Goodbye(state="lost", session=1)),
    ("status", Goodbye(state="stopped", session=1, reason="update")),
    ("command", Command(gateway=ULID, id=ULID, name="birth", issued=1, ttl_s=60)),
    ("resend-args", ResendArgs(stream=ULID, ranges=((1, 1),))),
    ("result", Result(id=ULID, state="done", gone=((1, 1),), at=1)),
    ("config", Config(version=1, gateway=ULID, settings={})),
    ("claim", Claim(gateway=ULID, since=1)),
]


def parsable_bad_frames() -> list[Path]:
    unparsable = {Reason.NOT_JSON, Reason.BAD_COMPRESSION}
    paths = sorted((EXAMPLES / "bad").glob("*.json"))
    return [
        path for path in paths if json.loads(path.read_text("utf-8"))["expected"]["reason"] not in unparsable
    ]


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    return loaded


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(reference: str, document: dict[str, Any]) -> object:
    file, _, pointer = reference.partition("#")
    node: Any = json.loads((SCHEMAS / file).read_text("utf-8")) if file else document
    for level in pointer.split("/")[1:]:
        node = node[level.replace("~1", "/").replace("~0", "~")]
    return node


def test_it_finds_everything_generated_committed_and_fresh() -> None:
    stale = [name for name, made in documents().items() if (HOME / name).read_bytes() != made]
    assert not stale, "run `python -m wire.generate`"
    there = {path.relative_to(HOME).as_posix() for path in EXAMPLES.rglob("*") if path.is_file()}
    assert there <= set(documents())


def test_it_writes_what_is_missing_and_removes_what_is_left_over(tmp_path: Path) -> None:
    assert set(write(tmp_path)) == set(documents())
    assert write(tmp_path) == []
    (tmp_path / "examples" / "good" / "old.json").write_text("{}")
    (tmp_path / "schemas" / "ack.json").write_text("{}")
    assert write(tmp_path) == ["schemas/ack.json", "examples/good/old.json"]
    assert write(tmp_path) == []


@pytest.mark.parametrize("name", MESSAGE_FILES)
def test_it_writes_schemas_that_are_schemas(name: str) -> None:
    schema = load(name)
    Draft7Validator.check_schema(schema)
    assert all(resolve(reference, schema) is not None for reference in references(schema))


@pytest.mark.parametrize("path", sorted((EXAMPLES / "good").glob("*.json")), ids=lambda path: path.stem)
def test_it_lets_every_good_frame_through_the_schema(path: Path) -> None:
    Draft7Validator(load("frame")).validate(json.loads(path.read_bytes()))


@pytest.mark.parametrize("path", parsable_bad_frames(), ids=lambda path: path.stem)
def test_it_stops_bad_frames_in_the_schema_where_a_schema_can(path: Path) -> None:
    payload = json.loads(json.loads(path.read_text("utf-8"))["payload"])
    passes = Draft7Validator(load("frame")).is_valid(payload)
    assert passes == (path.stem in BEYOND_SCHEMAS)


@pytest.mark.parametrize(("name", "message"), MESSAGES, ids=lambda value: type(value).__name__)
def test_it_lets_our_own_messages_through_their_schema(name: str, message: Message) -> None:
    validator = Draft7Validator(load(name))
    written = json.loads(encode_message(message))
    validator.validate(written)
    for key in {"v", "gateway", "session", "state", "stream"} & written.keys():
        assert not validator.is_valid({other: value for other, value in written.items() if other != key})


def test_it_writes_an_asyncapi_document_of_the_form_version_3_asks_for() -> None:
    Draft7Validator.check_schema(asyncapi_form.DOCUMENT)
    validator = Draft7Validator(asyncapi_form.DOCUMENT)
    validator.validate(load("asyncapi"))
    assert not validator.is_valid({**load("asyncapi"), "channels": {"x": {"adress": 1}}})
    assert not validator.is_valid({**load("asyncapi"), "asyncapi": "2.6.0"})


def test_it_gives_every_parameter_of_an_address() -> None:
    for channel in load("asyncapi")["channels"].values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"])


def test_it_describes_every_channel_and_refers_to_what_exists() -> None:
    document = load("asyncapi")
    assert set(document["channels"]) == {*Channel, "claim"} == set(document["operations"])
    for name in Channel:
        assert document["channels"][name]["address"] == f"stations/{{region}}/{{station_id}}/{name}"
    assert all(resolve(reference, document) is not None for reference in references(document))
    for operation in document["operations"].values():
        channel = resolve(operation["channel"]["$ref"], document)
        assert isinstance(channel, dict)
        assert channel["messages"]
