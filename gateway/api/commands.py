"""Commands to stations."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, Field
from starlette.responses import Response
from ulid import ULID

from gateway.api.answers import command_item
from gateway.api.asking import Asked, Operator, Viewer, named, visible_station
from gateway.api.problems import Problem, not_found, responses
from gateway.api.shapes import CommandAnswer
from gateway.api.values import Strict, json_response
from gateway.state.audit import Deed
from gateway.state.commands import CommandRecord
from wire.ranges import LARGEST, Ranges
from wire.topics import ULID_PATTERN

router = APIRouter(tags=["commands"])


def _check_ranges(ranges: list[list[int]]) -> list[list[int]]:
    Ranges.parse(ranges)
    return ranges


Seq = Annotated[int, Field(ge=1, le=LARGEST)]


class NoArgs(Strict):
    """Nothing."""


class ResendArgs(Strict):
    """Which frames of a stream to send again."""

    stream: str = Field(pattern=ULID_PATTERN)
    ranges: Annotated[
        list[Annotated[list[Seq], Field(min_length=2, max_length=2)]],
        Field(min_length=1, max_length=64),
        AfterValidator(_check_ranges),
    ]


class _Command(Strict):
    by: str | None = Field(None, max_length=64, description="Who asks; only without tokens.")
    ttl_s: int = Field(60, ge=1, le=86_400)


class BirthCommand(_Command):
    """Ask a station to say again what it is."""

    name: Literal["birth"]
    args: NoArgs = NoArgs()


class ResendCommand(_Command):
    """Ask a station to send frames again."""

    name: Literal["resend"]
    args: ResendArgs


Command = Annotated[BirthCommand | ResendCommand, Field(discriminator="name")]


@router.post(
    "/stations/{station_id}/commands",
    response_model=CommandAnswer,
    status_code=HTTPStatus.ACCEPTED,
    responses=responses(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    ),
)
async def issue_command(services: Asked, principal: Operator, station_id: str, command: Command) -> Response:
    """Write a command down and publish it; its answer shows in `GET /commands/{command_id}`."""
    station = visible_station(services, principal, station_id)
    if station.region is None:
        raise not_found("station_id", station_id)
    if services.fleet.is_elsewhere(station):
        detail = f"region {station.region} is another gateway's: command it there"
        raise Problem(HTTPStatus.CONFLICT, "path", "station_id", detail)
    now = services.clock()
    by = named(principal, command.by)
    record = CommandRecord(
        id=str(ULID.from_timestamp(now)),
        station_id=station_id,
        name=command.name,
        args=command.args.model_dump(),
        issued=now,
        ttl_s=command.ttl_s,
        by=() if by is None else (by,),
    )
    deed = Deed(now, ", ".join(record.by), f"command.{record.name}", station_id, {"id": record.id})
    await asyncio.to_thread(services.state.commands.add, record)
    await asyncio.to_thread(services.state.audit.note, deed)
    await services.send_command(record, station.region)
    return json_response(command_item(record), HTTPStatus.ACCEPTED)


@router.get(
    "/commands/{command_id}",
    response_model=CommandAnswer,
    responses=responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def get_command(services: Asked, principal: Viewer, command_id: str) -> Response:
    """Describe one command and what became of it."""
    record = await asyncio.to_thread(services.state.commands.get, command_id)
    if record is None:
        raise not_found("command_id", command_id)
    visible_station(services, principal, record.station_id)
    return json_response(command_item(record))
