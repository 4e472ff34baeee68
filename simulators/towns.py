"""Directories of simulated stations: Louxing district with its 37, and fleets of any size.

Louxing (娄星区, Hunan) has 37 stations, five of them smart and open around the clock; their sites here
are plausible, not surveyed. Which archetype stands where, and how many come, is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators.archetypes import ARCHETYPES
from simulators.instruments import instruments_of
from simulators.rest_station import SimulatedStation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulators.faults import Fault
    from simulators.truth import TruthLog

_ROLE_OF = {
    "main_meter": "main_meter",
    "socket_circuit": "socket_circuit",
    "wet_circuit": "wet_circuit",
    "hot_tank": "hot_tank",
    "shower_mix": "shower_mix",
}
_NO_ROLE = frozenset({"station", "outdoor", "consumable", "leak_cable", "ups", "agent", "circuit", "pipe"})
_ZONES = frozenset({"lounge"})


@dataclass(frozen=True, slots=True)
class Site:
    """One station of a directory; `opens` are local hours, (0, 24) around the clock."""

    station_id: str
    region: str
    zh: str
    en: str
    archetype: str
    lat: float
    lon: float
    visits_per_day: float
    opens: tuple[int, int] = (0, 24)
    tz: str = "Asia/Shanghai"

    @property
    def capacity(self) -> int:
        """How many people it is meant for at once."""
        return ARCHETYPES[self.archetype].capacity

    @property
    def is_smart(self) -> bool:
        """Whether it is unattended and open around the clock."""
        return self.opens == (0, 24)

    def simulate(
        self, seed: int, start_ms: int, *, faults: Sequence[Fault] = (), truth: TruthLog | None = None
    ) -> SimulatedStation:
        """Bring this station to life."""
        return SimulatedStation(
            self.station_id,
            self.archetype,
            seed,
            start_ms,
            tz=self.tz,
            faults=faults,
            truth=truth,
            visits_per_day=self.visits_per_day,
            opens=self.opens,
        )

    def yaml_row(self) -> dict[str, object]:
        """This station as a row of stations.yaml."""
        first, last = self.opens
        return {
            "station_id": self.station_id,
            "region": self.region,
            "name": {"zh": self.zh, "en": self.en},
            "profile": self.archetype,
            "capacity": self.capacity,
            "tz": self.tz,
            "lat": self.lat,
            "lon": self.lon,
            "open": [{"days": "mon-sun", "from": f"{first:02}:00", "to": f"{last:02}:00"}],
            "devices": _roles(self.archetype),
        }


_K, _S, _H, _T = "urban_kiosk", "urban_standard", "public_hall", "trucker_home"
_SMART_SITES: tuple[tuple[str, str, str, float], ...] = (
    ("娄底火车站", "Loudi Railway Station", _S, 52),
    ("娄底南站", "Loudi South Station", _H, 130),
    ("万宝物流园司机之家", "Wanbao Logistics Park Drivers' Home", _T, 70),
    ("吉星路骑手", "Jixing Road Riders", _S, 44),
    ("市民广场", "Civic Square", _K, 14),
)
_DAY_SITES: tuple[tuple[str, str, str, float], ...] = (
    ("长青街", "Changqing Street", _S, 34),
    ("乐坪大道", "Leping Avenue", _S, 30),
    ("大科街道", "Dake Subdistrict", _K, 9),
    ("黄泥塘", "Huangnitang", _K, 12),
    ("花山街道", "Huashan Subdistrict", _S, 28),
    ("涟滨公园", "Lianbin Park", _K, 15),
    ("孙水公园", "Sunshui Park", _K, 11),
    ("珠山公园", "Zhushan Park", _K, 13),
    ("仙女寨", "Xiannüzhai", _K, 5),
    ("湘阳街", "Xiangyang Street", _S, 37),
    ("湘中大道", "Xiangzhong Avenue", _S, 41),
    ("春园步行街", "Chunyuan Pedestrian Street", _H, 96),
    ("贤童街", "Xiantong Street", _K, 10),
    ("扶青路", "Fuqing Road", _K, 8),
    ("氐星路", "Dixing Road", _S, 26),
    ("新星南路", "Xinxing South Road", _S, 32),
    ("娄星广场", "Louxing Square", _H, 110),
    ("早元街", "Zaoyuan Street", _K, 7),
    ("甘桂路", "Gangui Road", _K, 9),
    ("石井镇", "Shijing Town", _K, 6),
    ("水洞底镇", "Shuidongdi Town", _K, 4),
    ("杉山镇", "Shanshan Town", _K, 5),
    ("蛇形山镇", "Shexingshan Town", _K, 3),
    ("双江乡", "Shuangjiang Township", _K, 3),
    ("小碧乡", "Xiaobi Township", _K, 4),
    ("茶园镇", "Chayuan Town", _K, 6),
    ("涟钢东门", "Liangang East Gate", _S, 48),
    ("经开区", "Economic Development Zone", _S, 45),
    ("职业技术学院", "Vocational College", _K, 18),
    ("中心医院", "Central Hospital", _S, 55),
    ("快递分拨中心", "Parcel Sorting Centre", _S, 62),
    ("政务服务中心", "Public Service Centre", _H, 85),
)
_CENTRE = (27.73, 112.0)


def _louxing() -> tuple[Site, ...]:
    rng = np.random.default_rng(3700)
    rows = [(row, (0, 24)) for row in _SMART_SITES] + [(row, (6, 22)) for row in _DAY_SITES]
    sites = []
    for number, ((zh, en, archetype, visits), opens) in enumerate(rows, start=1):
        north, east = rng.normal(0, (0.025, 0.03))
        place = (round(_CENTRE[0] + float(north), 4), round(_CENTRE[1] + float(east), 4))
        name = (
            zh if zh.endswith("司机之家") else f"{zh}驿站",
            en if en.endswith("Home") else f"{en} Station",
        )
        sites.append(Site(f"louxing-{number:02}", "louxing", *name, archetype, *place, visits, opens))
    return tuple(sites)


LOUXING: tuple[Site, ...] = _louxing()
"""The 37 stations of Louxing; the first five are smart and open around the clock."""


def make_fleet(stations: int, seed: int, region: str = "sim") -> tuple[Site, ...]:
    """A directory of any size, all open around the clock, one region, `sim-00001` and on."""
    rng = np.random.default_rng([seed, stations])
    kinds = rng.choice(list(ARCHETYPES), stations, p=(0.45, 0.40, 0.10, 0.05)).tolist()
    sites = []
    for number, kind in enumerate(kinds, start=1):
        of = ARCHETYPES[kind]
        visits = round(float(rng.triangular(of.visits_quiet, of.visits_per_day, of.visits_busy)), 1)
        place = (round(float(rng.uniform(20, 45)), 4), round(float(rng.uniform(98, 125)), 4))
        name = (f"模拟{of.zh}{number}", f"Simulated {of.en} {number}")
        sites.append(Site(f"{region}-{number:05}", region, *name, kind, *place, visits))
    return tuple(sites)


def stations_yaml_rows(sites: Sequence[Site] = LOUXING) -> list[dict[str, object]]:
    """The rows of stations.yaml for these stations."""
    return [site.yaml_row() for site in sites]


def _roles(archetype: str) -> dict[str, dict[str, object]]:
    of = ARCHETYPES[archetype]
    roles: dict[str, dict[str, object]] = {}
    for each in instruments_of(of):
        if each.facility in _NO_ROLE or each.device in roles:
            continue
        row: dict[str, object] = {"role": _ROLE_OF.get(each.facility, each.facility)}
        if each.facility == "main_meter" and each.domain == "power":
            row["limits"] = {"breaker_a": of.breaker_a}
        if each.device in _ZONES:
            row["zone"] = each.device
        roles[each.device] = row
    return roles
