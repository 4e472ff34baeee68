"""Writes everything that is made from the tables: ``python -m wire.generate``.

JSON Schemas and the AsyncAPI document go to ``wire/schemas/``, golden frames and pages to
``wire/examples/``. The same tables give the same bytes; a test holds that what is committed is fresh.
"""

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from wire.documents.asyncapi import asyncapi
from wire.documents.faults import BadFrame, bad_frames
from wire.documents.goldens import STATION, good_frames, stored_zstandard
from wire.documents.pages import events_page, measures_page
from wire.documents.schemas import message_schemas

HOME = Path(__file__).parent


def documents() -> dict[str, bytes]:
    """Return every generated file: its path below ``wire/`` and its bytes."""
    return {name: content for part in (_schemas(), _good(), _bad(), _pages()) for name, content in part}


def write(home: Path = HOME) -> list[str]:
    """Write what is new or changed, remove examples no longer made; return the paths touched."""
    made = documents()
    touched = [name for name, content in made.items() if _read(home / name) != content]
    for name in touched:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made[name])
    left_over = {path for path in (home / "examples").rglob("*") if path.is_file()}
    left_over -= {home / name for name in made}
    for path in left_over:
        path.unlink()
    return [*touched, *sorted(path.relative_to(home).as_posix() for path in left_over)]


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _schemas() -> Iterator[tuple[str, bytes]]:
    for name, schema in message_schemas().items():
        yield f"schemas/{name}.json", _pretty(schema)
    yield "schemas/asyncapi.json", _pretty(asyncapi())


def _good() -> Iterator[tuple[str, bytes]]:
    index = []
    for golden in good_frames():
        file = f"{golden.name}.json"
        yield f"examples/good/{file}", golden.payload
        index.append(
            {
                "file": file,
                "readings": golden.readings,
                "unknown_fields": golden.unknown_fields,
                "suspect": golden.suspect,
            }
        )
        if golden.name == "power-every-measure":
            yield f"examples/good/{file}.zst", stored_zstandard(golden.payload)
            index.append({**index[-1], "file": f"{file}.zst"})
    yield "examples/good.json", _pretty({"station_id": STATION, "frames": index})


def _bad() -> Iterator[tuple[str, bytes]]:
    for case in bad_frames():
        yield f"examples/bad/{case.name}.json", _pretty(_case(case))


def _case(case: BadFrame) -> dict[str, object]:
    expected: dict[str, object] = {"level": case.level, "reason": case.reason, "readable": case.readable}
    try:
        payload = {"payload": case.payload.decode()}
    except UnicodeDecodeError:
        payload = {"payload_base64": base64.b64encode(case.payload).decode()}
    return {"station_id": STATION, "expected": expected, **payload}


def _pages() -> Iterator[tuple[str, bytes]]:
    yield "examples/events.md", events_page().encode()
    yield "examples/measures.md", measures_page().encode()


def _pretty(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


if __name__ == "__main__":
    sys.stdout.writelines(f"{name}\n" for name in write())
