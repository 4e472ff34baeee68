"""Frames for thousands of stations at once: one pre-encoded PUBLISH packet whose digits are patched in place.

A packet is laid out once, with a slot of fixed width for every number that changes. Encoding ``k`` frames is
then a copy of that packet ``k`` times, a table look-up that turns all their numbers into digits, and one
scatter of the digits into the slots. Everything in a frame but ``sent`` and ``oldest`` follows from the
station and the number, so a frame sent again carries the very readings it carried before.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.load.ledger import Batch
from simulators.load.packets import PacketIds, publish_header
from simulators.load.roster import STATION_DIGITS, Roster
from simulators.load.shape import Reading, Series
from wire.topics import Channel

POOL = 4096
"""Rows of the walks the values follow; a prime-like stride spreads the stations over them."""
STRIDE = 7919
PLACES = 16
_DIGITS = np.frombuffer("".join(f"{n:04d}" for n in range(10_000)).encode(), np.uint8).reshape(10_000, 4)
_POWERS = np.array([10**12, 10**8, 10**4, 1], np.int64)
_BLANK = ord(" ")
_FIRST_READING_AGE_MS = 13
"""A station's devices are read one after the other, so the readings of a frame differ by this much."""

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the values of frame ``seq`` were taken: ``origin_ms`` is the instant of number 0 of station 0."""

    origin_ms: int
    every_ms: float
    stations: int

    def taken_ms(self, stations: Numbers, seqs: Numbers) -> Numbers:
        """Milliseconds since the epoch, station by station evenly spread over the interval."""
        turns = seqs + stations / self.stations
        return self.origin_ms + (turns * self.every_ms).astype(np.int64)


class Walks:
    """The values of every series: bounded random walks for gauges, rising sums for counters."""

    def __init__(self, series: tuple[Series, ...], seed: int) -> None:
        chance = np.random.default_rng(seed)
        columns = [self._column(one, chance) for one in series]
        self._table: Numbers = np.stack(columns, axis=1)
        counters = np.array([one.kind == "counter" for one in series])
        self._lap: Numbers = np.where(counters, self._table[-1] + 1, 0)
        self._low: Numbers = np.array([one.low for one in series], np.int64)
        self._span: Numbers = np.array([one.high - one.low + 1 for one in series], np.int64)

    @staticmethod
    def _column(one: Series, chance: np.random.Generator) -> Numbers:
        if one.kind == "counter":
            return np.cumsum(chance.integers(0, one.step + 1, POOL))
        span = one.high - one.low
        walk = np.cumsum(chance.integers(-one.step, one.step + 1, POOL)) + span // 2
        folded: Numbers = np.abs((walk + span) % (2 * span) - span)
        return folded

    def at(self, stations: Numbers, seqs: Numbers) -> Numbers:
        """Values of shape (frames, series), in units of each field's last decimal."""
        lap, row = np.divmod(stations * STRIDE + seqs, POOL)
        moved: Numbers = self._table[row] + lap[:, None] * self._lap
        return self._low + moved % self._span


class _Layout:
    """One packet's bytes, and where the digits of which number stand in it."""

    def __init__(self) -> None:
        self.text = bytearray()
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

    def padded_slot(self, column: int, width: int) -> None:
        """Room for an integer of up to ``width`` digits; leading zeros become blanks, as JSON wants none."""
        start = len(self.text)
        self.slot(column, width)
        self.padded[column] = slice(start, start + width)


_SEQ, _OLDEST, _SENT, _STATION, _NUMBERS = range(5)


class _Packet:
    """The pre-encoded PUBLISH packet of one lane, for numbers of up to ``width`` digits."""

    def __init__(self, roster: Roster, lane: Channel, readings: tuple[Reading, ...], width: int) -> None:
        layout = _Layout()
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
        layout.slot(_SENT, 13)
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
    value = _NUMBERS + len(readings)
    texts: dict[str, list[tuple[int, int, Reading]]] = {}
    for place, reading in enumerate(readings):
        texts.setdefault(reading.domain, []).append((_NUMBERS + place, value, reading))
        value += len(reading.series)
    for place, (domain, rows) in enumerate(texts.items()):
        layout.write(f'{"," if place else "{"}"{domain}":')
        for row, (ts, first, reading) in enumerate(rows):
            layout.write("," if row else "[")
            _write_reading(layout, reading, ts, first)
        layout.write("]")
    layout.write("}")


def _write_reading(layout: _Layout, reading: Reading, ts: int, first: int) -> None:
    layout.write(f'{{"device":"{reading.device}","ts":')
    layout.slot(ts, 13)
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
        self._ages: Numbers = _FIRST_READING_AGE_MS * np.arange(len(readings), 0, -1)
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
        taken = self._schedule.taken_ms(stations, seqs)[:, None] - self._ages
        head = np.stack([seqs, batch.oldest, np.full(len(seqs), sent_ms), stations + 1], axis=1)
        return np.concatenate([head, taken, self._walks.at(stations, seqs)], axis=1)

    @staticmethod
    def _digits(numbers: Numbers) -> Bytes:
        groups = numbers[:, :, None] // _POWERS % 10_000
        return _DIGITS[groups].reshape(len(numbers), -1)


def _blank_leading_zeros(field: Bytes, numbers: Numbers) -> None:
    width = field.shape[1]
    if int(numbers.min()) >= 10 ** (width - 1):
        return
    places = 10 ** np.arange(width - 1, -1, -1)
    field[numbers[:, None] < places] = _BLANK
