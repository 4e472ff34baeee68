"""Stored readings, for pages: what is asked of the store, and the one that an address or a form names."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote, urlencode

import duckdb
import structlog
from pydantic import Field, ValidationError

from gateway.api.correction_shapes import CorrectionBody, Index
from gateway.api.readings import Domain
from gateway.api.services import Services
from gateway.api.values import Strict, Time, parse_time, rfc3339
from gateway.console.forms import Form, Refusal
from gateway.console.texts import Lang
from gateway.domain.corrections import Wanted
from gateway.errors import StoreClosedError
from gateway.state.corrections import Correction
from gateway.timeseries.corrections import Found, find
from wire.measures import MEASURES, Measure
from wire.ranges import LARGEST
from wire.topics import DEVICE_PATTERN, ULID_PATTERN

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Named(Strict):
    """A field of one stored reading; of a frame without a stream the device and the time have to do."""

    domain: Domain
    device: str = Field(pattern=DEVICE_PATTERN)
    field: str
    ts: Time
    index: Index
    stream: str | None = Field(None, pattern=ULID_PATTERN)
    seq: int | None = Field(None, ge=1, le=LARGEST)

    @classmethod
    def of(cls, correction: Correction) -> "Named":
        """Return what a correction of one reading was about."""
        [reading] = correction.readings
        return cls(
            domain=correction.domain,
            device=correction.device,
            field=correction.field,
            ts=rfc3339(reading.ts),
            index=reading.identity.idx,
            stream=reading.identity.stream,
            seq=reading.identity.seq,
        )

    @property
    def measure(self) -> Measure:
        """What the field is."""
        return MEASURES[self.domain][self.field]

    def asked(self) -> dict[str, object]:
        """Return what names it, for addresses and forms."""
        return self.model_dump(exclude_none=True)

    def wanted(self, station_id: str) -> Wanted:
        """Return what to look for in the store."""
        ts = parse_time(self.ts)
        return Wanted(
            station_id, self.domain, self.field, self.device, ts, ts + 1, self.stream, self.seq, self.index
        )

    def corrected(self, station_id: str, value: object, reason: str, by: str) -> CorrectionBody:
        """Return the correction as the API takes it; ``value`` None takes the value away."""
        new = {"remove": True} if value is None else {"value": value}
        who = {"station_id": station_id, "reason": reason, "by": by}
        return CorrectionBody.model_validate({**self.asked(), **new, **who})


def named(form: Form) -> Named:
    """Return which field of which reading is meant; Refusal when that is none."""
    try:
        one = Named.model_validate(form.given(*Named.model_fields))
    except ValidationError:
        raise Refusal("reading_unknown", HTTPStatus.NOT_FOUND) from None
    if one.field not in MEASURES[one.domain]:
        raise Refusal("reading_unknown", HTTPStatus.NOT_FOUND)
    return one


def correct_path(station_id: str, lang: Lang, one: Named, **new: str) -> str:
    """Return the address of the page on which a value is corrected, to what is ``new``."""
    return f"{station_path(station_id)}/corrections/new?{urlencode({'lang': lang, **one.asked(), **new})}"


def station_path(station_id: str) -> str:
    """Return the address of a station's page, without its language."""
    return f"/stations/{quote(station_id, safe='')}"


async def found(services: Services, wanted: Wanted) -> Found:
    """Return the one reading that is meant; Refusal when there is none, or more."""
    there = await ask_store(services, lambda cursor: find(cursor, wanted))
    if not there:
        raise Refusal("reading_unknown", HTTPStatus.NOT_FOUND)
    if len(there) > 1:
        raise Refusal("reading_unclear", HTTPStatus.CONFLICT)
    return there[0]


async def ask_store(services: Services, question: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
    """Return what the store answers; Refusal when it cannot be read."""

    def answer() -> T:
        with closing(services.cursor()) as cursor:
            return question(cursor)

    async with services.readers:
        try:
            return await asyncio.to_thread(answer)
        except (duckdb.Error, StoreClosedError) as error:
            log.warning("store_cannot_be_read", reason=str(error), next="the page says so")
            raise Refusal("store_closed", HTTPStatus.SERVICE_UNAVAILABLE) from error
