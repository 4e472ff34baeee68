"""A stand-in for Grafana that keeps what it is told: folders, data sources and dashboards of its HTTP API.

Answers as the pages "Folder", "Data source" and "Dashboard HTTP API" of Grafana's documentation say.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.support.http_fake import HttpFake, Request

Json = dict[str, Any]
TOKEN = "glsa_of_the_tests"


@dataclass
class FakeGrafana(HttpFake):
    """One organisation. ``refusing`` (status, message) is what every request that writes is told.

    ``hurried`` makes somebody save a dashboard just before it is written; ``moved_to`` sends everybody there.
    """

    folders: dict[str, Json] = field(default_factory=dict)
    sources: dict[str, Json] = field(default_factory=dict)
    dashboards: dict[str, Json] = field(default_factory=dict)
    refusing: tuple[int, str] | None = None
    hurried: bool = False
    moved_to: str | None = None
    writes: int = 0

    def answer(self, request: Request) -> tuple[int, object]:
        """Answer one request."""
        if self.moved_to is not None:
            self.headers = {"location": self.moved_to}
            return 302, {}
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Invalid API key"}
        if request.method != "GET":
            self.writes += 1
            if self.refusing is not None:
                return self.refusing[0], {"message": self.refusing[1]}
        said = json.loads(request.body) if request.body else {}
        _, _, kind, *rest = unquote(request.path).split("/")
        kinds: dict[str, Callable[[], tuple[int, object]]] = {
            "folders": lambda: self._kept(self.folders, request, said, rest[0] if rest else None),
            "datasources": lambda: self._source(request, said, rest[1] if rest else None),
            "dashboards": lambda: self._dashboard(request, said, rest[-1]),
        }
        return kinds[kind]()

    def edit(self, uid: str, **changed: object) -> None:
        """Change a dashboard as somebody in the browser does."""
        there = self.dashboards[uid]
        there["dashboard"] |= changed
        there["dashboard"]["version"] += 1

    def _kept(
        self, kept: dict[str, Json], request: Request, said: Json, uid: str | None
    ) -> tuple[int, object]:
        if request.method == "GET":
            return (200, kept[uid]) if uid in kept else (404, {"message": "not found"})
        kept[uid or said["uid"]] = said
        return 200, said

    def _source(self, request: Request, said: Json, uid: str | None) -> tuple[int, object]:
        """Secrets go in and never come out; only which there are is told."""
        fields = dict.fromkeys(said.pop("secureJsonData", {}), True)
        before = self.sources.get(uid or said.get("uid", ""), {})
        if said:
            said = {"id": 1, "readOnly": False, **said}
            said["secureJsonFields"] = {**before.get("secureJsonFields", {}), **fields}
        return self._kept(self.sources, request, said, uid)

    def _dashboard(self, request: Request, said: Json, uid: str) -> tuple[int, object]:
        if request.method == "GET":
            there = self.dashboards.get(uid)
            return (200, there) if there else (404, {"message": "Dashboard not found"})
        return self._saved(said)

    def _saved(self, said: Json) -> tuple[int, object]:
        dashboard = said["dashboard"]
        uid = dashboard["uid"]
        if self.hurried and uid in self.dashboards:
            self.edit(uid, title="saved by somebody")
        same_title = [
            other
            for other, one in self.dashboards.items()
            if other != uid and one["dashboard"]["title"] == dashboard["title"]
        ]
        if same_title:
            said_so = "A dashboard with the same name in the folder already exists"
            return 412, {"status": "name-exists", "message": said_so}
        there = self.dashboards.get(uid)
        version = there["dashboard"]["version"] if there else 0
        if there and not said["overwrite"] and dashboard.get("version") != version:
            changed = "The dashboard has been changed by someone else"
            return 412, {"status": "version-mismatch", "message": changed}
        kept = {**dashboard, "id": len(self.dashboards) + 1, "version": version + 1}
        self.dashboards[uid] = {"dashboard": kept, "meta": {"folderUid": said["folderUid"]}}
        return 200, {"uid": uid, "version": version + 1, "status": "success"}
