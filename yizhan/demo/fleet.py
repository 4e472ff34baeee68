"""What the demo asks its gateway, over the same API as everybody."""

import http.client
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT_S = 3.0


@dataclass(frozen=True)
class Pulse:
    """How the fleet is."""

    online: int
    stations: int
    people: int


@dataclass(frozen=True)
class Frames:
    """How complete one station is at the gateway."""

    state: str
    received: int
    missing: int


class Fleet:
    """The gateway at ``url``; every answer is None while it cannot answer."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc

    def pulse(self) -> Pulse | None:
        """Ask for the whole fleet."""
        answer = self._get("/api/v1/stations?limit=100")
        if answer is None:
            return None
        items = answer["items"]
        people = sum(max(0, item["people_inside_count"] or 0) for item in items)
        return Pulse(sum(item["state"] == "online" for item in items), len(items), people)

    def frames(self, station_id: str) -> Frames | None:
        """Ask for one station."""
        answer = self._get(f"/api/v1/stations/{station_id}")
        if answer is None:
            return None
        completeness = answer["completeness"]
        return Frames(answer["state"], completeness["received"], completeness["missing"])

    def readings(self, station_id: str, domain: str, start_ms: int, end_ms: int) -> int | None:
        """Count a station's readings of one domain, taken from ``start_ms`` until before ``end_ms``."""
        span = urlencode({"start": _rfc3339(start_ms), "end": _rfc3339(end_ms), "limit": 1000})
        answer = self._get(f"/api/v1/stations/{station_id}/readings/{domain}?{span}")
        return None if answer is None else len(answer["items"])

    def _get(self, path: str) -> Any | None:  # noqa: ANN401 - whatever JSON there is
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return json.loads(answer.read()) if answer.status == http.HTTPStatus.OK else None
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()


def _rfc3339(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
