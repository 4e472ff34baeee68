"""Making room at the server: a place for each class of data, kept as long as it may be.

1.8 has a database with a retention policy a class; 2.x a bucket a class, with a mapping so that InfluxQL
finds it; 3 a database a class, called `<database>/<class>`. Doing it twice changes nothing.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from gateway.timeseries.mirror.refusals import Refused, refusal
from gateway.timeseries.mirror.server import Influx, quoted
from wire.influx import POLICIES, RAW, Policy, bucket

_DAY_S = 86_400
_HOUR_S = 3_600
_CONFLICT = 409


def arrange(server: Influx) -> list[str]:
    """Return what was done, a sentence each, nothing when all was there; raises Refused."""
    version = server.version()
    arrangement = {1: _first, 2: _second, 3: _third}[version.major]
    return list(arrangement(server))


# -- 1.8 -----------------------------------------------------------------------------------------------


def _first(server: Influx) -> Iterator[str]:
    database = quoted(server.settings.bucket)
    names = {row["name"] for row in server.query("SHOW DATABASES")[0]}
    if server.settings.bucket not in names:
        server.query(f"CREATE DATABASE {database} WITH {_kept(server, RAW)} NAME {quoted(RAW.name)}")
        yield f"database {server.settings.bucket} created"
    rows = {row["name"]: row for row in server.query(f"SHOW RETENTION POLICIES ON {database}")[0]}
    for policy in POLICIES:
        clause = f"{quoted(policy.name)} ON {database} {_kept(server, policy)}"
        default = " DEFAULT" if policy is RAW else ""
        known = rows.get(policy.name)
        if known is None:
            server.query(f"CREATE RETENTION POLICY {clause}{default}")
            yield f"retention policy {policy.name} created"
        elif _seconds(known["duration"]) != server.settings.days(policy) * _DAY_S or (
            default and not known["default"]
        ):
            server.query(f"ALTER RETENTION POLICY {clause}{default}")
            yield f"retention policy {policy.name} changed from {known['duration']}"


def _kept(server: Influx, policy: Policy) -> str:
    days = server.settings.days(policy)
    return f"DURATION {days}d REPLICATION 1 SHARD DURATION {_shard_days(policy, days)}d"


def _shard_days(policy: Policy, days: int) -> int:
    """Return how long a shard is: never longer than what is kept."""
    return min(policy.shard_days, days)


def _seconds(duration: str) -> int:
    """Return the seconds of a duration as 1.x shows it, such as `9600h0m0s`."""
    hours, _, rest = duration.partition("h")
    minutes, _, seconds = rest.partition("m")
    return int(hours) * _HOUR_S + int(minutes or 0) * 60 + int(seconds.rstrip("s") or 0)


# -- 2.x -----------------------------------------------------------------------------------------------


def _second(server: Influx) -> Iterator[str]:
    org = _organization(server)
    for policy in POLICIES:
        name = bucket(server.settings.bucket, policy)
        found = _ask(server, "GET", "/api/v2/buckets", {"orgID": org, "name": name})["buckets"]
        rules = [_rule(server, policy)]
        if not found:
            said: dict[str, object] = {"orgID": org, "name": name, "retentionRules": rules}
            found = [_ask(server, "POST", "/api/v2/buckets", body=said)]
            yield f"bucket {name} created"
        elif _every(found[0]) != rules[0]["everySeconds"]:
            _ask(server, "PATCH", f"/api/v2/buckets/{found[0]['id']}", body={"retentionRules": rules})
            yield f"retention of bucket {name} changed"
        if _map(server, org, found[0]["id"], policy):
            yield f"InfluxQL finds bucket {name}"


def _organization(server: Influx) -> str:
    name = server.settings.org
    found = _ask(server, "GET", "/api/v2/orgs", {"org": name})["orgs"] if name else []
    if not found:
        seen = f"there is no organization {name!r}, or the token may not see it"
        raise Refused("no_org", f"{seen}; set mirror.influxdb.org")
    return str(found[0]["id"])


def _rule(server: Influx, policy: Policy) -> dict[str, object]:
    days = server.settings.days(policy)
    shard = _shard_days(policy, days)
    return {"type": "expire", "everySeconds": days * _DAY_S, "shardGroupDurationSeconds": shard * _DAY_S}


def _every(found: dict[str, Any]) -> int:
    return sum(int(rule.get("everySeconds", 0)) for rule in found.get("retentionRules", []))


def _map(server: Influx, org: str, bucket_id: str, policy: Policy) -> bool:
    """Map database and policy to a bucket; the mappings 2.x makes by itself name no default for certain."""
    database = server.settings.bucket
    asked = {"orgID": org, "db": database, "rp": policy.name}
    known = _ask(server, "GET", "/api/v2/dbrps", asked)["content"]
    if any(not one.get("virtual") and one["bucketID"] == bucket_id for one in known):
        return False
    _ask(
        server,
        "POST",
        "/api/v2/dbrps",
        body={
            "orgID": org,
            "bucketID": bucket_id,
            "database": database,
            "retention_policy": policy.name,
            "default": policy is RAW,
        },
    )
    return True


# -- 3 -------------------------------------------------------------------------------------------------


def _third(server: Influx) -> Iterator[str]:
    """Create databases; how long 3 Core keeps one can be said only when it is created."""
    for policy in POLICIES:
        name = bucket(server.settings.bucket, policy)
        said = {"db": name, "retention_period": f"{server.settings.days(policy)}d"}
        status, headers, body = server.request("POST", "/api/v3/configure/database", said)
        if status == _CONFLICT:
            continue
        if status not in {200, 201}:
            raise refusal(status, body, headers.get("retry-after"))
        yield f"database {name} created"


def _ask(
    server: Influx,
    method: str,
    path: str,
    query: dict[str, str] | None = None,
    body: dict[str, object] | None = None,
) -> dict[str, Any]:
    target = f"{path}?{urlencode(query)}" if query else path
    status, headers, answer = server.request(method, target, body)
    if status not in {200, 201}:
        raise refusal(status, answer, headers.get("retry-after"))
    said: dict[str, Any] = json.loads(answer)
    return said
