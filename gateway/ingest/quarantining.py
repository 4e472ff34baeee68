"""What goes into quarantine of a frame that cannot be taken, or of one of its readings."""

import json
from collections.abc import Mapping, Sequence

from gateway.domain.masking import MASK, shown_value
from gateway.state.quarantined import Quarantined
from wire.codec import Rejected, RejectedReading, decompress
from wire.compression import UnreadableError
from wire.frames import Envelope
from wire.measures import DOMAINS
from wire.strictjson import NotJsonError, encode, parse
from wire.topics import Address

_ENVELOPE = {field.alias or name for name, field in Envelope.model_fields.items()} - {"readings"}


def of_frame(address: Address, topic: str, payload: bytes, rejected: Rejected) -> Quarantined:
    """Hold a whole frame."""
    return Quarantined(
        station_id=address.station_id,
        region=address.region,
        topic=topic,
        reason=str(rejected.reason),
        detail=rejected.detail,
        payload=masked(payload),
        stream=rejected.stream,
        seq=rejected.seq,
    )


def of_readings(
    address: Address,
    topic: str,
    payload: bytes,
    identity: tuple[str | None, int | None],
    rejected: Sequence[RejectedReading],
) -> list[Quarantined]:
    """Hold readings of one frame, each as its frame with nothing else in it: it can be decoded again."""
    message = _parsed(payload)
    return [
        Quarantined(
            station_id=address.station_id,
            region=address.region,
            topic=topic,
            reason=str(reading.reason),
            detail=reading.detail,
            payload=_masked(message, (reading.domain, reading.index)) if message else payload,
            stream=identity[0],
            seq=identity[1],
            domain=reading.domain,
            index=reading.index,
        )
        for reading in rejected
    ]


def masked(payload: bytes) -> bytes:
    """Return the payload with every value of a field nobody declared masked: it may be a person's number.

    Bytes that are no JSON object are returned as they came.
    """
    message = _parsed(payload)
    return payload if message is None else _masked(message)


def _parsed(payload: bytes) -> dict[str, object] | None:
    try:
        message = parse(decompress(payload))
    except (UnreadableError, NotJsonError):
        return None
    return message if isinstance(message, dict) else None


def _masked(message: dict[str, object], only: tuple[str, int] | None = None) -> bytes:
    kept = {key: value if key in _ENVELOPE else MASK for key, value in message.items() if key != "readings"}
    readings = message.get("readings")
    if isinstance(readings, dict):
        kept["readings"] = {
            domain: _masked_list(domain, group, only)
            for domain, group in readings.items()
            if only is None or only[0] == domain
        }
    return _written(kept)


def _written(kept: Mapping[str, object]) -> bytes:
    try:
        return encode(kept)
    except UnicodeEncodeError:
        # half a surrogate pair, which JSON can escape and UTF-8 cannot hold
        return json.dumps(kept, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        # a number beyond 64 bits, a NaN, or a nest too deep: JSON cannot say it again
        return json.dumps({key: _shown(value) for key, value in kept.items()}).encode()


def _shown(value: object) -> str:
    try:
        return repr(value)
    except RecursionError:
        return MASK


def _masked_list(domain: str, group: object, only: tuple[str, int] | None) -> object:
    if domain not in DOMAINS or not isinstance(group, list):
        return MASK
    chosen = group if only is None else group[only[1] : only[1] + 1]
    return [_masked_reading(domain, reading) for reading in chosen]


def _masked_reading(domain: str, reading: object) -> object:
    if not isinstance(reading, Mapping):
        return MASK
    return {name: shown_value(domain, name, value) for name, value in reading.items()}
