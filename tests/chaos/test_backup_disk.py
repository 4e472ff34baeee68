"""A disk for backups that is full in the middle of one: the gateway's store feels nothing of it."""

import random
from pathlib import Path

import pytest

from gateway.errors import BackupError
from tests.chaos.small_disk import small_disk
from tests.unit.gateway_backup.test_backup import House, seqs
from tests.unit.gateway_ingest.ticks import NOW, payload

FRAMES = 2_000
MEGABYTES = 2


def test_a_full_disk_ends_the_backup_and_nothing_else(tmp_path: Path) -> None:
    house, chance = House(tmp_path), random.Random(5)
    try:
        for first in range(1, FRAMES, 200):
            house.store.consume([house.desk.batch(*(noise(chance, n) for n in range(first, first + 200)))])
        with small_disk(tmp_path / "small", MEGABYTES) as disk:
            with pytest.raises(BackupError, match=r"[Nn]o space left"):
                house.backups.take(house.backups.instant(), disk.path)
            assert list(disk.path.iterdir()) == []
            house.take_in(FRAMES + 1)
        made = house.back_up()
        assert len(seqs(made.folder / "store.duckdb")) == FRAMES + 1
    finally:
        house.close()


def noise(chance: random.Random, seq: int) -> bytes:
    """Write a frame that no compression makes small."""
    readings = [
        {"device": f"main.l{n}", "ts": NOW, "voltage_v": 200 + 40 * chance.random()} for n in range(60)
    ]
    return payload(seq, {"power": readings})
