"""How the values of a panel are shown: units, steps of colour, words of states, columns, links."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models import stat as stat_model
from grafana_foundation_sdk.models import table as table_model

from dashboards.asking import escaped
from dashboards.model import BY_COLUMN, Colour, Column, Language, Panel, Step, Word

_COLOURS: Mapping[Colour, str] = {
    "green": "green",
    "yellow": "yellow",
    "orange": "orange",
    "red": "red",
    "blue": "blue",
    "purple": "purple",
    "grey": "#808080",
    "text": "text",
}
_CELLS = {
    "plain": "auto",
    "filled": "color-background",
    "shaded": "color-background",
    "coloured": "color-text",
    "gauge": "gauge",
}


@dataclass(frozen=True, slots=True)
class Fields:
    """Panels' field configurations in one language."""

    language: Language

    def config(self, panel: Panel, missing: str) -> dashboard.FieldConfigSource:
        """Return what holds for every field of a panel, and what for single columns."""
        figure = panel.figure
        return dashboard.FieldConfigSource(
            defaults=dashboard.FieldConfig(
                unit=figure.unit,
                decimals=figure.decimals,
                min_val=figure.low,
                max_val=figure.high,
                mappings=[self._mapping(panel.words)] if panel.words else [],
                thresholds=_thresholds(figure.steps),
                color=_colouring(panel),
                no_value=missing,
                custom=_custom(panel),
            ),
            overrides=[self._override(column, self._matched(panel, column)) for column in panel.columns],
        )

    def options(self, panel: Panel) -> object:
        """Return the options of its type, in which a column goes by the name people see.

        Grafana knows a field by its first name no more once it has another: a table would not be sorted, and
        large figures say "No data" (grafana/grafana issue 79575).
        """
        titles = {column.name: column.title.of(self.language) for column in panel.columns}
        options = copy.deepcopy(panel.view.options)
        if isinstance(options, table_model.Options):
            for one in options.sort_by or []:
                one.display_name = titles[one.display_name]
        if isinstance(options, stat_model.Options):
            options.reduce_options.fields = f"/^({'|'.join(map(escaped, titles.values()))})$/"
        return options

    def transformations(self, panel: Panel) -> list[dashboard.DataTransformerConfig] | None:
        """Return what happens between the answer and the picture; a table's columns stand as described.

        InfluxDB's data source hands out the tags of a group in any order, so the order is always said.
        """
        changes = [
            dashboard.DataTransformerConfig(id_val=one.id, options=dict(one.options)) for one in panel.changes
        ]
        if panel.view.type == "table" and panel.columns:
            order = {self._name(column): at for at, column in enumerate(panel.columns)}
            shown = {"include": {"names": list(order)}}
            changes.append(dashboard.DataTransformerConfig(id_val="filterFieldsByName", options=shown))
            changes.append(dashboard.DataTransformerConfig(id_val="organize", options={"indexByName": order}))
        return changes or None

    def _matched(self, panel: Panel, column: Column) -> str:
        """A series with a legend of its own is known by that, any other field by what the query calls it."""
        own = panel.view.type == "timeseries" and any(
            query.legend != BY_COLUMN and not query.table for query in panel.queries
        )
        return column.title.of(self.language) if own else self._name(column)

    def _name(self, column: Column) -> str:
        """Fields that are there in both languages are asked for in one."""
        return (
            column.name.removesuffix("_zh") + f"_{self.language}"
            if column.name.endswith("_zh")
            else column.name
        )

    def _band(self, column: Column) -> dict[str, object]:
        if column.band_to is None:
            return {}
        edge = {"custom.drawStyle": "line", "custom.lineWidth": 1, "custom.fillOpacity": 20}
        below = column.band_to.of(self.language)
        return edge if column.band_to == column.title else {**edge, "custom.fillBelowTo": below}

    def _link(self, column: Column, address: str) -> dict[str, object]:
        return {"title": column.title.of(self.language), "url": address.replace("{language}", self.language)}

    def _mapping(self, words: Mapping[str, Word]) -> dashboard.ValueMap:
        return dashboard.ValueMap(
            options={
                value: dashboard.ValueMappingResult(
                    text=word.text.of(self.language), color=_COLOURS[word.colour], index=at
                )
                for at, (value, word) in enumerate(words.items())
            }
        )

    def _override(self, column: Column, name: str) -> dashboard.DashboardFieldConfigSourceOverrides:
        figure = column.figure
        properties: dict[str, object] = {
            "displayName": column.title.of(self.language),
            "unit": figure.unit,
            "decimals": figure.decimals,
            "min": figure.low,
            "max": figure.high,
            "noValue": column.none.of(self.language) if column.none else None,
            "thresholds": _thresholds(figure.steps).to_json() if len(figure.steps) > 1 else None,
            "mappings": [self._mapping(column.words)] if column.words else None,
            "custom.cellOptions": {"type": _CELLS[column.cell]} if column.cell != "plain" else None,
            "custom.width": column.width,
            "custom.hidden": True if column.hidden else None,
            "color": _own_colour(column),
            **self._band(column),
            "links": [self._link(column, column.link)] if column.link else None,
        }
        return dashboard.DashboardFieldConfigSourceOverrides(
            matcher=dashboard.MatcherConfig(id_val="byName", options=name),
            properties=[
                dashboard.DynamicConfigValue(id_val=key, value=value)
                for key, value in properties.items()
                if value is not None
            ],
        )


def _own_colour(column: Column) -> dict[str, str] | None:
    if column.cell == "shaded":
        return {"mode": "continuous-blues"}
    return {"mode": "fixed", "fixedColor": _COLOURS[column.colour]} if column.colour else None


def _thresholds(steps: tuple[Step, ...]) -> dashboard.ThresholdsConfig:
    return dashboard.ThresholdsConfig(
        mode=dashboard.ThresholdsMode.ABSOLUTE,
        steps=[dashboard.Threshold(value=step.above, color=_COLOURS[step.colour]) for step in steps],
    )


def _colouring(panel: Panel) -> dashboard.FieldColor:
    """Series of a chart are told apart by colour; anything else has the colour of its step."""
    several = dashboard.FieldColorModeId.PALETTE_CLASSIC_BY_NAME
    by_step = dashboard.FieldColorModeId.THRESHOLDS
    return dashboard.FieldColor(mode=several if panel.view.type == "timeseries" else by_step)


def _custom(panel: Panel) -> object | None:
    low, high = panel.figure.soft
    if (low, high) == (None, None) or not isinstance(panel.view.custom, common.GraphFieldConfig):
        return panel.view.custom
    custom = copy.copy(panel.view.custom)
    custom.axis_soft_min, custom.axis_soft_max = low, high
    return custom
