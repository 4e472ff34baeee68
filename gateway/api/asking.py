"""What every route starts from: the services, and who asks."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gateway.api.access import ANYBODY, Principal, Role, Tokens
from gateway.api.problems import Problem, not_found
from gateway.api.services import Services
from gateway.domain.fleet import StationLive
from gateway.queries.alerts import AlertView
from gateway.queries.fleet_list import OWN_STATION

BEARER = HTTPBearer(auto_error=False, description="A token of the gateway's token file.")


def services_of(request: Request) -> Services:
    """Return the services the application was made with."""
    services: Services = request.app.state.services
    return services


def each_once(request: Request) -> None:
    """Let pass a query that says everything once; Problem 422: of two filters one would be passed over."""
    said: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name in said:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "query", name, "it is there twice; give it once")
        said.add(name)


def principal_of(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
) -> Principal:
    """Return who asks; Problem 401 without a token that is known."""
    tokens: Tokens | None = request.app.state.tokens
    if tokens is None:
        return ANYBODY
    principal = tokens.of(credentials.credentials) if credentials else None
    if principal is None:
        detail = "send a token: Authorization: Bearer ..." if credentials is None else "unknown token"
        headers = {"WWW-Authenticate": "Bearer"}
        raise Problem(HTTPStatus.UNAUTHORIZED, "header", "Authorization", detail, headers)
    return principal


def at_least(role: Role) -> Callable[[Principal], Principal]:
    """Return a dependency that lets pass who has the role."""

    def check(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
        if principal.role < role:
            detail = f"this needs the role {role.name.lower()}, the token has {principal.role.name.lower()}"
            raise Problem(HTTPStatus.FORBIDDEN, "header", "Authorization", detail)
        return principal

    return check


Asked = Annotated[Services, Depends(services_of)]
Viewer = Annotated[Principal, Depends(principal_of)]
Operator = Annotated[Principal, Depends(at_least(Role.OPERATOR))]
Administrator = Annotated[Principal, Depends(at_least(Role.ADMIN))]


def visible_station(services: Services, principal: Principal, station_id: str) -> StationLive:
    """Return a station this one may see; Problem 404, the same as for one that is not there."""
    station = services.fleet.get(station_id)
    if station is None or not principal.sees(station.region):
        raise not_found("station_id", station_id)
    return station


def check_visible(services: Services, principal: Principal, station_id: str) -> None:
    """Let pass a station this one may see, and `_gateway` for whoever sees every region."""
    if station_id != OWN_STATION or principal.regions is not None:
        visible_station(services, principal, station_id)


async def visible_alert(services: Services, principal: Principal, alert_id: str) -> AlertView:
    """Return an alert this one may see; Problem 404, the same as for one that is not there."""
    view = await asyncio.to_thread(services.alerts.get, alert_id)
    if view is None or not principal.sees(view.region):
        raise not_found("alert_id", alert_id)
    return view


def reaches(services: Services, principal: Principal, station_id: str | None, region: str | None) -> bool:
    """Whether what is about a station or region (None for any) is wholly this one's business."""
    if principal.regions is None:
        return True
    if station_id is None:
        return region in principal.regions
    station = services.fleet.get(station_id)
    return station is not None and principal.sees(station.region) and region in {None, station.region}


def check_place(services: Services, principal: Principal, station_id: str | None, region: str | None) -> None:
    """Let pass what is about a station that there is and wholly this one's business; else Problem."""
    own = station_id == OWN_STATION and principal.regions is None
    if station_id is not None and not own:
        station = services.fleet.get(station_id)
        if station is None or not principal.sees(station.region):
            detail = f"there is no station {station_id!r}"
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", "match.station_id", detail)
    if not reaches(services, principal, station_id, region):
        regions = ", ".join(sorted(principal.regions or ()))
        detail = f"this token is for {regions}: give one of these regions, or a station of theirs"
        raise Problem(HTTPStatus.FORBIDDEN, "body", "match.region", detail)


def named(principal: Principal, by: str | None) -> str | None:
    """Return who does it: the token's name, whatever name was given; without tokens that one."""
    return by if principal.name is None else principal.name


def somebody(principal: Principal, by: str | None) -> str:
    """Return who does it; Problem 422 when nobody is named: people answer for what they decide."""
    name = named(principal, by)
    if name is None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", "by", "say who you are")
    return name
