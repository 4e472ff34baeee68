"""What the gateway says of itself: how late readings are, how many it refuses, whether it works at all."""

from gateway.ingest.decoding import TickDecoder
from gateway.ingest.noticing import LAG_MS, REJECTED_MS, Noticing
from tests.unit.gateway_ingest.ticks import NOW, STATION, VOLTS, arrived, payload
from wire.topics import Channel

BAD = {"power": [{"device": "main", "ts": NOW, "voltage_v": "230"}]}


def see(
    noticing: Noticing, *payloads: bytes, received: int = NOW, channel: Channel = Channel.TELEMETRY
) -> None:
    messages = [arrived(one, received=received, channel=channel) for one in payloads]
    noticing.see(TickDecoder().decode(messages), messages)


def own(noticing: Noticing, now: int = NOW) -> dict[str, float | bool]:
    first = next(iter(noticing.observations(now, connected=True, ticked=now - 1_500)))
    return dict(first.fields)


def shares(noticing: Noticing, now: int = NOW) -> dict[str, float | bool]:
    found = list(noticing.observations(now, connected=True, ticked=now))[1:]
    return {one.station_id: one.fields["rejected_ratio"] for one in found}


def many(count: int, first: int = 1) -> list[bytes]:
    return [payload(seq) for seq in range(first, first + count)]


def test_it_says_how_late_live_readings_are() -> None:
    noticing = Noticing()
    see(noticing, *many(30), received=NOW + 7_000)
    assert own(noticing, NOW + 7_000) == {
        "broker_connected": True,
        "engine_tick_age_s": 1.5,
        "ingest_lag_p95_s": 8.0,
    }


def test_it_takes_no_backlog_for_a_lag_and_forgets_after_five_minutes() -> None:
    noticing = Noticing()
    see(noticing, *many(30), received=NOW + 90_000, channel=Channel.BACKLOG)
    assert "ingest_lag_p95_s" not in own(noticing)
    see(noticing, *many(30, first=31), received=NOW + 1_000)
    assert own(noticing, NOW + 1_000)["ingest_lag_p95_s"] == 2.0
    assert "ingest_lag_p95_s" not in own(noticing, NOW + 2_000 + LAG_MS)


def test_it_says_what_share_of_a_stations_readings_was_refused() -> None:
    noticing = Noticing()
    see(noticing, *many(38), payload(39, BAD), b"{")
    assert shares(noticing) == {STATION: 2 / 40}


def test_it_says_nothing_of_a_share_of_few_readings() -> None:
    noticing = Noticing()
    see(noticing, *many(3), payload(4, BAD))
    assert shares(noticing) == {}


def test_it_says_zero_once_ten_minutes_after_the_last_refusal() -> None:
    noticing = Noticing()
    see(noticing, *many(38), payload(39, BAD))
    see(noticing, *many(30, first=40), received=NOW + REJECTED_MS)
    later = NOW + REJECTED_MS + 1
    assert shares(noticing, later) == {STATION: 0.0}
    assert shares(noticing, later) == {}


def test_it_counts_nothing_while_nothing_is_refused() -> None:
    noticing = Noticing()
    see(noticing, *many(38), payload(39, VOLTS))
    assert shares(noticing) == {}
