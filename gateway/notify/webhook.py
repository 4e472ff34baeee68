"""Generic webhook: the facts of every alert as JSON, signed.

`X-Yizhan-Signature: v1=<hex>` is the HMAC-SHA256, under the shared secret, of the text of
`X-Yizhan-Timestamp` (ms UTC), a full stop, and the body's bytes. A receiver compares it in constant time
and refuses timestamps older than a few minutes. `notification_id` with `attempt` tells copies apart.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field

from gateway.notify.figures import measured
from gateway.notify.fitting import render, split
from gateway.notify.notifier import Contact, Delivered, Message, Notice, Outcome, Reason, Refused
from gateway.notify.posting import JSON_TYPE, request
from gateway.notify.secrets import Address, Secret
from wire.measures.words import Name


class WebhookSettings(BaseModel):
    """Another system that takes alerts as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["webhook"] = Field("webhook", description="`webhook`: signed JSON for another system.")
    url: Address = Field(description="Where to post, or a file that holds it.")
    secret: Secret = Field(description="Shared secret of the signature, or a file that holds it.")
    headers: dict[str, Secret] = Field(
        default_factory=dict, description="Further headers, like Authorization; values may be files."
    )


class Webhook:
    """One receiver of signed JSON; ``v`` in the body is raised when a field changes its meaning."""

    max_bytes = 256 * 1024

    def __init__(self, name: str, settings: WebhookSettings, client: httpx.AsyncClient) -> None:
        self.name = name
        self._client = client
        self._url = settings.url.get_secret_value()
        self._secret = settings.secret.get_secret_value().encode()
        self._headers = {header: value.get_secret_value() for header, value in settings.headers.items()}

    def wait_ms(self, message: Message, now: int) -> int:  # noqa: ARG002 - nobody has stated a limit
        """Return 0: the receiver answers 429 when it is too much."""
        return 0

    async def send(self, message: Message, contact: Contact, now: int) -> Outcome:  # noqa: ARG002 - not for one person
        """Post as many alerts as a body holds; any 2xx is a delivery."""
        parts = split(message, lambda told: len(_encoded(told, now)) <= self.max_bytes)
        if parts is None:
            return Refused.never(Reason.TOO_BIG, f"not one alert fits {self.max_bytes} bytes")
        body = _encoded(parts[0], now)
        headers = {**self._headers, "content-type": JSON_TYPE, **signed(self._secret, body, now)}
        answer = await request(self._client, "POST", self._url, headers=headers, body=body)
        refused = answer if isinstance(answer, Refused) else answer.refusal()
        return Delivered(parts[1]) if refused is None else refused


def signed(secret: bytes, body: bytes, now: int) -> Mapping[str, str]:
    """Return the headers that prove who sent a body, and when."""
    mac = hmac.digest(secret, f"{now}.".encode() + body, hashlib.sha256)
    return {"x-yizhan-timestamp": str(now), "x-yizhan-signature": f"v1={mac.hex()}"}


def _encoded(message: Message, now: int) -> bytes:
    said = {
        "v": 1,
        "notification_id": message.notification_id,
        "attempt": message.attempt,
        "kind": message.kind,
        "severity": message.severity,
        "step": message.step,
        "waited_s": message.waited_s,
        "counts": dict(message.counts),
        "stations": message.stations,
        "alerts": [_facts(notice) for notice in message.notices],
        "text": {"zh": render(message, "zh", now), "en": render(message, "en", now)},
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _facts(notice: Notice) -> dict[str, object]:
    """Return a notice as JSON; names are objects of both languages."""
    told = {name: getattr(notice, name) for name in notice.__dataclass_fields__ if name != "measured"}
    shown = notice.measured or measured(notice.domain, notice.field)
    told |= {"measure": shown.name, "unit": shown.unit}
    return {name: value._asdict() if isinstance(value, Name) else value for name, value in told.items()}
