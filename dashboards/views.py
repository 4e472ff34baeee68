"""The ways to draw that the dashboards use, in the models of Grafana's SDK."""

from grafana_foundation_sdk.models import bargauge, common, geomap, statetimeline, timeseries
from grafana_foundation_sdk.models import stat as stat_model
from grafana_foundation_sdk.models import table as table_model

from dashboards.model import View

LEAST_GAP_S = 300
"""Alert rule AG-05 takes no sensor for silent before five minutes are over."""
HEARTBEATS = 3
"""So many that did not come are a gap, as AG-05 counts."""


def _gap_ms(heartbeat_s: int) -> int:
    return max(HEARTBEATS * heartbeat_s, LEAST_GAP_S) * 1000


def _legend() -> common.VizLegendOptions:
    return common.VizLegendOptions(
        display_mode=common.LegendDisplayMode.LIST,
        placement=common.LegendPlacement.BOTTOM,
        show_legend=True,
        calcs=[],
    )


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING)


def _stacking(stacked: bool) -> common.StackingConfig:  # noqa: FBT001 - says what is asked
    mode = common.StackingMode.NORMAL if stacked else common.StackingMode.NONE
    return common.StackingConfig(mode=mode, group="A")


def _over_time(custom: common.GraphFieldConfig) -> View:
    return View("timeseries", timeseries.Options(legend=_legend(), tooltip=_tooltip()), custom)


def lines(heartbeat_s: int, *, fill: int = 0, stacked: bool = False, limits: bool = False) -> View:
    """Draw lines over time, which break where nothing came for three heartbeats.

    ``limits`` shades what lies beyond the steps.
    """
    beyond = common.GraphThresholdsStyleMode.DASHED_AND_AREA
    style = beyond if limits else common.GraphThresholdsStyleMode.OFF
    return _over_time(
        common.GraphFieldConfig(
            draw_style=common.GraphDrawStyle.LINE,
            line_width=1,
            fill_opacity=fill,
            span_nulls=_gap_ms(heartbeat_s),
            show_points=common.VisibilityMode.AUTO,
            point_size=4,
            stacking=_stacking(stacked),
            thresholds_style=common.GraphThresholdsStyleConfig(mode=style),
        )
    )


def bars(*, stacked: bool = False) -> View:
    """Draw one bar a bucket of time."""
    return _over_time(
        common.GraphFieldConfig(
            draw_style=common.GraphDrawStyle.BARS,
            line_width=1,
            fill_opacity=60,
            bar_width_factor=0.7,
            stacking=_stacking(stacked),
        )
    )


def states(heartbeat_s: int) -> View:
    """Draw one band a device, coloured by its state; it ends where nothing came for three heartbeats."""
    return View(
        "state-timeline",
        statetimeline.Options(
            show_value=common.VisibilityMode.AUTO,
            row_height=0.85,
            align_value=common.TimelineValueAlignment.LEFT,
            legend=_legend(),
            tooltip=_tooltip(),
            per_page=40,
        ),
        statetimeline.FieldConfig(fill_opacity=80, insert_nulls=_gap_ms(heartbeat_s), span_nulls=False),
    )


def stat(calc: str = "lastNotNull") -> View:
    """Show figures large: the columns that are described, of all rows together."""
    return View(
        "stat",
        stat_model.Options(
            graph_mode=common.BigValueGraphMode.NONE,
            color_mode=common.BigValueColorMode.BACKGROUND,
            orientation=common.VizOrientation.AUTO,
            reduce_options=common.ReduceDataOptions(values=False, calcs=[calc], fields=""),
        ),
    )


def table(*sorted_by: str) -> View:
    """Show rows sorted by these columns, downwards, or upwards where there is a plus before the name."""
    return View(
        "table",
        table_model.Options(
            cell_height=common.TableCellHeight.SM,
            sort_by=[
                common.TableSortByFieldState(display_name=one.lstrip("+"), desc=not one.startswith("+"))
                for one in sorted_by
            ],
        ),
        common.TableFieldOptions(
            align=common.FieldTextAlignment.AUTO, cell_options=common.TableAutoCellOptions()
        ),
    )


def gauges() -> View:
    """Show the last value of each series as a bar between the ends of its figure."""
    return View(
        "bargauge",
        bargauge.Options(
            display_mode=common.BarGaugeDisplayMode.BASIC,
            orientation=common.VizOrientation.HORIZONTAL,
            reduce_options=common.ReduceDataOptions(values=False, calcs=["lastNotNull"], fields=""),
        ),
    )


def places(colour: str) -> View:
    """Draw one marker a row of a table at its `lat` and `lon`, coloured by one of its columns."""
    markers = common.MapLayerOptions(
        type_val="markers",
        name="stations",
        tooltip=True,
        location=common.FrameGeometrySource(
            mode=common.FrameGeometrySourceMode.COORDS, latitude="lat", longitude="lon"
        ),
        config={
            "showLegend": False,
            "style": {
                "color": {"field": colour, "fixed": "dark-green"},
                "opacity": 0.8,
                "size": {"fixed": 7, "min": 3, "max": 12},
                "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
            },
        },
    )
    return View(
        "geomap",
        geomap.Options(
            view=geomap.MapViewConfig(id_val="fit", zoom=12, padding=10),
            controls=geomap.ControlsOptions(show_zoom=True, mouse_wheel_zoom=False, show_attribution=True),
            basemap=common.MapLayerOptions(type_val="default", name="basemap"),
            layers=[markers],
            tooltip=geomap.TooltipOptions(mode=geomap.TooltipMode.DETAILS),
        ),
    )
