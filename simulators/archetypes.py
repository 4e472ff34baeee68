"""The four kinds of rest station as data: size, people, equipment, electricity, water, heat.

Figures of the domain catalogue, sections 5.1, 5.3 and 5.4. Solar peak and louvre are tuned so that a day's
energy meets the budgets there (air conditioning at about 45 % duty on a hot day, idle on a mild one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Archetype:
    """One kind of station; powers in W, heat capacity in kJ/K, conductances in W/K, shares adding up to 1."""

    key: str
    zh: str
    en: str
    area_m2: float
    height_m: float
    capacity: int
    visits_per_day: float
    visits_quiet: float
    visits_busy: float
    personas: Mapping[str, float]
    phases: int
    breaker_a: int
    base_w: float
    lit_m2: float
    boiler_w: float
    dispenser_loss_w: float
    ua_w_per_k: float
    heat_kj_per_k: float
    solar_peak_w: float
    louvre_w_per_k: float
    ac_units: int
    ac_unit_w: float
    ac_inverter: bool = True
    seats: int = 0
    toilets: int = 0
    showers: int = 0
    washers: int = 0
    dryers: int = 0
    locker_cells: int = 0
    ebike_ports: int = 0
    truck_bays: int = 0
    tank_l: float = 0.0
    tank_w: float = 0.0
    has_kiosk: bool = False
    has_aed: bool = False
    has_leak_cable: bool = False
    has_co_sensor: bool = False
    has_ups: bool = False

    @property
    def volume_m3(self) -> float:
        """Volume of the air in the station, m³."""
        return self.area_m2 * self.height_m

    def numbered(self, kind: str, count: int) -> tuple[str, ...]:
        """Devices of one kind by name, such as washer-1 to washer-3."""
        return tuple(f"{kind}-{n}" for n in range(1, count + 1))

    @property
    def toilet_names(self) -> tuple[str, ...]:
        """The toilets, each a cubicle."""
        return self.numbered("toilet", self.toilets)

    @property
    def shower_names(self) -> tuple[str, ...]:
        """The shower cubicles."""
        return self.numbered("shower", self.showers)

    @property
    def ac_names(self) -> tuple[str, ...]:
        """The air conditioners."""
        return self.numbered("hvac", self.ac_units)

    @property
    def locker_names(self) -> tuple[str, ...]:
        """The cells of the charging locker, such as locker-1.c2."""
        return tuple(f"locker-1.c{n}" for n in range(1, self.locker_cells + 1))

    @property
    def phase_names(self) -> tuple[str, ...]:
        """The metered phases of the main connection."""
        return tuple(f"main.l{n}" for n in range(1, self.phases + 1))


ARCHETYPES: Mapping[str, Archetype] = {
    archetype.key: archetype
    for archetype in (
        Archetype(
            "urban_kiosk", "街头小站", "street kiosk", area_m2=15, height_m=2.6, capacity=6,
            visits_per_day=12, visits_quiet=2, visits_busy=40,
            personas={"rider": .45, "sanitation": .15, "courier": .15, "driver": .15, "night_driver": .10},
            phases=1, breaker_a=40, base_w=60, lit_m2=15, boiler_w=1500, dispenser_loss_w=20,
            ua_w_per_k=45, heat_kj_per_k=900, solar_peak_w=2500, louvre_w_per_k=450,
            ac_units=1, ac_unit_w=1100, ac_inverter=False, seats=4,
        ),
        Archetype(
            "urban_standard", "标准驿站", "standard station", area_m2=40, height_m=2.7, capacity=20,
            visits_per_day=40, visits_quiet=12, visits_busy=120,
            personas={"rider": .40, "sanitation": .22, "courier": .16, "driver": .16, "night_driver": .06},
            phases=1, breaker_a=63, base_w=150, lit_m2=30, boiler_w=2000, dispenser_loss_w=25,
            ua_w_per_k=120, heat_kj_per_k=2500, solar_peak_w=4000, louvre_w_per_k=800,
            ac_units=1, ac_unit_w=1800, seats=14, toilets=1, locker_cells=4, ebike_ports=2,
            has_kiosk=True, has_aed=True, has_leak_cable=True,
        ),
        Archetype(
            "public_hall", "大厅驿站", "public hall", area_m2=80, height_m=3.0, capacity=40,
            visits_per_day=120, visits_quiet=60, visits_busy=220,
            personas={"rider": .25, "sanitation": .30, "courier": .15, "driver": .15, "night_driver": .15},
            phases=3, breaker_a=63, base_w=300, lit_m2=40, boiler_w=3000, dispenser_loss_w=40,
            ua_w_per_k=200, heat_kj_per_k=6000, solar_peak_w=11000, louvre_w_per_k=1800,
            ac_units=2, ac_unit_w=2200, seats=30, toilets=2, locker_cells=6, ebike_ports=2,
            has_kiosk=True, has_aed=True, has_leak_cable=True, has_ups=True,
        ),
        Archetype(
            "trucker_home", "司机之家", "drivers' home", area_m2=500, height_m=3.0, capacity=60,
            visits_per_day=70, visits_quiet=40, visits_busy=160,
            personas={"rider": .05, "sanitation": .08, "courier": .07, "driver": .15, "truck": .65},
            phases=3, breaker_a=100, base_w=500, lit_m2=80, boiler_w=3000, dispenser_loss_w=50,
            ua_w_per_k=700, heat_kj_per_k=30000, solar_peak_w=22000, louvre_w_per_k=5000,
            ac_units=6, ac_unit_w=1800, seats=40, toilets=3, showers=4, washers=3, dryers=2, locker_cells=4,
            truck_bays=40, tank_l=300, tank_w=9000,
            has_kiosk=True, has_aed=True, has_leak_cable=True, has_co_sensor=True, has_ups=True,
        ),
    )
}  # fmt: skip
