"""Who is on call, and who stands in for whom. The plan itself is in the settings."""

import asyncio
from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response
from ulid import ULID

from gateway.api.access import Principal
from gateway.api.alert_answers import override_item
from gateway.api.asking import Asked, Operator, Viewer, somebody
from gateway.api.problems import WRITES, Problem, not_found, responses
from gateway.api.rota_shapes import OverrideAnswer, OverrideBody, RotaAnswer
from gateway.api.services import Services
from gateway.api.values import Strict, Time, json_response, parse_time, rfc3339
from gateway.domain.oncall import Layer, Override, Person, Rota
from gateway.queries.rota import RotaView
from gateway.state.audit import Deed

router = APIRouter(tags=["rota"])


class RotaQuery(Strict):
    """When to look at; now without."""

    at: Time | None = None


@router.get(
    "/rota",
    response_model=RotaAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def get_rota(services: Asked, principal: Viewer, query: Annotated[RotaQuery, Query()]) -> Response:
    """Say who is on call, who stands in for whom, and what is wrong in the 14 days ahead."""
    at = services.clock() if query.at is None else parse_time(query.at)
    return json_response(rota_answer(await asyncio.to_thread(services.on_call.view, at, principal.regions)))


@router.post(
    "/rota",
    response_model=OverrideAnswer,
    status_code=HTTPStatus.CREATED,
    responses=responses(*WRITES),
)
async def add_override(services: Asked, principal: Operator, body: OverrideBody) -> Response:
    """Put somebody else on call for a while."""
    return json_response(await stand_in(services, principal, body), HTTPStatus.CREATED)


@router.delete("/rota/{override_id}", response_model=OverrideAnswer, responses=responses(*WRITES))
async def remove_override(services: Asked, principal: Operator, override_id: str) -> Response:
    """Take an override out: the plan holds again."""
    return json_response(await stand_down(services, principal, override_id))


async def stand_in(services: Services, principal: Principal, body: OverrideBody) -> dict[str, object]:
    """Put somebody else on call; Problem when that cannot be, or is not this one's business."""
    rota = _rota(services)
    _check(principal, rota, body)
    now = services.clock()
    start, end = parse_time(body.start), parse_time(body.end)
    if end <= max(start, now):
        raise _wrong("end", "the end has passed" if end <= now else "it must be after start")
    by = somebody(principal, body.by)
    override = Override(
        str(ULID.from_timestamp(now)), body.person, start, end, body.layer, body.region, by, body.reason
    )
    await asyncio.to_thread(services.state.rota_overrides.add, override)
    item = override_item(override)
    await asyncio.to_thread(services.state.audit.note, Deed(now, by, "rota.add", override.id, item))
    return item


async def stand_down(services: Services, principal: Principal, override_id: str) -> dict[str, object]:
    """Take an override out; Problem 404 when there is none, or none this one may change."""
    override = await asyncio.to_thread(services.state.rota_overrides.get, override_id)
    if override is None or not may_change(principal, override):
        raise not_found("override_id", override_id)
    if not await asyncio.to_thread(services.state.rota_overrides.remove, override_id):
        raise not_found("override_id", override_id)
    item = override_item(override)
    deed = Deed(services.clock(), principal.name or "", "rota.remove", override_id, item)
    await asyncio.to_thread(services.state.audit.note, deed)
    return item


def may_change(principal: Principal, override: Override) -> bool:
    """Whether an override is this one's business."""
    return principal.regions is None or override.region in principal.regions


def rota_answer(view: RotaView) -> dict[str, object]:
    """Write the plan as it stands."""
    rota = view.rota
    return {
        "set": rota is not None,
        "at": rfc3339(view.at),
        "tz": None if rota is None else rota.tz,
        "fallback": None if rota is None else rota.fallback,
        "people": [] if rota is None else [_person(view, one) for one in rota.people.values()],
        "layers": [] if rota is None else list(map(_layer, rota.layers)),
        "now": [
            {
                "region": called.region,
                "severity": called.severity,
                "chain": [{"person": duty.person, "by": duty.by} for duty in called.chain],
            }
            for called in view.called
        ],
        "gaps": [
            {
                "region": gap.region,
                "severity": gap.severity,
                "start": rfc3339(gap.start),
                "end": rfc3339(gap.end),
            }
            for gap in view.gaps
        ],
        "overrides": list(map(override_item, view.overrides)),
        "holidays_missing": view.holidays_missing,
    }


def _person(view: RotaView, person: Person) -> dict[str, object]:
    return {
        "id": person.id,
        "name": person.name,
        "channels": list(person.channels),
        "unreachable_from": rfc3339(view.unreachable.get(person.id)),
    }


def _layer(layer: Layer) -> dict[str, object]:
    return {
        "name": layer.name,
        "people": list(layer.people),
        "first_day": date.isoformat(layer.first_day),
        "days": layer.days,
        "handover": layer.handover.isoformat(timespec="minutes"),
        "regions": sorted(layer.regions),
        "severities": sorted(layer.severities),
    }


def _rota(services: Services) -> Rota:
    if services.on_call.rota is None:
        detail = "on_call is not set: messages go to the console log; set it in the settings first"
        raise Problem(HTTPStatus.CONFLICT, "server", "on_call", detail)
    return services.on_call.rota


def _check(principal: Principal, rota: Rota, body: OverrideBody) -> None:
    if body.person not in rota.people:
        raise _wrong("person", f"on_call knows {', '.join(sorted(rota.people))}")
    layers = [layer.name for layer in rota.layers]
    if body.layer is not None and body.layer not in layers:
        raise _wrong("layer", f"on_call knows {', '.join(layers) or 'no layer'}")
    if principal.regions is not None and body.region not in principal.regions:
        detail = f"this token is for {', '.join(sorted(principal.regions))}: give one of these regions"
        raise Problem(HTTPStatus.FORBIDDEN, "body", "region", detail)


def _wrong(field: str, detail: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", field, detail)
