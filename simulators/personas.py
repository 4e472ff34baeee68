"""Who comes to a rest station, when, for how long, and what they use: one row per persona.

Curves, weekdays, dwell times and uses are those of the domain catalogue, sections 5.2 and 5.3; anchored on
reported habits (riders rest 14–17 h, sanitation shifts pause 10–13 h, drivers wait at 22 h), otherwise
tunable defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Persona:
    """One kind of visitor.

    `hours` are relative weights at the full hours 0 to 23, joined by straight lines; `weekdays` factors
    from Monday to Sunday; dwell is lognormal in minutes; `uses` gives the probability of each use in one
    visit; `rain` the factor while it rains; `overnight` the share of visits that last 5 to 8 hours instead.
    """

    key: str
    zh: str
    en: str
    occupation: str
    hours: tuple[float, ...]
    weekdays: tuple[float, ...]
    dwell_mu: float
    dwell_sigma: float
    uses: Mapping[str, float]
    drink_median_l: float = 0.5
    rain: float = 1.0
    festival: float = 1.0
    overnight: float = 0.0


_STEADY_WEEK = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
_DRIVER_USES = {
    "drink": 0.60,
    "microwave": 0.08,
    "fridge": 0.05,
    "phone": 0.35,
    "toilet": 0.50,
    "shower": 0.02,
}

PERSONAS: Mapping[str, Persona] = {
    persona.key: persona
    for persona in (
        Persona(
            "rider", "外卖骑手", "delivery rider", "delivery_rider",
            hours=(.6, .4, .3, .2, .2, .3, .6, 1.2, 2.0, 3.4, 4.2, 1.6,
                   1.0, 4.2, 8.5, 9.0, 7.0, 2.2, 1.2, 1.8, 4.0, 5.2, 4.6, 2.4),
            weekdays=(1.0, 1.0, 1.0, 1.0, 1.05, 1.12, 1.10),
            dwell_mu=2.89, dwell_sigma=.62, rain=1.3,
            uses={"drink": .65, "microwave": .12, "fridge": .10, "phone": .55, "toilet": .30, "supplies": .02,
                  "ebike": .08},
        ),
        Persona(
            "sanitation", "环卫工人", "sanitation worker", "sanitation",
            hours=(.1, .1, .1, .3, .8, .8, 1.5, 2.2, 3.0, 4.5, 9.5, 10.0,
                   8.5, 6.0, 3.5, 2.5, 2.2, 2.0, 2.0, 1.6, 1.2, 1.0, .8, .3),
            weekdays=_STEADY_WEEK, dwell_mu=3.40, dwell_sigma=.67,
            uses={"drink": .80, "microwave": .30, "fridge": .25, "phone": .25, "toilet": .35, "shower": .01,
                  "supplies": .02},
        ),
        Persona(
            "courier", "快递员", "courier", "courier",
            hours=(.1, .1, .1, .1, .2, .4, 1.0, 2.0, 2.2, 2.6, 3.4, 4.6,
                   7.5, 8.5, 5.0, 3.6, 3.8, 4.6, 4.0, 2.8, 1.8, 1.0, .5, .2),
            weekdays=(1.05, 1.0, 1.0, 1.0, 1.0, .95, .70),
            dwell_mu=2.64, dwell_sigma=.71, festival=1.4,
            uses={"drink": .55, "microwave": .10, "fridge": .05, "phone": .45, "toilet": .25, "supplies": .02,
                  "ebike": .05},
        ),
        Persona(
            "driver", "网约车司机", "ride-hailing driver", "ride_hailing",
            hours=(3.2, 2.6, 2.0, 1.6, 1.4, 1.6, 2.2, 2.8, 2.6, 3.0, 3.8, 5.5,
                   6.5, 6.0, 5.0, 4.2, 3.6, 3.0, 3.4, 4.0, 4.4, 5.0, 5.2, 4.4),
            weekdays=(1.0, 1.0, 1.0, 1.0, 1.1, 1.1, 1.0), dwell_mu=3.00, dwell_sigma=.67,
            uses={**_DRIVER_USES, "supplies": .01},
        ),
        Persona(
            "truck", "货车司机", "truck driver", "truck",
            hours=(2.5, 1.8, 1.4, 1.2, 1.6, 3.0, 5.0, 5.2, 3.6, 3.0, 3.2, 5.0,
                   6.2, 5.0, 3.4, 3.0, 3.4, 4.4, 6.2, 7.5, 8.0, 7.2, 5.6, 3.8),
            weekdays=(1.0, 1.0, 1.0, 1.0, 1.0, .9, .8),
            dwell_mu=3.56, dwell_sigma=.88, drink_median_l=1.4, overnight=.12,
            uses={"drink": .85, "microwave": .20, "fridge": .15, "phone": .50, "toilet": .60, "shower": .19,
                  "washer": .06, "dryer": .04, "supplies": .02},
        ),
        Persona(
            "night_driver", "代驾司机", "designated driver", "designated_driver",
            hours=(9.0, 5.0, 2.5, 1.2, .6, .3, .2, .2, .2, .2, .2, .4,
                   .6, .6, .4, .4, .5, .8, 2.0, 5.0, 9.5, 14.0, 15.0, 13.0),
            weekdays=_STEADY_WEEK, dwell_mu=3.33, dwell_sigma=.71,
            uses={**_DRIVER_USES, "supplies": .01},
        ),
    )
}  # fmt: skip

GROUP_SIZES: Mapping[int, float] = {1: 0.80, 2: 0.14, 3: 0.06}
CREDENTIALS: Mapping[str, float] = {
    "qr": 0.62,
    "face": 0.14,
    "member_code": 0.10,
    "card": 0.06,
    "id_card": 0.04,
    "remote": 0.02,
    "none": 0.02,
}
REFUSALS: Mapping[str, tuple[str, ...]] = {
    "qr": ("expired", "unknown", "no_right"),
    "face": ("failed_match",),
    "member_code": ("expired", "no_right"),
    "card": ("unknown", "no_right"),
    "id_card": ("unknown", "failed_match"),
    "remote": ("other",),
    "none": ("other",),
}
ANONYMOUS_CREDENTIALS = frozenset({"remote", "none"})
DENIED_PER_TRY = 0.06
TAILGATES = 0.85
EXIT_BUTTON = 0.95
