"""Frames for thousands of stations at once: one pre-encoded PUBLISH packet whose digits are patched in place.

A packet is laid out once, with a slot of fixed width for every number that changes. Encoding ``k`` frames is
then a copy of that packet ``k`` times, a table look-up that turns all their numbers into digits, and one
scatter of the digits into the slots. Everything in a frame but ``sent`` and ``oldest`` follows from the
station and the number, so a frame sent again carries the very readings it carried before.
"""

import numpy as np
from numpy.typing import NDArray

from simulators.load.frametable import Batch
from simulators.load.packets import PacketIds, publish_header
from simulators.load.roster import STATION_DIGITS, Roster
from simulators.load.shape import Reading
from simulators.load.walks import Schedule, Walks
from wire.topics import Channel

PLACES = 8
"""Digits a number may have; instants, which have 13, are cut in two."""
_INSTANT_DIGITS = 13
_CUT = 10**PLACES
_FOUR_DIGITS = np.frombuffer("".join(f"{n:04d}" for n in range(10_000)).encode(), np.uint32)
"""The text of 0000 … 9999, four bytes an element: two divisions by a constant then print eight digits."""
_BLANK = ord(" ")
READING_APART_MS = 13
"""A station's devices are read one after the other, so the readings of a frame differ by this much."""

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]


class _Layout:
    """One packet's bytes, and where the digits of which number stand in it."""

    def __init__(self, instants: int) -> None:
        self.text = bytearray()
        self.first_value = _INSTANTS + 2 * instants
        self._instants = instants
        self.target: list[int] = []
        self.source: list[int] = []
        self.padded: dict[int, slice] = {}

    def write(self, text: str) -> slice:
        start = len(self.text)
        self.text += text.encode("ascii")
        return slice(start, len(self.text))

    def slot(self, column: int, width: int, decimals: int = 0) -> None:
        """Room for the last ``width`` digits of number ``column``, with a point before the decimals."""
        for place in range(width):
            if decimals and place == width - decimals:
                self.write(".")
            self.target.append(len(self.text))
            self.source.append(column * PLACES + PLACES - width + place)
            self.write("0")

    def instant(self, place: int) -> None:
        """Room for instant number ``place``: 0 is ``sent``, then one a reading."""
        upper = _INSTANTS + place
        self.slot(upper, _INSTANT_DIGITS - PLACES)
        self.slot(upper + self._instants, PLACES)

    def padded_slot(self, column: int, width: int) -> None:
        """Room for an integer of up to ``width`` digits; leading zeros become blanks, as JSON wants none."""
        start = len(self.text)
        self.slot(column, width)
        self.padded[column] = slice(start, start + width)


_SEQ, _OLDEST, _STATION, _INSTANTS = range(4)
"""Columns of a frame's numbers: after the instants' upper digits come their lower, then the values."""


class _Packet:
    """The pre-encoded PUBLISH packet of one lane, for numbers of up to ``width`` digits."""

    def __init__(self, roster: Roster, lane: Channel, readings: tuple[Reading, ...], width: int) -> None:
        layout = _Layout(1 + len(readings))
        head, tail = roster.topic(0, lane).split(roster.station_id(0))
        layout.write(f"{head}{roster.prefix}")
        layout.slot(_STATION, STATION_DIGITS)
        topic = layout.write(tail).stop
        packet_id = layout.write("\0\0")
        layout.write(f'{{"v":1,"station_id":"{roster.prefix}')
        layout.slot(_STATION, STATION_DIGITS)
        layout.write('","stream":"')
        stream = layout.write("0" * 26)
        layout.write('","seq":')
        layout.padded_slot(_SEQ, width)
        layout.write(',"oldest":')
        layout.padded_slot(_OLDEST, width)
        layout.write(',"gone":[],"class":"sample","sent":')
        layout.instant(0)
        layout.write(',"readings":')
        _write_readings(layout, readings)
        layout.write("}")
        header = publish_header(topic, len(layout.text))
        shift = len(header)
        self.bytes: Bytes = np.frombuffer(header + bytes(layout.text), np.uint8)
        self.target = np.array(layout.target) + shift
        self.source = np.array(layout.source)
        self.stream = slice(stream.start + shift, stream.stop + shift)
        self.packet_id = packet_id.start + shift
        self.padded = {
            column: slice(span.start + shift, span.stop + shift) for column, span in layout.padded.items()
        }


def _write_readings(layout: _Layout, readings: tuple[Reading, ...]) -> None:
    """Write the ``readings`` object: its domains in the order met, each reading with a ``ts`` of its own."""
    value = layout.first_value
    texts: dict[str, list[tuple[int, int, Reading]]] = {}
    for place, reading in enumerate(readings):
        texts.setdefault(reading.domain, []).append((place + 1, value, reading))
        value += len(reading.series)
    for place, (domain, rows) in enumerate(texts.items()):
        layout.write(f'{"," if place else "{"}"{domain}":')
        for row, (instant, first, reading) in enumerate(rows):
            layout.write("," if row else "[")
            _write_reading(layout, reading, instant, first)
        layout.write("]")
    layout.write("}")


def _write_reading(layout: _Layout, reading: Reading, instant: int, first: int) -> None:
    layout.write(f'{{"device":"{reading.device}","ts":')
    layout.instant(instant)
    for place, series in enumerate(reading.series):
        layout.write(f',"{series.field}":')
        layout.slot(first + place, series.digits, series.decimals)
    layout.write("}")


class Encoder:
    """Encodes frames of a roster's stations as MQTT PUBLISH packets of QoS 1."""

    def __init__(
        self, roster: Roster, readings: tuple[Reading, ...], schedule: Schedule, ids: PacketIds, seed: int = 0
    ) -> None:
        self._roster, self._readings, self._schedule = roster, readings, schedule
        self._streams: Bytes = np.frombuffer("".join(roster.streams).encode(), np.uint8).reshape(-1, 26)
        self._walks = Walks(tuple(one for reading in readings for one in reading.series), seed)
        self._ages: Numbers = READING_APART_MS * np.arange(len(readings) + 1, 0, -1, dtype=np.int64)
        self._packets: dict[tuple[Channel, int], _Packet] = {}
        self._ids = ids

    def encode(self, lane: Channel, batch: Batch, sent_ms: int) -> Bytes:
        """One packet a row, all of one length: frame ``seqs[i]`` of station number ``stations[i]``."""
        stations, seqs, oldest = batch.stations, batch.seqs, batch.oldest
        packet = self._packet(lane, len(str(int(seqs.max()))))
        digits = self._digits(self._numbers(batch, sent_ms))
        rows: Bytes = np.empty((len(stations), len(packet.bytes)), np.uint8)
        rows[:] = packet.bytes
        rows[:, packet.target] = digits[:, packet.source]
        rows[:, packet.stream] = self._streams[stations]
        for numbers, column in ((seqs, _SEQ), (oldest, _OLDEST)):
            _blank_leading_zeros(rows[:, packet.padded[column]], numbers)
        ids = self._ids.take(len(stations))
        rows[:, packet.packet_id], rows[:, packet.packet_id + 1] = ids >> 8, ids & 255
        return rows

    def _packet(self, lane: Channel, width: int) -> _Packet:
        if (lane, width) not in self._packets:
            self._packets[lane, width] = _Packet(self._roster, lane, self._readings, width)
        return self._packets[lane, width]

    def _numbers(self, batch: Batch, sent_ms: int) -> Numbers:
        stations, seqs = batch.stations, batch.seqs
        instants = self._schedule.taken_ms(stations, seqs)[:, None] - self._ages
        instants[:, 0] = sent_ms
        upper = instants // _CUT
        values = self._walks.at(stations, seqs)
        heads = [seqs, batch.oldest, stations + 1]
        return np.column_stack([*heads, upper, instants - upper * _CUT, values])

    @staticmethod
    def _digits(numbers: Numbers) -> Bytes:
        """The ``PLACES`` digits of every number, side by side."""
        upper = numbers // 10_000
        halves = np.empty((*numbers.shape, 2), np.uint32)
        halves[:, :, 0] = _FOUR_DIGITS[upper]
        halves[:, :, 1] = _FOUR_DIGITS[numbers - upper * 10_000]
        return halves.view(np.uint8).reshape(len(numbers), -1)


def _blank_leading_zeros(field: Bytes, numbers: Numbers) -> None:
    width = field.shape[1]
    if int(numbers.min()) >= 10 ** (width - 1):
        return
    places = 10 ** np.arange(width - 1, -1, -1)
    field[numbers[:, None] < places] = _BLANK
