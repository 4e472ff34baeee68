"""Bytes to message and back, for everything that is not a frame."""

from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from wire.frames import Birth, Goodbye, Message
from wire.strictjson import Ambiguous, NotJsonError, encode, parse

MAX_MESSAGE = 256 * 1024
VERSION = 1

AnyMessage = TypeVar("AnyMessage", bound=Message)


class MessageError(ValueError):
    """A message cannot be understood; says which field and what was expected. Ignore and count it."""


class UnknownVersionError(MessageError):
    """The message is of another version of the contract; one end has to be updated."""


def decode_message(model: type[AnyMessage], payload: bytes) -> AnyMessage:
    """Read one message of the given model; raises MessageError."""
    return _validate(model, _parse(payload))


def decode_status(payload: bytes) -> Birth | Goodbye:
    """Read what a station says on ``status``; raises MessageError.

    An empty payload, with which a retained status is cleared, is no status.
    """
    message = _parse(payload)
    if message.get("state") == "online":
        return _validate(Birth, message)
    return _validate(Goodbye, message)


def encode_message(message: Message) -> bytes:
    """Write a message, keys in the order of the contract; optional keys without a value are left out."""
    absent = {
        name
        for name, field in type(message).model_fields.items()
        if not field.is_required() and getattr(message, name) is None
    }
    return encode(message.model_dump(mode="json", by_alias=True, exclude=absent))


def _parse(payload: bytes) -> dict[str, object]:
    if len(payload) > MAX_MESSAGE:
        raise MessageError(f"{len(payload)} bytes, at most {MAX_MESSAGE} are taken")
    try:
        message = parse(payload)
    except NotJsonError as error:
        raise MessageError(str(error)) from None
    if not isinstance(message, dict) or isinstance(message, Ambiguous):
        raise MessageError("a message is a JSON object with no key twice")
    version = message.get("v")
    if type(version) is not int:
        raise MessageError("v: the version of the contract, an integer")
    if version != VERSION:
        raise UnknownVersionError(f"v: only version {VERSION} is spoken here")
    return message


def _validate(model: type[AnyMessage], message: dict[str, object]) -> AnyMessage:
    try:
        return model.model_validate(message)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise MessageError(_sentence(model, faults)) from None


def _sentence(model: type[Message], faults: list[ErrorDetails]) -> str:
    """Tell the first fault; a message as wrong as this one rarely has an interesting second."""
    place = ".".join(str(level) for level in faults[0]["loc"]) or "message"
    return f"{model.__name__.lower()} {place}: {faults[0]['msg']}"
