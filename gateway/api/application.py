"""The application: routes, guards and errors put together."""

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi

from gateway.api import (
    alerts,
    backtest,
    backups,
    commands,
    corrections,
    health,
    maintenance,
    problems,
    quarantine,
    readings,
    reports,
    retention,
    rota,
    rules,
    silences,
    stations,
    stream,
)
from gateway.api.access import Tokens
from gateway.api.asking import each_once
from gateway.api.counting import ServicesCollector
from gateway.api.guards import Guards, known_hosts
from gateway.api.problems import ProblemDetails
from gateway.api.services import Services

PREFIX = "/api/v1"


def create_api(services: Services) -> FastAPI:
    """Return the application; SettingsError when the token file is wrong."""
    app = _routes()
    auth = services.settings.auth
    app.state.services = services
    app.state.tokens = None if auth == "none" else Tokens.load(auth.tokens)
    services.metrics.register(ServicesCollector(services))
    app.add_middleware(Guards, hosts=known_hosts(services.settings))
    return app


def openapi() -> dict[str, object]:
    """Return the OpenAPI description, the same on every machine."""
    app = _routes()
    described = get_openapi(
        title="Yizhan 驿站",
        version="1",
        summary="Unattended 24-hour rest stations: live state, readings, alerts, quarantine, commands.",
        routes=app.routes,
    )
    described["components"]["schemas"] |= _problem_schemas()
    return described


def _routes() -> FastAPI:
    app = FastAPI(
        title="Yizhan 驿站",
        openapi_url=None,
        redirect_slashes=False,
    )
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(each_once)])
    parts = (
        stations, readings, corrections, alerts, silences, maintenance, rota, backtest, rules, quarantine,
        commands, backups, retention, reports, stream,
    )  # fmt: skip
    for part in parts:
        api.include_router(part.router)
    app.include_router(api)
    app.include_router(health.router)
    app.add_api_route(f"{PREFIX}/openapi.json", _describe, include_in_schema=False)
    problems.install(app)
    return app


async def _describe() -> dict[str, object]:
    return openapi()


def _problem_schemas() -> dict[str, object]:
    schema = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    below: dict[str, object] = schema.pop("$defs")
    return {"ProblemDetails": schema, **below}
