import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.load import packets
from simulators.load.link import Broker

ACK = packets.publish("stations/sim/fleet-00001/ack", b'{"v":1}', 7)
STREAM = b"\x20\x02\x00\x00" + ACK + b"\x40\x02\x00\x01" * 3 + b"\xd0\x00" + ACK


@pytest.mark.parametrize(
    ("size", "encoded"),
    [(0, b"\x00"), (127, b"\x7f"), (128, b"\x80\x01"), (16_383, b"\xff\x7f"), (16_384, b"\x80\x80\x01")],
)
def test_it_writes_sizes_as_the_standard_shows_them(size: int, encoded: bytes) -> None:
    assert packets.remaining_length(size) == encoded


def test_it_refuses_a_packet_that_mqtt_cannot_carry() -> None:
    with pytest.raises(ValueError, match="does not fit into MQTT"):
        packets.remaining_length(268_435_456)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_it_reads_the_same_packets_however_the_bytes_are_cut(cuts: list[int]) -> None:
    parser = packets.Parser()
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in itertools.pairwise(edges)]
    seen = [packet for piece in pieces for packet in parser.feed(piece)]
    assert [packet.kind for packet in seen] == [
        packets.CONNACK,
        packets.PUBLISH,
        packets.PINGRESP,
        packets.PUBLISH,
    ]
    assert seen[1].message() == (b"stations/sim/fleet-00001/ack", b'{"v":1}')
    assert parser.pubacks == 3


def test_it_reads_a_message_of_qos_0_that_has_no_identifier() -> None:
    body = b"\x00\x01tpayload"
    (packet,) = packets.Parser().feed(b"\x30" + packets.remaining_length(len(body)) + body)
    assert packet.message() == (b"t", b"payload")


def test_it_never_uses_identifier_zero() -> None:
    ids = packets.PacketIds()
    taken = [*ids.take(65_535).tolist(), *ids.take(2).tolist()]
    assert taken == [*range(1, 65_536), 1, 2]


def test_it_reads_a_broker_address_with_a_password() -> None:
    assert Broker.parse("mqtt://load:p%40ss@broker.example:1884") == Broker(
        "broker.example", 1884, "load", "p@ss"
    )


def test_it_is_the_user_fleet_unless_told_otherwise() -> None:
    assert Broker.parse("mqtt://127.0.0.1") == Broker("127.0.0.1", 1883, "fleet", None)


@pytest.mark.parametrize("url", ["127.0.0.1:1883", "http://127.0.0.1", "mqtt://"])
def test_it_says_how_a_broker_address_is_written(url: str) -> None:
    with pytest.raises(ValueError, match="mqtt://host:port"):
        Broker.parse(url)
