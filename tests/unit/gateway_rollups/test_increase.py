"""How much a counter grew in a time asked for, read from the raw rows."""

from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.domain.buckets import Every
from gateway.timeseries.increase import increase_by_bucket
from tests.unit.gateway_rollups.test_rollups import HOUR, MINUTE, START, open_house, power
from wire.measures import MEASURES


def test_a_wrong_zero_before_a_long_silence_does_not_stand_for_the_line_before_it(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        for at, total in (
            (START - 40 * HOUR, 50.0),
            (START - 3 * HOUR, 0.0),
            (START, 50.0),
            (START + MINUTE, 50.1),
        ):
            house.take(power(at, energy_import_kwh_total=total), at=START + HOUR)
        grown = increase_by_bucket(
            house.store.cursor(),
            MEASURES["power"]["energy_import_kwh_total"],
            0,
            (START, START + HOUR),
            Every.HOUR,
            ZoneInfo("Asia/Shanghai"),
        )
    assert grown == {START - START % HOUR: 0.1}
