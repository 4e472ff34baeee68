"""What the dashboards say, in Chinese and English: one table a dashboard, beside this file."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from dashboards.model import Text

TABLES = Path(__file__).parent


class PanelTexts(BaseModel):
    """Of one panel: its title, what is normal and what to do, what it says when there is nothing to show."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Text
    about: Text
    missing: Text | None = None


class BoardTexts(BaseModel):
    """Of one dashboard: its title, what it is for, and its rows and panels by their names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Text
    about: Text
    rows: Mapping[str, Text]
    panels: Mapping[str, PanelTexts]


class Names(BaseModel):
    """What several dashboards say: legends and columns, variables, words of states, links."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    missing: Text
    folder: Text
    all: Text
    other_language: Text
    boards: Text
    variables: Mapping[str, Text]
    names: Mapping[str, Text]
    words: Mapping[str, Text]


@cache
def texts_of(board: str) -> BoardTexts:
    """Return the texts of one dashboard."""
    return BoardTexts.model_validate(_table(board))


@cache
def shared() -> Names:
    """Return what several dashboards say."""
    return Names.model_validate(_table("shared"))


def name(key: str) -> Text:
    """Return a legend or the title of a column; KeyError for one that nobody has written."""
    return shared().names[key]


def _table(file: str) -> object:
    return yaml.safe_load((TABLES / f"{file}.yaml").read_text(encoding="utf-8"))
