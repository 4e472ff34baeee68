"""Bringing Grafana to what the code says, without writing over what somebody changed by hand."""

import copy
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dashboards.files import FOLDER_UID, Built
from dashboards.grafana import Grafana, Json
from dashboards.source import SOURCE_UID, Source
from dashboards.texts import shared

MARK = "yizhan_build"
"""A hidden variable of every dashboard we push: a digest of the rest. Where both agree nobody changed it."""
_THEIRS = ("id", "version")
"""What Grafana itself writes into a dashboard."""


class State(StrEnum):
    """How what Grafana has compares with what the code says."""

    SAME = "same"
    MISSING = "missing"
    OLDER = "older"
    """As an earlier push left it."""
    EDITED = "edited"
    """Changed by hand since the last push, or never pushed by us."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in Grafana, how it stands, and where it differs from the code."""

    what: str
    state: State
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """A finding, and what would mend it."""

    finding: Finding
    mend: Callable[[], None]


class Push:
    """What Grafana should have; without a ``source`` its own is left alone. ``secret``: token or password."""

    def __init__(
        self, grafana: Grafana, dashboards: Sequence[Built], source: Source | None, secret: str | None = None
    ) -> None:
        self._grafana, self._dashboards = grafana, dashboards
        self._source, self._secret = source, secret

    def compare(self) -> list[Finding]:
        """Look only; GrafanaError when that fails."""
        return [step.finding for step in self._steps()]

    def push(self, *, overwrite: bool = False) -> Iterator[tuple[Finding, bool]]:
        """Mend one after the other, yielding what was found and whether it was written.

        What somebody changed by hand is left alone unless ``overwrite``.
        """
        for step in self._steps():
            wanted = step.finding.state
            write = wanted in {State.MISSING, State.OLDER} or (overwrite and wanted is State.EDITED)
            if write:
                step.mend()
            yield step.finding, write

    def _steps(self) -> Iterator[_Step]:
        yield self._folder()
        if self._source is not None:
            yield self._data_source(self._source)
        yield from (self._dashboard(one) for one in self._dashboards)

    def _folder(self) -> _Step:
        there = self._grafana.folder(FOLDER_UID)
        state = State.MISSING if there is None else State.SAME
        title = shared().folder.zh
        return _Step(
            Finding(f"folder {FOLDER_UID}", state), lambda: self._grafana.create_folder(FOLDER_UID, title)
        )

    def _data_source(self, source: Source) -> _Step:
        wanted, there = source.described(), self._grafana.data_source(SOURCE_UID)
        secrets = source.secrets(self._secret)
        written = wanted | ({"secureJsonData": secrets} if secrets else {})
        what = f"data source {SOURCE_UID}"
        if there is None:
            return _Step(Finding(what, State.MISSING), lambda: self._grafana.create_data_source(written))
        differences = [key for key, value in wanted.items() if not _holds(there.get(key), value)]
        differences += [key for key in secrets if not there.get("secureJsonFields", {}).get(key)]
        state = State.EDITED if differences else State.SAME
        return _Step(
            Finding(what, state, tuple(differences)), lambda: self._grafana.update_data_source(written)
        )

    def _dashboard(self, built: Built) -> _Step:
        wanted = marked(built.json)
        answer = self._grafana.dashboard(built.uid)
        what = f"dashboard {built.uid}"
        if answer is None:
            finding = Finding(what, State.MISSING)
            return _Step(finding, lambda: self._save(wanted, overwrite=False))
        there: Json = answer["dashboard"]
        if _own(there) == _own(wanted):
            return _Step(Finding(what, State.SAME), lambda: None)
        state = State.OLDER if _is_untouched(there) else State.EDITED
        finding = Finding(what, state, tuple(differences(wanted, there)))
        # Naming the version read lets Grafana refuse when somebody saved in between.
        versioned = wanted | {"version": there.get("version", 0)}
        return _Step(finding, lambda: self._save(versioned, overwrite=False))

    def _save(self, dashboard: Json, *, overwrite: bool) -> None:
        self._grafana.save_dashboard(dashboard, FOLDER_UID, "yizhan dashboards push", overwrite=overwrite)


def marked(dashboard: Json) -> Json:
    """Return a dashboard with its own digest in a hidden variable."""
    said = copy.deepcopy(dashboard)
    variable = {"type": "constant", "name": MARK, "hide": 2, "skipUrlSync": True, "query": _digest(dashboard)}
    said["templating"]["list"].append(variable)
    return said


def differences(wanted: Json, there: Json) -> Iterator[str]:
    """Say where two dashboards differ: panels by their titles, everything else by its key."""
    ours, theirs = _panels(wanted), _panels(there)
    yield from (f"panel {name!r} is missing" for name in sorted(ours.keys() - theirs.keys()))
    yield from (f"panel {name!r} was added" for name in sorted(theirs.keys() - ours.keys()))
    for name in sorted(ours.keys() & theirs.keys()):
        keys = _unlike(ours[name], theirs[name])
        if keys:
            yield f"panel {name!r}: {', '.join(keys)}"
    yield from _unlike(_frame(wanted), _frame(there))


def _unlike(ours: Json, theirs: Json) -> list[str]:
    return sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))


def _frame(dashboard: Json) -> Json:
    """Everything but the panels."""
    return {key: value for key, value in _own(_without_mark(dashboard)).items() if key != "panels"}


def _panels(dashboard: Json) -> dict[str, Json]:
    return {f"{one.get('title', '')}": one for one in dashboard.get("panels", [])}


def _own(dashboard: Json) -> Json:
    return {key: value for key, value in dashboard.items() if key not in _THEIRS}


def _is_untouched(dashboard: Json) -> bool:
    mark = next((one.get("query") for one in _variables(dashboard) if one.get("name") == MARK), None)
    return mark == _digest(_without_mark(dashboard))


def _without_mark(dashboard: Json) -> Json:
    kept = [one for one in _variables(dashboard) if one.get("name") != MARK]
    return dashboard | {"templating": {**dashboard.get("templating", {}), "list": kept}}


def _variables(dashboard: Json) -> Iterable[Json]:
    listed: list[Json] = dashboard.get("templating", {}).get("list", [])
    return listed


def _digest(dashboard: Json) -> str:
    return hashlib.sha256(json.dumps(_own(dashboard), sort_keys=True).encode()).hexdigest()


def _holds(there: Any, wanted: object) -> bool:  # noqa: ANN401 - JSON
    """Grafana adds fields of its own to what it was told."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(_holds(there.get(key), value) for key, value in wanted.items())
    return bool(there == wanted)
