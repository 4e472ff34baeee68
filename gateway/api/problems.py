"""Every error as RFC 9457 problem details that name the field at fault."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.errors import StoreClosedError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
WRITES = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
"""What a write may be answered with when it is not done."""


class FieldError(BaseModel):
    """One field at fault: where it stands, its name, and what is wrong with it."""

    location: str
    field: str
    detail: str


class ProblemDetails(BaseModel):
    """What an error answer holds."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError]


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """An error to answer with; ``location`` is path, query, body, header or server."""

    def __init__(
        self,
        status: HTTPStatus,
        location: str,
        field: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.location = location
        self.field = field
        self.detail = detail
        self.headers = headers


def not_found(field: str, value: str) -> Problem:
    """Say that what the path names is not there."""
    return Problem(HTTPStatus.NOT_FOUND, "path", field, f"there is no {field} {value!r}")


def problem_response(
    status: HTTPStatus,
    detail: str,
    errors: Sequence[FieldError],
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer for one problem."""
    body = ProblemDetails(
        type=f"urn:yizhan:problem:{status.phrase.lower().replace(' ', '-')}",
        title=status.phrase,
        status=status,
        detail=detail,
        errors=list(errors),
    )
    return Response(orjson.dumps(body.model_dump()), status, dict(headers or {}), media_type=MEDIA_TYPE)


def answer_to(problem: Problem) -> Response:
    """Return the answer for a problem that was raised."""
    fault = FieldError(location=problem.location, field=problem.field, detail=problem.detail)
    return problem_response(problem.status, problem.detail, [fault], problem.headers)


def responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Describe error answers for OpenAPI."""
    described: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
        described[int(status)] = {"description": status.phrase, "content": content}
    return described


def install(app: FastAPI) -> None:
    """Answer every error of the application with a problem."""
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(StoreClosedError, _answer_store_closed)
    app.add_exception_handler(SQLAlchemyError, _answer_state_failed)
    app.add_exception_handler(Exception, _answer_bug)


async def _answer_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for nothing else
    return answer_to(error)


async def _answer_validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    faults = [_field_error(detail["loc"], detail, error.body) for detail in error.errors()]
    detail = "; ".join(f"{fault.field}: {fault.detail}" for fault in faults)
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, detail, faults)


def _field_error(loc: Sequence[int | str], error: Mapping[str, Any], body: object) -> FieldError:
    location, *names = [str(part) for part in loc]
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "json_invalid":
        return FieldError(location=location, field="body", detail=f"not JSON: {message}")
    if error["type"].startswith("union_tag"):
        return FieldError(location=location, field=error["ctx"]["discriminator"].strip("'"), detail=message)
    if names and isinstance(body, dict) and body.get("name") == names[0]:
        names = names[1:]  # which member of a union was meant is no field
    return FieldError(location=location, field=".".join(names) or location, detail=message)


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    status = HTTPStatus(error.status_code)
    field, detail = "request", str(error.detail)
    if status is HTTPStatus.BAD_REQUEST:  # what FastAPI makes of a body that is not even text
        status, field, detail = HTTPStatus.UNPROCESSABLE_ENTITY, "body", "not JSON in UTF-8"
    if status is HTTPStatus.NOT_FOUND:
        field, detail = "path", f"there is nothing at {request.url.path}"
    elif status is HTTPStatus.METHOD_NOT_ALLOWED:
        field, detail = "method", f"{request.method} is not for {request.url.path}"
    faults = [FieldError(location="request", field=field, detail=detail)]
    return problem_response(status, detail, faults, error.headers)


async def _answer_store_closed(_request: Request, error: Exception) -> Response:
    detail = f"the store is being reopened: {error}"
    faults = [FieldError(location="server", field="store", detail=detail)]
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, detail, faults, {"Retry-After": "5"})


async def _answer_state_failed(_request: Request, error: Exception) -> Response:
    log.error("state_failed", reason=str(error))
    faults = [FieldError(location="server", field="state", detail="the state could not be read or written")]
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, faults[0].detail, faults, {"Retry-After": "5"})


async def _answer_bug(_request: Request, _error: Exception) -> Response:
    detail = "the gateway failed to answer; its log says why"
    faults = [FieldError(location="server", field="gateway", detail=detail)]
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, detail, faults)
