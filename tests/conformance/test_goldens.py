"""The committed golden frames get the verdict that is written beside them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from wire.codec import Decoded, Rejected, decode, suspect_fields
from wire.verdicts import Reason

EXAMPLES = Path(__file__).parents[2] / "wire" / "examples"
GOOD = json.loads((EXAMPLES / "good.json").read_text("utf-8"))
BAD = sorted((EXAMPLES / "bad").iterdir())

NOT_FROM_ONE_PAYLOAD = {
    Reason.FOREIGN_STREAM,  # needs to know who used the stream before
    Reason.TS_AHEAD,  # need the gateway's clock
    Reason.TS_TOO_OLD,
    Reason.TOO_BIG,  # made in the decoder's own tests
}


def bad_case(path: Path) -> tuple[dict[str, Any], bytes]:
    case: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if "payload" in case:
        return case, case["payload"].encode()
    return case, base64.b64decode(case["payload_base64"])


@pytest.mark.parametrize("case", GOOD["frames"], ids=lambda case: case["file"])
def test_it_takes_every_good_frame(case: dict[str, Any]) -> None:
    verdict = decode((EXAMPLES / "good" / case["file"]).read_bytes(), GOOD["station_id"])
    assert isinstance(verdict, Decoded)
    assert verdict.rejected == ()
    assert len(verdict.readings) == case["readings"]
    assert list(verdict.unknown_fields) == case["unknown_fields"]
    named = [
        f"{domain}.{name}"
        for domain, _, reading in verdict.readings
        for name in suspect_fields(domain, reading)
    ]
    assert named == case["suspect"]


def test_it_describes_every_good_frame_there_is() -> None:
    files = {path.name for path in (EXAMPLES / "good").iterdir()}
    assert files == {case["file"] for case in GOOD["frames"]}


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_it_refuses_every_bad_frame_with_its_reason(path: Path) -> None:
    case, payload = bad_case(path)
    expected = case["expected"]
    verdict = decode(payload, case["station_id"])
    if expected["level"] == "frame":
        assert isinstance(verdict, Rejected)
        assert verdict.reason == expected["reason"]
        assert (verdict.stream is not None, verdict.seq is not None) == (expected["readable"],) * 2
    else:
        assert isinstance(verdict, Decoded)
        assert [bad.reason for bad in verdict.rejected] == [expected["reason"]]
        assert len(verdict.readings) == 1, "the neighbour is stored"


def test_it_has_a_golden_frame_for_every_reason() -> None:
    shown = {json.loads(path.read_text("utf-8"))["expected"]["reason"] for path in BAD}
    assert shown == set(Reason) - NOT_FROM_ONE_PAYLOAD
