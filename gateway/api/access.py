"""Who asks, and what they may see and do."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gateway.errors import SettingsError
from wire.topics import REGION_PATTERN


class Role(IntEnum):
    """Each role may do what those before it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who asks; ``regions`` None for all. ``name`` None when nobody had to say it."""

    name: str | None
    role: Role
    regions: frozenset[str] | None = None

    def sees(self, region: str | None) -> bool:
        """Whether the stations of a region are this one's business."""
        return self.regions is None or region in self.regions


ANYBODY = Principal(name=None, role=Role.ADMIN)
"""Who asks under `auth: none`."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=64)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    role: Literal["viewer", "operator", "admin"]
    regions: list[Annotated[str, Field(pattern=REGION_PATTERN)]] | None = None


_ENTRIES = TypeAdapter(list[_Entry])


class Tokens:
    """Bearer tokens by the SHA-256 of each; plain hashing is enough for tokens of 32 random bytes."""

    def __init__(self, principals: Mapping[str, Principal]) -> None:
        self._principals = dict(principals)

    @classmethod
    def load(cls, path: Path) -> "Tokens":
        """Read the token file; SettingsError says what is wrong with it, never what is in it."""
        try:
            entries = _ENTRIES.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise SettingsError(f"{path}: {error.strerror}") from None
        except (yaml.YAMLError, UnicodeDecodeError):
            raise SettingsError(f"{path}: not YAML") from None
        except ValidationError as error:
            raise SettingsError(f"{path}: {_faults(error)}") from None
        return cls({entry.sha256: _principal(entry) for entry in entries})

    def of(self, token: str) -> Principal | None:
        """Return whose token it is. The look-up compares digests, so its time tells nothing of tokens."""
        return self._principals.get(hashlib.sha256(token.encode()).hexdigest())


def _principal(entry: _Entry) -> Principal:
    regions = None if entry.regions is None else frozenset(entry.regions)
    return Principal(entry.name, Role[entry.role.upper()], regions)


def _faults(error: ValidationError) -> str:
    return "; ".join(_fault(detail["loc"], detail["msg"]) for detail in error.errors(include_input=False))


def _fault(loc: Iterable[object], message: str) -> str:
    return f"{'.'.join(map(str, loc)) or 'the file'}: {message}"
