"""Topics are spelled and read in one place."""

import pytest

from wire.topics import Address, Channel, Topics

TOPICS = Topics()


@pytest.mark.parametrize("channel", list(Channel))
def test_it_parses_every_topic_it_builds(channel: Channel) -> None:
    topic = TOPICS.of("louxing", "louxing-07", channel)
    assert topic == f"stations/louxing/louxing-07/{channel.value}"
    assert TOPICS.parse(topic) == Address("louxing", "louxing-07", channel)


def test_it_takes_a_root_of_several_levels() -> None:
    topics = Topics(root="city/stations")
    topic = topics.of("sim", "sim-1", Channel.ACK)
    assert topic == "city/stations/sim/sim-1/ack"
    assert topics.parse(topic) == Address("sim", "sim-1", Channel.ACK)
    assert TOPICS.parse(topic) is None


def test_it_builds_filters_for_one_region_and_for_all() -> None:
    assert TOPICS.every("louxing", Channel.STATUS) == "stations/louxing/+/status"
    assert TOPICS.every("+", Channel.TELEMETRY) == "stations/+/+/telemetry"
    assert TOPICS.claim("+") == "gateways/+"


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "stations",
        "stations/louxing/louxing-07",
        "stations/louxing/louxing-07/other",
        "stations/louxing/louxing-07/ack/more",
        "stations/Louxing/louxing-07/ack",
        "stations/louxing/-07/ack",
        "stations/louxing/louxing-07\n/ack",
        "stations/louxing/" + "a" * 64 + "/ack",
        "stations/" + "a" * 33 + "/louxing-07/ack",
        "x/stations/louxing/louxing-07/ack",
        "stations/louxing/_gateway/ack",
        "gateways/louxing",
    ],
)
def test_it_reads_no_station_out_of_any_other_topic(topic: str) -> None:
    assert TOPICS.parse(topic) is None


def test_it_reads_the_region_of_a_claim() -> None:
    assert TOPICS.parse_claim(TOPICS.claim("louxing")) == "louxing"
    for topic in ("gateways/", "gateways/+", "gateways/a/b", "gateways", "stations/louxing"):
        assert TOPICS.parse_claim(topic) is None


def test_it_refuses_to_build_a_topic_of_a_malformed_id() -> None:
    with pytest.raises(ValueError, match="region"):
        TOPICS.of("+", "louxing-07", Channel.ACK)
    with pytest.raises(ValueError, match="station_id"):
        TOPICS.of("louxing", "a/b", Channel.ACK)
    with pytest.raises(ValueError, match="region"):
        TOPICS.every("#", Channel.ACK)
    with pytest.raises(ValueError, match="region"):
        TOPICS.claim("#")
