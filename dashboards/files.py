"""The dashboards as files: those that are committed, and those that Grafana reads at its start."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from dashboards.boards import BOARDS
from dashboards.building import DOCS, json_of, uid_of
from dashboards.model import LANGUAGES
from dashboards.source import Source
from dashboards.texts import shared

GENERATED = "dashboards/generated"
FOLDER_UID = "yizhan"
PROVISIONED = "/etc/grafana/provisioning/dashboards/yizhan"
"""Where Grafana's own packages and images look for the JSON of the provider below."""


@dataclass(frozen=True, slots=True)
class Built:
    """One dashboard in one language, ready to be sent."""

    uid: str
    file: str
    text: str

    @property
    def json(self) -> dict[str, object]:
        """The JSON as a value."""
        value: dict[str, object] = json.loads(self.text)
        return value


def built(docs: str = DOCS) -> list[Built]:
    """Build every dashboard in every language; ``docs`` is where people find the runbooks."""
    return [
        Built(uid_of(board.name, language), f"{language}/{board.name}.json", json_of(board, language, docs))
        for language in LANGUAGES
        for board in BOARDS
    ]


def committed() -> dict[str, bytes]:
    """Return the files below the root that are kept beside the code."""
    return {f"{GENERATED}/{one.file}": one.text.encode() for one in built()}


def provisioning(source: Source, docs: str = DOCS, path: str = PROVISIONED) -> dict[str, bytes]:
    """Return provider, data source and JSON for Grafana's provisioning; ``path`` is where it finds the JSON.

    Secrets are asked of Grafana's environment (``$INFLUXDB_TOKEN`` …), never written.
    """
    provider = {
        "apiVersion": 1,
        "providers": [
            {
                "name": FOLDER_UID,
                "type": "file",
                "folder": shared().folder.zh,
                "folderUid": FOLDER_UID,
                "disableDeletion": True,
                "allowUiUpdates": False,
                "options": {"path": path},
            }
        ],
    }
    sources = {"apiVersion": 1, "datasources": [source.provisioned()]}
    files = {"dashboards/yizhan.yaml": _yaml(provider), "datasources/yizhan.yaml": _yaml(sources)}
    return files | {f"dashboards/yizhan/{one.file}": one.text.encode() for one in built(docs)}


def write(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """Write what differs, and return its paths; OSError when it cannot be written."""
    changed = []
    for path, content in files.items():
        file = folder / path
        if not file.exists() or file.read_bytes() != content:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            changed.append(path)
    return changed


def _yaml(value: object) -> bytes:
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False).encode()
