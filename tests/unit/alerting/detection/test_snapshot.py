"""What is remembered is gathered whole, and what was gathered does not change."""

from pathlib import Path

import numpy as np

from gateway.alerting.detection.places import Places
from gateway.alerting.detection.snapshot import Gathered, Room, SnapshotFile
from gateway.batch.numbering import Series
from gateway.domain.holidays import Holidays
from gateway.domain.registry import Registry


def remembered(*values: float) -> dict[str, object]:
    return {
        "frame": 7,
        "values": np.array(values),
        "none": np.empty(0),
        "bools": np.array([True, False, True]),
    }


def test_a_file_gives_back_what_was_gathered(tmp_path: Path) -> None:
    file = SnapshotFile(tmp_path / "engine.snapshot")
    file.write(Gathered.of(remembered(1.5, 2.5), Room()))
    read = file.read()
    assert read is not None
    assert read["frame"] == 7
    assert read["values"].tolist() == [1.5, 2.5]
    assert read["bools"].tolist() == [True, False, True]
    assert read["none"].tolist() == []
    read["values"][0] = 9.0


def test_what_was_gathered_stays_as_it_was() -> None:
    told = remembered(1.5, 2.5)
    gathered = Gathered.of(told, Room())
    told["values"][0] = 9.0  # type: ignore[index]
    assert gathered.remembered()["values"].tolist() == [1.5, 2.5]


def test_a_room_holds_more_and_less_than_before() -> None:
    room = Room()
    for size in (3, 1_000, 2, 0):
        assert Gathered.of(remembered(*range(size)), room).remembered()["values"].tolist() == list(
            range(size)
        )


def test_places_are_saved_with_what_came_after_they_were_saved_before() -> None:
    told: list[Series] = []
    places = Places(told, Registry(), Holidays())
    places.number("louxing-07", "water", "main")
    places.save()
    places.number("louxing-07", "power", "main")
    places.save()
    places.declare("louxing-07", "main", "meter", 30.0)
    again = Places(told, Registry(), Holidays())
    again.restore(places.save())
    assert again.find("louxing-07", "power", "main") == 1
    assert again.role("louxing-07", "main") == "meter"
    assert again.limit("louxing-07", "main", "interval_s") == 30.0
    assert again.save() == places.save()
