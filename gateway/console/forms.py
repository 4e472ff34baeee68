"""Forms of our pages: reading them, saying what is wrong in them, and going on to the page that shows it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.responses import RedirectResponse, Response

from gateway.api.access import Principal, Role
from gateway.api.problems import Problem
from gateway.api.values import EPOCH, LATEST
from gateway.console.rendering import page
from gateway.console.texts import Lang, translator

MOST_FIELDS = 32
_NAME_CHARACTERS = 64
_TEXT_CHARACTERS = 500
_KNOWN: Mapping[HTTPStatus, str] = {HTTPStatus.NOT_FOUND: "vanished", HTTPStatus.CONFLICT: "alert_over"}
_WRONG: Mapping[str, str] = {
    "match.station_id": "no_such_station",
    "station_id": "no_such_station",
    "match.region": "other_region",
    "region": "other_region",
    "start": "window_over",
    "rrule": "rrule_wrong",
    "end": "end_wrong",
    "on_call": "on_call_unset",
    "value": "value_wrong",
    "ts": "reading_unknown",
    "seq": "reading_unknown",
}
"""Texts of the pages for what the API says of a field, in English, to programs."""
Shape = TypeVar("Shape", bound=BaseModel)


class Refusal(Exception):  # noqa: N818 - what was asked is refused; nothing went wrong here
    """Why something is not done, as a text of the pages."""

    def __init__(
        self, key: str, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY, **told: object
    ) -> None:
        super().__init__(key)
        self.key = key
        self.status = status
        self.told = told


class Form:
    """What was written into a form, by the names of its fields."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def text(self, name: str, most: int = _TEXT_CHARACTERS) -> str:
        """Return a text; Refusal when it is too long."""
        text = self._fields.get(name, "").strip()
        if len(text) > most:
            raise Refusal("too_long", n=most)
        return text

    def needed(self, name: str, key: str) -> str:
        """Return a text that has to be there; Refusal, with the text ``key``, when it is not."""
        text = self.text(name)
        if not text:
            raise Refusal(key)
        return text

    def number(self, name: str, choices: tuple[int, ...]) -> int:
        """Return one of the numbers that were offered; Refusal for another."""
        written = self._fields.get(name, "")
        if written not in map(str, choices):
            raise Refusal("choice_needed")
        return int(written)

    def on_the_wall(self, name: str) -> datetime:
        """Return a local date and time; Refusal when it is none, or none that a calendar here has."""
        try:
            written = datetime.fromisoformat(self._fields.get(name, ""))
        except ValueError:
            raise Refusal("time_needed") from None
        if not EPOCH.year < written.year < LATEST.year:
            raise Refusal("time_needed")
        return written.replace(tzinfo=None, second=0, microsecond=0)

    def given(self, *names: str) -> dict[str, str]:
        """Return the texts that were written into some fields."""
        return {name: self.text(name) for name in names if self.text(name)}

    def doer(self, person: Principal) -> str:
        """Return who does it: the token's name, else the one that was typed; Refusal without any."""
        name = person.name or self._fields.get("by", "").strip()
        if not 0 < len(name) <= _NAME_CHARACTERS:
            raise Refusal("name_needed")
        return name


def may_act(person: Principal) -> bool:
    """Whether somebody may change something."""
    return person.role >= Role.OPERATOR


def check_operator(person: Principal) -> None:
    """Let pass who may change something; Refusal for others."""
    if not may_act(person):
        raise Refusal("needs_operator", HTTPStatus.FORBIDDEN)


def shaped(shape: type[Shape], given: Mapping[str, object]) -> Shape:
    """Return what was written as the API takes it; Problem, naming the field, when it cannot."""
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        wrong = error.errors()[0]
        field = str(wrong["loc"][-1]) if wrong["loc"] else ""
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "form", field, f"{field}: {wrong['input']}?") from None


async def form_of(request: Request) -> Form:
    """Read a form; Problem 422 when it is none."""
    try:
        written = parse_qsl(
            (await request.body()).decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", "form", "this is no form of ours") from None
    return Form(dict(written))


def why(refusal: Refusal | Problem, lang: Lang) -> str:
    """Say why something is not done."""
    t = translator(lang)
    if isinstance(refusal, Refusal):
        return t(refusal.key, **refusal.told)
    told = refusal.location == "form"
    key = None if told else _WRONG.get(refusal.field) or _KNOWN.get(refusal.status)
    return refusal.detail if key is None else t(key)


async def carry_out(
    doing: Callable[[], Awaitable[object]], person: Principal, lang: Lang, then: str, back: str | None = None
) -> Response:
    """Do what a form asks, if this one may, and go on to the page ``then``.

    Else say why nothing was done, with the way ``back``, where it is another.
    """

    async def done() -> Response:
        check_operator(person)
        await doing()
        return RedirectResponse(then, HTTPStatus.SEE_OTHER)

    return await page_or_refusal(done, lang, back or then)


async def page_or_refusal(making: Callable[[], Awaitable[Response]], lang: Lang, back: str) -> Response:
    """Return a page, or one that says why there is none, with the way ``back``."""
    try:
        return await making()
    except (Refusal, Problem) as refusal:
        return page("refused.html", lang, refusal.status, why=why(refusal, lang), back=back)
