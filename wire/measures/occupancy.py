"""How many people are inside, and whether one of them may need help."""

from wire.measures.model import EventField, EventKind, FrameClass
from wire.measures.rows import BITS_16, BITS_32, LARGEST, Rows

_ROWS = Rows("occupancy")
_PASSAGES = (BITS_16, BITS_32)
"""Milesight VS121, VS350 and VS360 count in 16 bits, VS132 and VS133 in 32."""

MEASURES = (
    _ROWS.counter(
        "people_in_total",
        "1",
        "int",
        LARGEST,
        60,
        0,
        1,
        "累计进入人数",
        "People counted in",
        moduli=_PASSAGES,
    ),
    _ROWS.counter(
        "people_out_total",
        "1",
        "int",
        LARGEST,
        60,
        0,
        1,
        "累计离开人数",
        "People counted out",
        moduli=_PASSAGES,
    ),
    _ROWS.gauge("people_inside_count", "1", "int", (-50, 500), "high", 30, 0, "站内人数", "People inside"),
    _ROWS.gauge(
        "people_inside_confidence_ratio",
        "1",
        "float",
        (0, 1),
        None,
        300,
        0.05,
        "站内人数置信度",
        "Confidence of people inside",
    ),
    _ROWS.gauge("zone_people_count", "1", "int", (0, 64), "high", 60, 0, "区域人数", "People in zone"),
    _ROWS.flag("zone_occupied", 60, "区域有人", "Zone occupied"),
    _ROWS.flag("cubicle_occupied", 60, "隔间有人", "Cubicle occupied"),
    _ROWS.gauge(
        "cubicle_occupied_s", "s", "int", (0, 86_400), "high", 30, 60, "隔间占用时长", "Cubicle occupied for"
    ),
    _ROWS.gauge(
        "cubicle_motion_age_s",
        "s",
        "int",
        (0, 86_400),
        "high",
        30,
        60,
        "隔间静止时长",
        "Cubicle without motion for",
    ),
    _ROWS.flag("fall_suspected", 60, "疑似跌倒", "Fall suspected", alarm=True),
    _ROWS.gauge("seat_occupied_count", "1", "int", (0, 100), None, 60, 0, "占用座位数", "Seats occupied"),
    _ROWS.gauge(
        "dwell_avg_s",
        "s",
        "int",
        (0, 65_535),
        None,
        600,
        60,
        "平均停留时长",
        "Average stay",
        sentinels=(65_535,),
    ),
    _ROWS.gauge(
        "dwell_max_s",
        "s",
        "int",
        (0, 65_535),
        None,
        600,
        60,
        "最长停留时长",
        "Longest stay",
        sentinels=(65_535,),
    ),
    _ROWS.gauge(
        "truck_bay_occupied_count", "1", "int", (0, 500), None, 60, 0, "占用货车位数", "Truck bays occupied"
    ),
)

FIELDS: tuple[EventField, ...] = ()

EVENTS = (
    EventKind("occupancy", "panic_button", FrameClass.ALARM, FIELDS, "一键报警", "Panic button pressed"),
)
