"""From what a driver says to a reading fit for the disk: checked, stripped, without credentials."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from station_agent.framing import Reading
from station_agent.pseudonym import Pseudonyms
from wire.frames import READING_MODELS
from wire.measures import DOMAINS, EVENT_FIELDS, EVENTS, MEASURES

LONGEST_CREDENTIAL = 256
_ALWAYS = frozenset({"device", "ts", "quality", "epoch", "event"})


class BadReadingError(ValueError):
    """What a driver said is not a reading; the message never repeats a value, which may be personal."""


class Intake:
    """Checks raw readings: ``{"domain": ..., <field>: ..., "credential"?: {"kind": ..., "id": ...}}``.

    Only fields of the tables pass, so that no name, card or picture can reach the disk by accident;
    the others are counted in ``unknown_fields_total``.
    """

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self.unknown_fields_total = 0
        self._pseudonyms = pseudonyms

    def check(self, raw: Mapping[str, Any], device: str, now_ms: int) -> tuple[str, Reading]:
        """Return domain and reading; ``device`` and ``now_ms`` stand in for what the driver left out.

        Raises BadReadingError saying which field is wrong and how.
        """
        domain = raw.get("domain")
        if domain not in DOMAINS:
            raise BadReadingError(f"domain: one of {', '.join(DOMAINS)}")
        fields = {name: value for name, value in raw.items() if name in _known(domain, event="event" in raw)}
        self.unknown_fields_total += len(raw.keys() - fields.keys() - {"domain", "credential"})
        if "credential" in raw:
            fields |= self._pseudonym(raw["credential"])
        try:
            model = READING_MODELS[domain].model_validate({"device": device, "ts": now_ms} | fields)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            raise BadReadingError(f"{first['loc'][0]}: {first['msg']}") from None
        reading = model.model_dump(exclude_unset=True)
        _check_content(domain, reading)
        return domain, reading

    def _pseudonym(self, credential: object) -> dict[str, str]:
        if not isinstance(credential, dict):
            raise BadReadingError("credential: an object with kind and id")
        kind, identifier = credential.get("kind"), credential.get("id")
        if not isinstance(kind, str) or not isinstance(identifier, str):
            raise BadReadingError("credential: kind and id are strings")
        if not 0 < len(identifier) <= LONGEST_CREDENTIAL:
            raise BadReadingError(f"credential: an id has 1 to {LONGEST_CREDENTIAL} characters")
        return {"credential_kind": kind, "subject_ref": self._pseudonyms.subject_ref(kind, identifier)}


@cache
def _known(domain: str, *, event: bool) -> frozenset[str]:
    of_events = {field.name for field in EVENT_FIELDS[domain]} if event else set()
    return _ALWAYS | MEASURES[domain].keys() | of_events


def _check_content(domain: str, reading: Reading) -> None:
    kind = EVENTS[domain].get(str(reading.get("event")))
    if kind is None and not reading.keys() & MEASURES[domain].keys():
        raise BadReadingError("neither a field of its domain nor an event")
    missing = [field.name for field in kind.fields if field.required] if kind else []
    for name in missing:
        if name not in reading:
            raise BadReadingError(f"{name}: belongs to this event")
