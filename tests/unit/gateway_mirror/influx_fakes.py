"""InfluxDB 2 and 3 as far as setting them up goes, with state; shapes as their public API pages have them."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.support.http_fake import HttpFake, Request


@dataclass
class InfluxTwo(HttpFake):
    """Organizations, buckets and mappings (docs.influxdata.com/influxdb/v2/api: Buckets, DBRPs, Ping)."""

    buckets: dict[str, dict[str, Any]] = field(default_factory=dict)
    mappings: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.headers = {"X-Influxdb-Build": "OSS", "X-Influxdb-Version": "v2.7.11"}

    def answer(self, request: Request) -> tuple[int, object]:
        """Answer like the original; a wrong token is refused."""
        if request.path == "/ping":
            return 204, {}
        if request.headers.get("authorization") != "Token secret":
            return 401, {"code": "unauthorized", "message": "unauthorized access"}
        if request.path == "/api/v2/orgs":
            known = request.query["org"] == "union"
            return (200, {"orgs": [{"id": "0f", "name": "union"}]}) if known else (404, {"code": "not found"})
        if request.path == "/api/v2/dbrps":
            return self._mapping(request)
        return self._bucket(request)

    def _bucket(self, request: Request) -> tuple[int, object]:
        if request.method == "GET":
            found = self.buckets.get(request.query["name"])
            return 200, {"buckets": [found] if found else []}
        said = msgspec.json.decode(request.body)
        if request.method == "PATCH":
            one = next(b for b in self.buckets.values() if request.path.endswith(b["id"]))
            one["retentionRules"] = said["retentionRules"]
            return 200, one
        made = {**said, "id": f"{len(self.buckets):016x}"}
        self.buckets[said["name"]] = made
        database, _, policy = said["name"].partition("/")
        virtual = {"database": database, "retention_policy": policy, "bucketID": made["id"], "virtual": True}
        self.mappings.append(virtual)  # 2.x makes one by itself
        return 201, made

    def _mapping(self, request: Request) -> tuple[int, object]:
        if request.method == "GET":
            asked = request.query
            same = [
                one
                for one in self.mappings
                if (one["database"], one["retention_policy"]) == (asked["db"], asked["rp"])
            ]
            return 200, {"content": same}
        said = msgspec.json.decode(request.body)
        self.mappings.append(said)
        return 201, said


@dataclass
class InfluxThree(HttpFake):
    """Databases (docs.influxdata.com/influxdb3/core/admin/databases/create)."""

    databases: dict[str, str] = field(default_factory=dict)

    def answer(self, request: Request) -> tuple[int, object]:
        """Answer like the original."""
        if request.path == "/ping":
            return 200, {"version": "3.4.0", "revision": "39cd1bd", "process_id": "f3d3d3d3"}
        said = msgspec.json.decode(request.body)
        if said["db"] in self.databases:
            return 409, {"error": "attempted to create a resource that already exists"}
        self.databases[said["db"]] = said["retention_period"]
        return 200, {}
