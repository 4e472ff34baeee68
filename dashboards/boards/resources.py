"""Water and energy: a day, a visit, a night, and beside other stations."""

from dashboards.influxql import BUCKET, CIRCUITS, DAY, MAIN, ZONE, call, select, within
from dashboards.limits import number
from dashboards.model import Board, Change, Figure, Panel, Query, Row, Step, Text
from dashboards.parts import HERE, PER_DEVICE, REGIONS, STATIONS_OF_REGION, column, counted, station_link
from dashboards.texts import name
from dashboards.views import bars, lines, table
from wire.influx import VISITS, Measurement, Tier, rollup

ENERGY, VOLUME = "energy_import_kwh_total_increase", "water_volume_m3_total_increase"
POWER_DAY, WATER_DAY, VISITS_DAY = rollup("power", Tier.DAY), rollup("water", Tier.DAY), VISITS["1d"]
POWER_QUARTER, WATER_QUARTER = rollup("power", Tier.QUARTER), rollup("water", Tier.QUARTER)
BY_DAY = f"fill(none) tz('{ZONE}')"
KWH, CUBIC = Figure("kwatth", low=0), Figure("m3", low=0)
QUARTER_S = 900
BY_STATION = Text("$tag_station", "$tag_station")


def _daily(what: str, source: Measurement, where: tuple[str, ...] = HERE) -> str:
    return select(what, source, where, (DAY,), BY_DAY)


def _day() -> tuple[Panel, ...]:
    power, water = call(POWER_DAY, "sum", ENERGY), call(WATER_DAY, "sum", VOLUME)
    by_circuit = select(call(POWER_DAY, "sum", ENERGY), POWER_DAY, (*HERE, CIRCUITS), (DAY, "device"), BY_DAY)
    return (
        Panel(
            "energy",
            bars(),
            8,
            8,
            queries=(Query(_daily(power, POWER_DAY, (*HERE, MAIN)), name("energy")),),
            figure=KWH,
        ),
        Panel("circuits", bars(stacked=True), 8, 8, queries=(Query(by_circuit, PER_DEVICE),), figure=KWH),
        Panel(
            "water",
            bars(),
            8,
            8,
            queries=(Query(_daily(water, WATER_DAY, (*HERE, MAIN)), name("water")),),
            figure=CUBIC,
        ),
    )


def _per_visit(panel: str, what: str, source: Measurement, figure: Figure) -> Panel:
    """Divide one day's use by the same day's visits, in Grafana: InfluxQL joins no measurements."""
    used = select(f'{what} AS "used"', source, (*HERE, MAIN), (DAY,), BY_DAY)
    visits = select(call(VISITS_DAY, "sum", "visits", "visits"), VISITS_DAY, HERE, (DAY,), BY_DAY)
    return Panel(
        panel,
        bars(),
        12,
        8,
        queries=(Query(used, table=True), Query(visits, table=True)),
        changes=(
            Change("joinByField", {"byField": "Time", "mode": "outer"}),
            _divided("used", "visits", "per_visit"),
            Change("filterFieldsByName", {"include": {"names": ["Time", "per_visit"]}}),
        ),
        columns=(column("per_visit", figure),),
        figure=figure,
    )


def _divided(left: str, right: str, alias: str) -> Change:
    return Change(
        "calculateField",
        {
            "mode": "binary",
            "binary": {"left": left, "operator": "/", "right": right},
            "alias": alias,
            "replaceFields": False,
        },
    )


def _visit() -> tuple[Panel, ...]:
    litres = f"{call(WATER_DAY, 'sum', VOLUME)} * 1000"
    return (
        _per_visit("energy_visit", call(POWER_DAY, "sum", ENERGY), POWER_DAY, KWH),
        _per_visit("water_visit", litres, WATER_DAY, Figure("litre", low=0)),
    )


def _nights() -> tuple[Panel, ...]:
    """The quietest hour and quarter of a day lie in the night; what still runs then runs for nobody."""
    hourly = select(
        f'{call(WATER_QUARTER, "sum", VOLUME)} * 1000 AS "litres"',
        WATER_QUARTER,
        (*HERE, MAIN),
        ("time(1h)", "station"),
        "fill(none)",
    )
    quietest = select('min("litres")', within(hourly), (), (DAY, "station"), BY_DAY)
    base = select(
        f"{call(POWER_QUARTER, 'min', 'power_active_w_mean')}",
        POWER_QUARTER,
        (*HERE, MAIN),
        (DAY, "station"),
        BY_DAY,
    )
    floor = number("WA-05", "floor") * 1000
    steps = (Step(None, "green"), Step(floor, "orange"))
    return (
        Panel(
            "night_water",
            lines(86_400, limits=True),
            12,
            8,
            queries=(Query(quietest, BY_STATION),),
            figure=Figure("litre", low=0, steps=steps),
        ),
        Panel(
            "night_power",
            lines(86_400),
            12,
            8,
            queries=(Query(base, BY_STATION),),
            figure=Figure("watt", low=0),
        ),
    )


def _peers() -> tuple[Panel, ...]:
    def by_station(what: str, source: Measurement, where: tuple[str, ...] = HERE) -> Query:
        return Query(select(what, source, where, ("station",)), table=True)

    litres = f'{call(WATER_DAY, "sum", VOLUME)} * 1000 AS "litres"'
    return (
        Panel(
            "peers",
            table("energy_per_visit"),
            24,
            12,
            queries=(
                by_station(call(POWER_DAY, "sum", ENERGY, "energy"), POWER_DAY, (*HERE, MAIN)),
                by_station(litres, WATER_DAY, (*HERE, MAIN)),
                by_station(call(VISITS_DAY, "sum", "visits", "visits"), VISITS_DAY),
            ),
            changes=(
                Change("joinByField", {"byField": "station", "mode": "outer"}),
                _divided("energy", "visits", "energy_per_visit"),
                _divided("litres", "visits", "litres_per_visit"),
            ),
            columns=(
                column("station", link=station_link()),
                counted("visits"),
                column("energy", KWH),
                column("energy_per_visit", Figure("kwatth", low=0, decimals=2), cell="gauge"),
                column("litres", Figure("litre", low=0)),
                column("litres_per_visit", Figure("litre", low=0, decimals=1), cell="gauge"),
            ),
        ),
        _course(),
    )


def _course() -> Panel:
    load = call(POWER_QUARTER, "mean", "power_active_w_mean")
    return Panel(
        "load",
        lines(QUARTER_S, fill=10),
        24,
        8,
        queries=(
            Query(select(load, POWER_QUARTER, (*HERE, MAIN), (BUCKET, "station"), "fill(null)"), BY_STATION),
        ),
        figure=Figure("watt", low=0),
        span="48h",
        least_s=QUARTER_S,
    )


BOARD = Board(
    "resources",
    (Row("day", _day()), Row("visit", _visit()), Row("night", _nights()), Row("peers", _peers())),
    variables=(REGIONS, STATIONS_OF_REGION),
    since="now-30d/d",
    refresh="15m",
)
