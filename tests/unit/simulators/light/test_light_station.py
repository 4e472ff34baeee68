"""A light station follows the contract's delivery with nothing but a list behind it."""

import json
import random

from simulators.light.station import Identity, LightStation, Outgoing
from wire.codec import Decoded, decode
from wire.frames import Birth, DeviceInfo, Goodbye, Result
from wire.topics import Topics

STREAM = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"
GATEWAY = "01K0PZ6Q9V3W8S4D2N7X5C1BFB"
OTHER = "01K0PZ6Q9V3W8S4D2N7X5C1BFC"
COMMAND = "01K0PZ6Q9V3W8S4D2N7X5C1BFD"
NOW_MS = 1_763_790_000_000
PREFIX = "stations/louxing/louxing-09"


def station() -> LightStation:
    devices = (DeviceInfo(device="lounge", domain="environment", interval_s=60),)
    identity = Identity("louxing", "louxing-09", STREAM, OTHER, NOW_MS, devices)
    return LightStation(identity, Topics(), random.Random(1))


def reading(ts: int = NOW_MS, **fields: object) -> tuple[str, dict[str, object]]:
    return "environment", {"device": "lounge", "ts": ts, **(fields or {"air_temp_celsius": 21.5})}


def ack(*received: tuple[int, int], gateway: str = GATEWAY, credit: int = 64) -> bytes:
    said = {
        "v": 1,
        "gateway": gateway,
        "stream": STREAM,
        "received": received,
        "credit": credit,
        "now": NOW_MS,
    }
    return json.dumps(said).encode()


def command(name: str, **args: object) -> bytes:
    said = {
        "v": 1,
        "gateway": GATEWAY,
        "id": COMMAND,
        "name": name,
        "args": args,
        "issued": NOW_MS,
        "ttl_s": 60,
    }
    return json.dumps(said).encode()


def decoded(message: Outgoing) -> Decoded:
    verdict = decode(message.payload, "louxing-09")
    assert isinstance(verdict, Decoded)
    return verdict


def test_it_introduces_itself_with_a_retained_birth() -> None:
    hello = station().connected(session=7, now=0.0)
    assert (hello.topic, hello.retain) == (f"{PREFIX}/status", True)
    birth = Birth.model_validate_json(hello.payload)
    assert (birth.session, birth.gateway, birth.streams) == (7, None, [])
    assert birth.devices[0].device == "lounge"


def test_it_sends_fresh_readings_live_and_past_ones_as_backlog() -> None:
    light = station()
    light.connected(1, 0.0)
    light.add([reading()])
    light.add_past([reading(ts=NOW_MS - 86_400_000)])
    lanes = {message.topic: decoded(message).seq for message in light.outgoing(0.0, NOW_MS)}
    assert lanes == {f"{PREFIX}/telemetry": 1, f"{PREFIX}/backlog": 2}


def test_it_keeps_a_frame_until_its_acknowledgement() -> None:
    light = station()
    light.connected(1, 0.0)
    light.add([reading()])
    assert [decoded(m).oldest for m in light.outgoing(0.0, NOW_MS)] == [1]
    light.hear(f"{PREFIX}/ack", ack((1, 1)), 1.0, NOW_MS)
    assert len(light.shelf) == 0
    light.add([reading()])
    assert [(decoded(m).seq, decoded(m).oldest) for m in light.outgoing(1.0, NOW_MS)] == [(2, 2)]


def test_it_sends_what_was_not_acknowledged_again_after_a_new_connection() -> None:
    light = station()
    light.connected(1, 0.0)
    light.add([reading()])
    list(light.outgoing(0.0, NOW_MS))
    light.disconnected()
    assert list(light.outgoing(1.0, NOW_MS)) == []
    birth = Birth.model_validate_json(light.connected(2, 2.0).payload)
    assert [(one.oldest, one.last) for one in birth.streams] == [(1, 1)]
    assert [m.topic for m in light.outgoing(2.0, NOW_MS)] == [f"{PREFIX}/backlog"]


def test_it_obeys_the_first_gateway_it_hears_until_a_claim_replaces_it() -> None:
    light = station()
    light.connected(1, 0.0)
    light.add([reading()])
    list(light.outgoing(0.0, NOW_MS))
    light.hear(f"{PREFIX}/ack", ack(gateway=GATEWAY), 1.0, NOW_MS)
    light.hear(f"{PREFIX}/ack", ack((1, 1), gateway=OTHER), 1.0, NOW_MS)
    assert len(light.shelf) == 1
    claim = {"v": 1, "gateway": OTHER, "since": NOW_MS, "replaces": [GATEWAY]}
    light.hear("gateways/louxing", json.dumps(claim).encode(), 1.0, NOW_MS)
    light.hear(f"{PREFIX}/ack", ack((1, 1), gateway=OTHER), 1.0, NOW_MS)
    assert len(light.shelf) == 0


def test_it_never_has_more_out_on_backlog_than_its_credit() -> None:
    light = station()
    light.add_past([reading(ts=NOW_MS - n) for n in range(5_000)])
    held = len(light.shelf)
    light.connected(1, 0.0)
    light.hear(f"{PREFIX}/ack", ack(credit=3), 0.0, NOW_MS)
    sent = [m for tick in range(200) for m in light.outgoing(tick / 20, NOW_MS)]
    assert len(sent) == 3 < held


def test_it_answers_a_resend_with_what_it_no_longer_holds() -> None:
    light = station()
    light.connected(1, 0.0)
    light.add([reading()])
    light.hear(f"{PREFIX}/ack", ack((1, 1)), 1.0, NOW_MS)
    light.add([reading()])
    (answer,) = light.hear(
        f"{PREFIX}/command", command("resend", stream=STREAM, ranges=[[1, 2]]), 1.0, NOW_MS
    )
    assert answer.topic == f"{PREFIX}/result"
    result = Result.model_validate_json(answer.payload)
    assert (result.id, result.state, result.gone) == (COMMAND, "done", ((1, 1),))


def test_it_refuses_commands_for_hardware_it_does_not_have() -> None:
    (answer,) = station().hear(f"{PREFIX}/command", command("unlock"), 1.0, NOW_MS)
    assert Result.model_validate_json(answer.payload).state == "refused"


def test_it_repeats_its_birth_when_asked() -> None:
    light = station()
    light.connected(4, 0.0)
    birth, done = light.hear(f"{PREFIX}/command", command("birth"), 1.0, NOW_MS)
    assert Birth.model_validate_json(birth.payload).session == 4
    assert Result.model_validate_json(done.payload).state == "done"


def test_it_does_not_stumble_over_nonsense() -> None:
    light = station()
    assert light.hear(f"{PREFIX}/ack", b"\xff", 1.0, NOW_MS) == []
    assert light.hear(f"{PREFIX}/command", b"{}", 1.0, NOW_MS) == []
    assert light.hear(f"{PREFIX}/config", b"{}", 1.0, NOW_MS) == []


def test_it_says_goodbye_with_its_session() -> None:
    light = station()
    light.connected(9, 0.0)
    last = light.goodbye()
    assert last.retain
    assert Goodbye.model_validate_json(last.payload).session == 9
