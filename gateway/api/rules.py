"""The rules in force, and what other rules would have done."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from catalogue.model import Level
from gateway.api.access import Principal
from gateway.api.alert_shapes import RuleDetailAnswer, RulesAnswer
from gateway.api.asking import Asked, Viewer, reaches
from gateway.api.problems import Problem, not_found, responses
from gateway.api.services import Services
from gateway.api.values import Page, json_response, list_response, read_cursor
from gateway.queries.rules import ParameterView, RuleView

router = APIRouter(tags=["rules"])

Sees = Callable[[str], bool]


@router.get(
    "/rules",
    response_model=RulesAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def list_rules(services: Asked, principal: Viewer, query: Annotated[Page, Query()]) -> Response:
    """List the rules in force, by id, with the numbers that hold in general and where they differ."""
    after = None if query.cursor is None else read_cursor(query.cursor, str)
    page, following = await asyncio.to_thread(services.rules.page, query.limit, after)
    sees = _seen_by(services, principal)
    return list_response((rule_item(view, sees) for view in page), following)


@router.get(
    "/rules/{rule_id}",
    response_model=RuleDetailAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def get_rule(services: Asked, principal: Viewer, rule_id: str) -> Response:
    """Describe one rule: what it watches, its numbers, why it is there, and what to do first."""
    view = await asyncio.to_thread(services.rules.get, rule_id)
    if view is None:
        off = services.rules.catalogue().off.get(rule_id)
        raise not_found("rule_id", rule_id) if off is None else _switched_off(rule_id, off)
    return json_response(rule_answer(view, _seen_by(services, principal)))


def _switched_off(rule_id: str, reason: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "path", "rule_id", f"{rule_id} is switched off: {reason}")


def _seen_by(services: Services, principal: Principal) -> Sees:
    return lambda station_id: reaches(services, principal, station_id, None)


def rule_item(view: RuleView, sees: Sees) -> dict[str, object]:
    """Write one line of the list of rules, with the numbers of stations one sees."""
    rule = view.rule
    return {
        "id": rule.id,
        "name": rule.name.model_dump(),
        "kind": rule.kind,
        "per": rule.per,
        "severity": rule.gravest,
        "levels": list(map(_level, rule.levels)),
        "life_safety": rule.life_safety,
        "first_action": rule.first_action.model_dump(),
        "parameters": {name: _parameter(one, sees) for name, one in view.parameters.items()},
    }


def rule_answer(view: RuleView, sees: Sees) -> dict[str, object]:
    """Write one rule as a whole."""
    rule = view.rule
    return {
        **rule_item(view, sees),
        "reason": rule.reason.model_dump(),
        "source": rule.source,
        "inhibited_by": list(rule.inhibited_by),
        "definition": rule.model_dump(mode="json", by_alias=True, exclude_defaults=True),
    }


def _level(level: Level) -> dict[str, object]:
    by_number = isinstance(level.for_, int)
    return {"severity": level.severity, "for_s": level.for_ms / 1_000 if by_number else None}


def _parameter(view: ParameterView, sees: Sees) -> dict[str, object]:
    return {
        "value": view.value,
        "unit": view.unit,
        "source": view.source,
        "profiles": dict(view.profiles),
        "stations": {station_id: value for station_id, value in view.stations.items() if sees(station_id)},
    }
