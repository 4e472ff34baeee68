"""Stations that are lived in, and how reports about them are asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from gateway.domain.registry import Registry, StationSpec
from gateway.timeseries.rollups import Rollups
from tests.integration.api_support import House
from tests.unit.gateway_reports.lived import counting, granted, guarded

STATION, SILENT, EVIL, NEVER = "louxing-07", "louxing-08", "louxing-09", "louxing-10"
OCTOBER = 1_790_784_000_000
"""2026-10-01T00:00+08:00."""
PER_DAY = [0] * 8 + [2, 3, 1, 4, 2, 2, 1, 3, 2, 2, 1, 1] + [0] * 4
TARIFF = {"flat": 0.6, "peak": 1.0, "valley": 0.3, "water": 4.0, "peak_hours": [9], "valley_hours": [0, 1]}
REGISTRY = Registry(
    [
        StationSpec.model_validate(
            {
                "station_id": STATION,
                "region": "louxing",
                "name": {"zh": "娄底站", "en": "Loudi"},
                "profile": "urban_kiosk",
                "tariff": TARIFF,
            }
        ),
        StationSpec(station_id=SILENT, region="louxing"),
        StationSpec(station_id=NEVER, region="nowhere-yet"),
    ]
)


def lives(house: House, days: int = 3, per_day: Sequence[int] = PER_DAY, start: int = OCTOBER) -> None:
    """Let people come to one station."""
    house.write(STATION, "occupancy", counting(start, list(per_day) * days))
    house.write(STATION, "access", guarded(start, 24 * days))
    house.write(STATION, "access", granted(start, list(per_day) * days, occupation="courier"), events=True)
    roll(house)


def roll(house: House) -> None:
    """Bring the roll-ups up to date."""
    rollups = Rollups(house.store)
    while rollups.step(house.now, house.store.next_frame - 1):
        pass


async def ask(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:  # noqa: ANN401 - keys of a body
    answer = await client.get(f"/api/v1/reports/{path}", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def row_of(body: Mapping[str, Any], **wanted: object) -> dict[str, Any]:
    """Return the one row that says so."""
    (row,) = [row for row in body["items"] if all(row[key] == value for key, value in wanted.items())]
    return dict(row)
