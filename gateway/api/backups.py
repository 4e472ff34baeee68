"""Backups taken by the running gateway: nobody else can open its store."""

import asyncio
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.api.asking import Administrator, Asked
from gateway.api.problems import WRITES, Problem, responses
from gateway.api.shapes import Rfc3339
from gateway.api.values import Strict, json_response, rfc3339
from gateway.errors import BackupError
from gateway.state.audit import Deed

router = APIRouter(tags=["backups"])


class BackupBody(Strict):
    """Where to, and how many of this gateway's backups stay there."""

    to: str = Field(max_length=4_096, description="A folder on the gateway's machine, as an absolute path.")
    keep: int | None = Field(None, ge=1, le=1_000, description="Keep so many, the newest; all without it.")


class BackupAnswer(BaseModel):
    """A backup that is whole."""

    folder: str
    made: Rfc3339
    last_frame: int
    bytes: int


@router.post(
    "/backups",
    response_model=BackupAnswer,
    status_code=HTTPStatus.CREATED,
    responses=responses(*WRITES, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def take_backup(services: Asked, principal: Administrator, body: BackupBody) -> Response:
    """Copy both stores into a new folder while everything goes on; answers when it is whole."""
    if services.backups.busy:
        raise Problem(
            HTTPStatus.CONFLICT, "server", "backup", "another backup is being taken; ask again later"
        )
    try:
        made = await services.backups.take(Path(body.to), body.keep)
    except BackupError as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", "to", str(error)) from None
    answer = {
        "folder": str(made.folder),
        "made": rfc3339(made.manifest.made),
        "last_frame": made.manifest.last_frame,
        "bytes": made.bytes,
    }
    deed = Deed(services.clock(), principal.name or "", "backup.take", str(made.folder), answer)
    await asyncio.to_thread(services.state.audit.note, deed)
    return json_response(answer, HTTPStatus.CREATED)
