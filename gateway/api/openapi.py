"""Writes the description of the API: `python -m gateway.api.openapi`."""

import json
from pathlib import Path

import wire
from gateway.api.application import openapi

DOCUMENT = Path(wire.__file__).parent / "schemas" / "openapi.json"


def document() -> bytes:
    """Return the OpenAPI document, byte for byte the same from the same code."""
    return (json.dumps(openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()


if __name__ == "__main__":
    DOCUMENT.write_bytes(document())
