"""Whether the gateway lives, whether it works, and what it counts."""

from http import HTTPStatus

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from gateway.api.asking import Asked
from gateway.api.values import json_response

router = APIRouter(tags=["health"])

WARNING, MIRROR = "warning", "mirror"
ONLY_TOLD = frozenset({WARNING, MIRROR})
"""A gateway works without its mirror, and with a broker it warns of."""


class Alive(BaseModel):
    """The process answers."""

    status: str


class Readiness(BaseModel):
    """`ok`, or what is wrong, for each part."""

    model_config = ConfigDict(extra="allow")

    store: str
    engine: str
    broker: str


@router.get("/healthz", response_model=Alive)
async def healthz() -> Response:
    """Say that the process answers."""
    return json_response({"status": "ok"})


@router.get(
    "/readyz", response_model=Readiness, responses={503: {"model": Readiness, "description": "Not ready"}}
)
async def readyz(services: Asked) -> Response:
    """Say whether every part works: 200, or 503 with what is wrong. `warning` and `mirror` are only told."""
    parts = dict(services.readiness())
    ready = all(word == "ok" for part, word in parts.items() if part not in ONLY_TOLD)
    warnings = [parts[WARNING]] if WARNING in parts else []
    warnings += services.on_call.warnings(services.clock())
    if warnings:
        parts[WARNING] = "; ".join(warnings)
    return json_response(parts, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(services: Asked) -> Response:
    """Write every counter for Prometheus."""
    return Response(generate_latest(services.metrics), media_type=CONTENT_TYPE_LATEST)
