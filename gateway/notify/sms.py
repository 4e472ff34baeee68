"""Short messages through anybody's HTTP gateway: settings say what its request and its success look like.

Values are put into the request as values: inside JSON or a form they are encoded by the encoder, in the
address percent-encoded, so no name of a station can change the request's shape.
"""

import json
import string
from collections.abc import Iterator, Mapping
from typing import Literal, Self
from urllib.parse import quote, urlencode

import httpx
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from gateway.notify.fitting import fit
from gateway.notify.notifier import Contact, Delivered, Message, Outcome, Reason, Refused
from gateway.notify.posting import JSON_TYPE, Answer, request
from gateway.notify.secrets import Address, Secret, masked
from gateway.notify.texts import VARIABLES, variables

_FORM_TYPE = "application/x-www-form-urlencoded"
_KNOWN = frozenset({"mobile", "person", "text", *VARIABLES})


class Success(BaseModel):
    """What tells that the gateway took a message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: tuple[int, ...] = Field((200,), min_length=1, description="HTTP statuses of success.")
    path: str | None = Field(None, description="Where in the JSON answer to look, like `data.0.code`.")
    equals: str | None = Field(None, description="What stands there after success.")
    permanent: tuple[str, ...] = Field((), description="What stands there when trying again is no use.")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.path is None) != (self.equals is None):
            raise ValueError(
                "path and equals go together: where to look, and what stands there after success"
            )
        return self


class SmsSettings(BaseModel):
    """A gateway that takes short messages over HTTP."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["sms"] = Field("sms", description="`sms`: short messages through an HTTP gateway.")
    method: Literal["GET", "POST"] = Field("POST", description="Method of the request.")
    url: Address = Field(description="Address, with `{names}` where values go, or a file that holds it.")
    headers: dict[str, Secret] = Field(default_factory=dict, description="Headers; values may be files.")
    encoding: Literal["json", "form"] = Field("json", description="How the body is written.")
    body: dict[str, JsonValue] = Field(
        default_factory=dict, description="The body; strings may hold `{names}` where values go."
    )
    secrets: dict[str, Secret] = Field(
        default_factory=dict, description="Further names for url and body, like a key; values may be files."
    )
    success: Success = Field(default_factory=Success, description="How success is told.")
    characters: int = Field(300, ge=60, le=600, description="Longest `{text}`.")

    @model_validator(mode="after")
    def _known_names(self) -> Self:
        if clash := sorted(_KNOWN & set(self.secrets)):
            raise ValueError(f"secrets may not be called {', '.join(clash)}: these names are taken")
        known = _KNOWN | set(self.secrets)
        for text in (self.url.get_secret_value(), *_strings(self.body)):
            if unknown := sorted(set(_names(text)) - known):
                raise ValueError(f"no value is called {unknown[0]!r}; there are {', '.join(sorted(known))}")
        return self


class Sms:
    """One gateway for short messages; one message an alert."""

    max_bytes = 16 * 1024

    def __init__(self, name: str, settings: SmsSettings, client: httpx.AsyncClient) -> None:
        self.name = name
        self._settings = settings
        self._client = client
        self._secrets = {key: value.get_secret_value() for key, value in settings.secrets.items()}
        self._headers = {key: value.get_secret_value() for key, value in settings.headers.items()}

    def wait_ms(self, message: Message, now: int) -> int:  # noqa: ARG002 - the gateway says when it is too much
        """Return 0."""
        return 0

    async def send(self, message: Message, contact: Contact, now: int) -> Outcome:
        """Send one short message about the first alert."""
        if contact.mobile is None:
            return Refused.never(Reason.NO_ADDRESS, "the contact has no mobile number")
        first, rest = message.only(message.alert_ids[:1]), message.only(message.alert_ids[1:])
        values = {"mobile": contact.mobile, "person": contact.name, **variables(first, contact.lang, now)}
        fitted = fit(first, contact.lang, now, lambda text: self._fits(text, values))
        if fitted is None:
            return Refused.never(Reason.TOO_BIG)
        values = {**values, **self._secrets, "text": fitted.text}
        kind = JSON_TYPE if self._settings.encoding == "json" else _FORM_TYPE
        answer = await request(
            self._client,
            self._settings.method,
            _filled(self._settings.url.get_secret_value(), {k: quote(v, safe="") for k, v in values.items()}),
            headers={**({"content-type": kind} if self._settings.body else {}), **self._headers},
            body=self._body(values),
        )
        refused = answer if isinstance(answer, Refused) else self._refusal(answer, contact.mobile)
        return Delivered(rest if rest.notices else None) if refused is None else refused

    def _fits(self, text: str, values: Mapping[str, str]) -> bool:
        body = self._body({**values, **self._secrets, "text": text})
        return len(text) <= self._settings.characters and len(body) <= self.max_bytes

    def _body(self, values: Mapping[str, str]) -> bytes:
        if not self._settings.body:
            return b""
        filled = _filled_in(self._settings.body, values)
        if self._settings.encoding == "json":
            return json.dumps(filled, ensure_ascii=False).encode()
        return urlencode(filled if isinstance(filled, dict) else {}).encode()

    def _refusal(self, answer: Answer, mobile: str) -> Refused | None:
        success = self._settings.success
        if answer.status not in success.status:
            return answer.refusal() or Refused.later(Reason.BAD_ANSWER, f"HTTP {answer.status}")
        if success.path is None:
            return None
        found = _at(answer.body, success.path)
        if found == success.equals:
            return None
        shown = masked(str(found), (mobile, *self._secrets.values()))
        return Refused(found in success.permanent, Reason.OTHER, f"{success.path} is {shown}")


def _names(template: str) -> Iterator[str]:
    """Yield the names in a template; ValueError for anything in braces that is more than a name."""
    for _, name, form, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if form or conversion or not name.isidentifier():
            raise ValueError(f"{{{name}}} is no plain name; write braces that are meant as such twice")
        yield name


def _filled(template: str, values: Mapping[str, str]) -> str:
    return template.format_map(values)


def _strings(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(part)


def _filled_in(value: JsonValue, values: Mapping[str, str]) -> JsonValue:
    if isinstance(value, str):
        return _filled(value, values)
    if isinstance(value, dict):
        return {key: _filled_in(part, values) for key, part in value.items()}
    return [_filled_in(part, values) for part in value] if isinstance(value, list) else value


def _at(body: bytes, path: str) -> str | None:
    """Return what stands at a path of a JSON answer, as text; None when there is no such place."""
    try:
        place = json.loads(body)
        for step in path.split("."):
            place = place[int(step)] if isinstance(place, list) else place[step]
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    return place if isinstance(place, str) else json.dumps(place)
