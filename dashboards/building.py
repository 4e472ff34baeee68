"""From our own description of a dashboard to Grafana's, in one language, by the models of its SDK."""

from collections.abc import Mapping

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import dashboard

from dashboards.fields import Fields
from dashboards.layout import Place, placed
from dashboards.model import Annotation, Board, Language, Panel, Query, Row, Text, Variable
from dashboards.source import ALL, influxql, shared_answer, source
from dashboards.texts import BoardTexts, shared, texts_of

TAG = "yizhan"
DOCS = "https://docs.example/yizhan"
"""Where runbooks are, until somebody says where."""
SCHEMA = 39
"""Of Grafana 11: what is newer reads it, and migrates it by itself."""
_NO_INTERVAL: dict[str, None] = {"auto": None, "auto_min": None, "auto_count": None}
"""The SDK writes defaults for every kind of variable that only one of intervals may have."""
_REF_IDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def uid_of(board: str, language: Language) -> str:
    """Return the uid of a dashboard, which is also the end of its address."""
    return f"{TAG}-{board}-{language}"


def json_of(board: Board, language: Language, docs: str = DOCS) -> str:
    """Return a dashboard as Grafana's JSON, the same bytes for the same description.

    ``docs`` is the address below which people find the runbooks.
    """
    built = Building(board, language, docs).built()
    return JSONEncoder(ensure_ascii=False, indent=1).encode(built) + "\n"


class Building:
    """One dashboard in one language."""

    def __init__(self, board: Board, language: Language, docs: str = DOCS) -> None:
        self._board, self._language, self._docs = board, language, docs
        self._texts: BoardTexts = texts_of(board.name)
        self._fields = Fields(language)
        self._ids: Mapping[str, int] = {panel.name: at for at, panel in enumerate(board.panels, start=1)}

    def built(self) -> dashboard.Dashboard:
        """Put it together."""
        board, texts = self._board, self._texts
        return dashboard.Dashboard(
            uid=uid_of(board.name, self._language),
            title=self._say(texts.title),
            description=self._say(texts.about),
            tags=[TAG, self._language],
            timezone="browser",
            graph_tooltip=dashboard.DashboardCursorSync.CROSSHAIR,
            time=dashboard.DashboardDashboardTime(from_val=board.since, to="now"),
            refresh=board.refresh,
            week_start="monday",
            schema_version=SCHEMA,
            panels=self._panels(),
            templating=dashboard.DashboardDashboardTemplating(
                list_val=[self._variable(one) for one in board.variables] + [self._where_docs_are()]
            ),
            annotations=dashboard.AnnotationContainer(list_val=[self._marked(a) for a in board.annotations]),
            links=self._links(),
        )

    def _say(self, text: Text) -> str:
        return text.of(self._language)

    def _panels(self) -> list[dashboard.Panel | dashboard.RowPanel]:
        drawn: list[dashboard.Panel | dashboard.RowPanel] = []
        for at, (row, place, panels) in enumerate(placed(self._board.rows), start=1):
            inside = [self._panel(panel, where) for panel, where in panels]
            heading = self._heading(row, place, len(self._ids) + at)
            drawn.append(heading)
            if row.folded:
                heading.panels = inside
            else:
                drawn += inside
        return drawn

    def _heading(self, row: Row, place: Place, id_val: int) -> dashboard.RowPanel:
        title = self._say(self._texts.rows[row.name])
        return dashboard.RowPanel(
            title=title, id_val=id_val, grid_pos=_grid(place), panels=[], collapsed=row.folded
        )

    def _panel(self, panel: Panel, place: Place) -> dashboard.Panel:
        said = self._texts.panels[panel.name]
        return dashboard.Panel(
            type_val=panel.view.type,
            id_val=self._ids[panel.name],
            title=self._say(said.title),
            description=self._say(said.about),
            datasource=source(),
            targets=self._targets(panel),
            grid_pos=_grid(place),
            options=self._fields.options(panel),
            field_config=self._fields.config(panel, self._say(said.missing or shared().missing)),
            transformations=self._fields.transformations(panel),
            interval=f"{panel.least_s}s" if panel.least_s else None,
            time_from=panel.span,
        )

    def _targets(self, panel: Panel) -> list[Dataquery]:
        if panel.of is not None:
            return [shared_answer(self._ids[panel.of])]
        return [self._target(query, ref_id) for query, ref_id in zip(panel.queries, _REF_IDS, strict=False)]

    def _target(self, query: Query, ref_id: str) -> UnknownDataquery:
        return influxql(self._local(query.influxql), ref_id, self._say(query.legend), table=query.table)

    def _local(self, statement: str) -> str:
        """Ask for the names of the language."""
        return statement.replace('_zh"', f'_{self._language}"')

    def _variable(self, variable: Variable) -> dashboard.VariableModel:
        chosen = dashboard.VariableOption(
            text=self._say(shared().all) if variable.several else "", value=ALL if variable.several else ""
        )
        return dashboard.VariableModel(
            type_val=dashboard.VariableType.QUERY,
            name=variable.name,
            label=self._say(shared().variables[variable.name]),
            datasource=source(),
            query=variable.influxql,
            current=chosen if variable.several else None,
            multi=variable.several,
            include_all=variable.several,
            all_value=".*" if variable.several else None,
            refresh=dashboard.VariableRefresh.ON_DASHBOARD_LOAD,
            sort=dashboard.VariableSort.ALPHABETICAL_ASC,
            **_NO_INTERVAL,
        )

    def _where_docs_are(self) -> dashboard.VariableModel:
        return dashboard.VariableModel(
            type_val=dashboard.VariableType.CONSTANT,
            name="docs",
            label=self._say(shared().variables["docs"]),
            query=self._docs,
            current=dashboard.VariableOption(text=self._docs, value=self._docs),
            hide=dashboard.VariableHide.HIDE_VARIABLE,
            **_NO_INTERVAL,
        )

    def _marked(self, annotation: Annotation) -> dashboard.AnnotationQuery:
        marked = dashboard.AnnotationQuery(
            name=self._say(annotation.text),
            datasource=source(),
            icon_color=annotation.colour,
            target=UnknownDataquery(
                {
                    "refId": "Anno",
                    "fromAnnotations": True,
                    "query": self._local(annotation.influxql),
                    "textColumn": f"name_{self._language}",
                    "tagsColumn": annotation.tags,
                    "titleColumn": "",
                    "timeEndColumn": "",
                    "name": annotation.name,
                }
            ),
        )
        # The default hides its switch in a menu of Grafana 12; an empty placement leaves it above the panels.
        marked.placement = ""
        return marked

    def _links(self) -> list[dashboard.DashboardLink]:
        other: Language = "en" if self._language == "zh" else "zh"
        boards = dashboard.DashboardLink(
            title=self._say(shared().boards),
            type_val=dashboard.DashboardLinkType.DASHBOARDS,
            icon="external link",
            tags=[TAG, self._language],
            as_dropdown=True,
            include_vars=True,
            keep_time=True,
        )
        translated = dashboard.DashboardLink(
            title=self._say(shared().other_language),
            type_val=dashboard.DashboardLinkType.LINK,
            icon="external link",
            url=f"/d/{uid_of(self._board.name, other)}",
            include_vars=True,
            keep_time=True,
        )
        for link in (boards, translated):
            link.placement = ""
        return [boards, translated]


def _grid(place: Place) -> dashboard.GridPos:
    return dashboard.GridPos(x=place.x, y=place.y, w=place.width, h=place.height)
