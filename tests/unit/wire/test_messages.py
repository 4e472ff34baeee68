"""Status, acknowledgements, commands and the rest cross the wire unchanged or are refused with a reason."""

import json

import pytest

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
from wire.messages import (
    MAX_MESSAGE,
    MessageError,
    UnknownVersionError,
    decode_message,
    decode_status,
    encode_message,
)
from wire.ranges import Ranges

ULID = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"
NOW = 1_763_790_000_200

ACK = Ack(gateway=ULID, stream=ULID, received=((1, 794), (798, 812)), credit=64, now=NOW)
BIRTH = Birth(
    session=17,
    boot_id=ULID,
    gateway=None,
    version="0.1.0",
    started=NOW,
    streams=[StreamSummary(stream=ULID, oldest=5, kept=2, last=9, gone=((3, 4),))],
    devices=[DeviceInfo(device="front-door", domain="access", facility="door", interval_s=30)],
)
MESSAGES: list[Message] = [
    ACK,
    BIRTH,
    Goodbye(state="lost", session=17),
    Goodbye(state="stopped", session=17, reason="maintenance"),
    Command(gateway=ULID, id=ULID, name="birth", issued=NOW, ttl_s=60, by=["li"]),
    Command(
        gateway=ULID,
        id=ULID,
        name="resend",
        args={"stream": ULID, "ranges": [[3, 4]]},
        issued=NOW,
        ttl_s=60,
    ),
    Result(id=ULID, state="done", gone=((3, 3),), at=NOW),
    Result(config_version=3, state="refused", reason="unknown setting", at=NOW),
    Config(version=3, gateway=ULID, settings={"power": {"every": "10s"}}),
    Claim(gateway=ULID, since=NOW, replaces=[ULID]),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_it_reads_what_it_writes(message: Message) -> None:
    assert decode_message(type(message), encode_message(message)) == message


def test_it_writes_the_keys_of_the_contract_in_their_order() -> None:
    assert (
        encode_message(ACK)
        == (
            f'{{"v":1,"gateway":"{ULID}","stream":"{ULID}","received":[[1,794],[798,812]],"credit":64,"now":{NOW}}}'
        ).encode()
    )
    assert encode_message(Goodbye(state="lost", session=17)) == b'{"v":1,"state":"lost","session":17}'


def test_it_says_null_where_a_station_obeys_no_gateway_yet() -> None:
    assert b'"gateway":null' in encode_message(BIRTH)


def test_it_takes_ranges_as_they_are_kept() -> None:
    held = Ranges([(1, 794), (798, 812)])
    assert ACK.model_copy(update={"received": tuple(held)}) == ACK
    assert Ranges(ACK.received) == held


def test_it_tells_a_birth_from_a_goodbye() -> None:
    assert decode_status(encode_message(BIRTH)) == BIRTH
    assert decode_status(b'{"v":1,"state":"lost","session":17}') == Goodbye(state="lost", session=17)


def test_it_reads_the_arguments_of_resend() -> None:
    args = {"stream": ULID, "ranges": [[3, 4]]}
    assert ResendArgs.model_validate(args) == ResendArgs(stream=ULID, ranges=((3, 4),))


def test_it_ignores_keys_of_a_newer_sender() -> None:
    assert decode_status(b'{"v":1,"state":"lost","session":17,"mood":null}').session == 17


@pytest.mark.parametrize(
    ("model", "payload", "why"),
    [
        (Ack, b"", "not JSON"),
        (Ack, b"[]", "JSON object"),
        (Ack, b'{"v":1,"v":1}', "no key twice"),
        (Ack, b'{"v":"1"}', "v: the version"),
        (Ack, b'{"v":true}', "v: the version"),
        (Ack, b" " * (MAX_MESSAGE + 1), "at most"),
        (Ack, encode_message(ACK).replace(b"64", b"-1"), "ack credit: "),
        (Ack, encode_message(ACK).replace(b"64", b"64.0"), "ack credit: "),
        (Ack, encode_message(ACK).replace(b"64", b"1e999"), "ack credit: "),
        (Ack, encode_message(ACK).replace(b"[798,812]", b"[3,4]"), "ack received: .*range 1"),
        (Ack, encode_message(ACK).replace(ULID.encode(), b"gw", 1), "ack gateway: "),
        (Birth, encode_message(BIRTH).replace(b'"gateway":null,', b""), "birth gateway: "),
        (Goodbye, b'{"v":1,"state":"bored","session":1}', "goodbye state: "),
        (Result, b'{"v":1,"state":"done","at":1}', "either id or config_version"),
        (Config, encode_message(MESSAGES[-2]).replace(b'"10s"', b"NaN"), "config settings"),
    ],
)
def test_it_says_which_field_it_cannot_read(model: type[Message], payload: bytes, why: str) -> None:
    with pytest.raises(MessageError, match=why):
        decode_message(model, payload)


def test_it_tells_a_newer_version_from_a_broken_message() -> None:
    with pytest.raises(UnknownVersionError, match="only version 1"):
        decode_status(b'{"v":2,"state":"online"}')


@pytest.mark.parametrize("reason", ["power off.", "维护", "x" * 65, 7, "kitchen"])
def test_a_goodbye_is_understood_whatever_its_reason(reason: object) -> None:
    said = {"v": 1, "state": "stopped", "session": 17, "reason": reason}
    goodbye = decode_status(json.dumps(said).encode())
    assert goodbye == Goodbye(state="stopped", session=17, reason="kitchen" if reason == "kitchen" else None)


def test_a_birth_counts_though_what_describes_the_box_is_odd() -> None:
    said = json.loads(encode_message(BIRTH))
    said["version"] = "版本 1.0 (试用)"
    said["devices"] = [
        {"device": "door", "domain": "access", "facility": "Kitchen", "interval_s": 0},
        {"device": "new", "domain": "custom"},
        "no device",
    ]
    birth = decode_status(json.dumps(said).encode())
    assert isinstance(birth, Birth)
    assert birth.version == "unknown"
    assert birth.devices == [DeviceInfo(device="door", domain="access")]
    assert birth.streams == BIRTH.streams
