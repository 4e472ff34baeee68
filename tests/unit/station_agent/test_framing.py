import json

from hypothesis import given
from hypothesis import strategies as st

from station_agent.framing import Loaded, Report, draft, restamp, stamp
from tests.unit.station_agent.shelves import frame
from wire.codec import Decoded, decode
from wire.measures import FrameClass

LARGEST_FRAME = 16 * 1024
TS = 1_790_000_000_000


def report(device: str = "lounge", frame_class: FrameClass = FrameClass.SAMPLE, **fields: object) -> Report:
    domain = "environment"
    return Report(domain, {"device": device, "ts": TS, **(fields or {"air_temp_celsius": 21.5})}, frame_class)


def test_it_puts_one_class_in_a_frame_alarms_first() -> None:
    drafts = draft([report(), report(frame_class=FrameClass.ALARM, smoke_alarm="alarm"), report("hall")])
    assert [each.frame_class for each in drafts] == [FrameClass.ALARM, FrameClass.SAMPLE]
    devices = [reading["device"] for reading in json.loads(drafts[1].body)["environment"]]
    assert devices == ["lounge", "hall"]


def test_it_makes_no_frame_of_nothing() -> None:
    assert draft([]) == []


@given(st.lists(st.integers(1, 60), max_size=600))
def test_it_splits_a_batch_into_frames_under_16_kib_and_loses_nothing(lengths: list[int]) -> None:
    reports = [report("d" * length, air_temp_celsius=float(n)) for n, length in enumerate(lengths)]
    drafts = draft(reports)
    gone = tuple((2**62 + 2 * n, 2**62 + 2 * n) for n in range(64))
    seen = []
    for each in drafts:
        loaded = Loaded(each.body, clock_unset=True, oldest=2**62, gone=gone)
        payload = stamp("s" * 63, frame(1), loaded, TS)
        assert len(payload) < LARGEST_FRAME
        seen += [reading["air_temp_celsius"] for reading in json.loads(payload)["readings"]["environment"]]
    assert seen == [float(n) for n in range(len(lengths))]


def test_it_stamps_what_the_decoder_reads() -> None:
    loaded = Loaded(draft([report()])[0].body, clock_unset=True, oldest=3, gone=((1, 2),))
    decoded = decode(stamp("louxing-07", frame(7), loaded, TS + 5), "louxing-07")
    assert isinstance(decoded, Decoded)
    assert (decoded.seq, decoded.oldest, decoded.gone) == (7, 3, ((1, 2),))
    assert (decoded.sent, decoded.clock_unset) == (TS + 5, True)
    assert len(decoded.readings) == 1


def test_it_leaves_the_clock_out_when_it_is_set() -> None:
    payload = stamp("louxing-07", frame(1), Loaded(b"{}", clock_unset=False, oldest=1, gone=()), TS)
    assert "clock" not in json.loads(payload)


def test_it_moves_every_time_and_nothing_else() -> None:
    body = draft([report(), report("hall")])[0].body
    moved = json.loads(restamp(body, 5_000))
    original = json.loads(body)
    for after, before in zip(moved["environment"], original["environment"], strict=True):
        assert after == before | {"ts": before["ts"] + 5_000}
