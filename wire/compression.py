"""Zstandard around a frame, within bounds that a bomb cannot burst."""

import zstandard

from wire.verdicts import Reason

MAX_PAYLOAD = 256 * 1024
MAX_DECOMPRESSED = 1024 * 1024
MAGIC = b"\x28\xb5\x2f\xfd"

_HEAD = 4 * 1024
"""An envelope with 64 ranges of the longest numbers has 2,700 bytes."""
_MAX_WINDOW = 8 * 1024 * 1024
"""Memory a stranger's header may claim; what RFC 8878 asks every decoder to support."""


class UnreadableError(ValueError):
    """The bytes cannot become text. ``reason`` is what quarantine files them under."""

    reason: Reason
    head: bytes = b""
    """How the text begins, of one that is only too long."""


class FrameTooBig(UnreadableError):  # noqa: N818 - the word of the contract
    """More bytes than the contract allows; split the frame at the sender."""

    reason = Reason.TOO_BIG

    def __init__(self, detail: str, head: bytes) -> None:
        """Keep the beginning of a text, where a frame says who it is."""
        super().__init__(detail)
        self.head = head[:_HEAD]


class BadCompression(UnreadableError):  # noqa: N818 - the word of the contract
    """It starts like Zstandard but is none, or not all of it; look at the sender's encoder or the link."""

    reason = Reason.BAD_COMPRESSION


def decompress(payload: bytes) -> bytes:
    """Return the plain bytes of a payload, compressed or not.

    At most 256 KiB come in and 1 MiB goes out, else FrameTooBig; never more than that is unpacked.
    BadCompression when the payload claims to be Zstandard and is not, or was cut short.
    """
    if len(payload) > MAX_PAYLOAD:
        raise FrameTooBig(f"{len(payload)} bytes, at most {MAX_PAYLOAD} are taken", _beginning(payload))
    if not payload.startswith(MAGIC):
        return payload
    return _unpack(payload)


def compress(payload: bytes) -> bytes:
    """Return the payload compressed; recognised at the other end by its first four bytes."""
    return zstandard.ZstdCompressor().compress(payload)


def _unpack(payload: bytes) -> bytes:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
    try:
        with decompressor.stream_reader(payload, read_across_frames=True) as reader:
            plain = reader.read(MAX_DECOMPRESSED + 1)
        is_too_big = len(plain) > MAX_DECOMPRESSED
        is_whole = is_too_big or _is_whole(decompressor, payload)
    except zstandard.ZstdError as error:
        raise BadCompression(f"not Zstandard: {error}") from None
    if is_too_big:
        raise FrameTooBig(f"more than {MAX_DECOMPRESSED} bytes when decompressed", plain)
    if not is_whole:
        raise BadCompression("Zstandard data cut short")
    return plain


def _beginning(payload: bytes) -> bytes:
    """Return how the text begins; nothing of what turns out to be no Zstandard."""
    if not payload.startswith(MAGIC):
        return payload[:_HEAD]
    try:
        with zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).stream_reader(payload) as reader:
            return reader.read(_HEAD)
    except zstandard.ZstdError:
        return b""


def _is_whole(decompressor: zstandard.ZstdDecompressor, payload: bytes) -> bool:
    """Whether the last frame ends with the payload.

    The reader above ends a payload that was cut without a word; only this interface tells. It knows no
    bound, so it comes second, when the size is known.
    """
    rest = payload
    while rest:
        part = decompressor.decompressobj()
        part.decompress(rest)
        if not part.eof:
            return False
        rest = part.unused_data
    return True
