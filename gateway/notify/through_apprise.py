"""Everything else that apprise can reach. Imported only when a channel asks for it; its own extra.

apprise sleeps between calls and blocks while it sends, so each channel has threads of its own and a
quota instead of its sleep.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field

from gateway.errors import SettingsError
from gateway.notify.fitting import fit
from gateway.notify.notifier import Contact, Delivered, Message, Outcome, Reason, Refused
from gateway.notify.posting import CONNECT_S, TOTAL_S
from gateway.notify.quota import Quota
from gateway.notify.secrets import Secret
from gateway.notify.texts import subject

_WINDOWS = ((12, 60_000),)
_THREADS = 4
"""So many calls may hang at once before the channel has to wait for one of them."""
_OURS = {"wecombot": "wecom", "dingtalk": "dingtalk", "feishu": "feishu", "lark": "feishu"}


class AppriseSettings(BaseModel):
    """Any service of apprise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["apprise"] = Field("apprise", description="`apprise`: any service apprise knows.")
    url: Secret = Field(description="Its apprise address, or a file that holds it.")


class ThroughApprise:
    """One address of apprise; the result, not the absence of an exception, tells success."""

    def __init__(self, name: str, settings: AppriseSettings, client: httpx.AsyncClient) -> None:
        self.name = name
        url = settings.url.get_secret_value()
        scheme = url.partition("://")[0].lower()
        if ours := _OURS.get(scheme):
            raise SettingsError(
                f"channel {name}: apprise takes any answer of {scheme} for success: use kind {ours}"
            )
        try:
            import apprise  # noqa: PLC0415 - an extra, needed only here
        except ImportError as error:
            raise SettingsError(f"channel {name}: pip install 'yizhan[apprise]' first") from error
        # its plug-ins write addresses into the log, and an address may be a key
        for logger in ("apprise", "urllib3"):
            logging.getLogger(logger).setLevel(logging.CRITICAL + 1)
        service = apprise.Apprise.instantiate(url)
        if service is None:
            raise SettingsError(f"channel {name}: apprise does not understand the address")
        service.request_rate_per_sec = 0
        service.socket_connect_timeout = client.timeout.connect or CONNECT_S
        service.socket_read_timeout = client.timeout.read or TOTAL_S
        self._apprise = apprise.Apprise()
        self._apprise.add(service)
        self._statuses = apprise.AppriseResultStatus
        self.max_bytes = int(service.body_maxlen)
        self._has_titles = service.title_maxlen > 0
        self._total_s = client.timeout.read
        self._quota = Quota(_WINDOWS)
        self._threads = ThreadPoolExecutor(_THREADS)

    def wait_ms(self, message: Message, now: int) -> int:
        """Return how long the quota forbids this message."""
        return self._quota.wait_ms(now, urgent=message.severity == "P1")

    async def send(self, message: Message, contact: Contact, now: int) -> Outcome:
        """Hand over what the service says it holds."""
        if wait := self.wait_ms(message, now):
            return Refused.later(Reason.RATE, "our own quota", wait)
        fitted = fit(message, contact.lang, now, lambda text: len(text.encode()) <= self.max_bytes)
        if fitted is None:
            return Refused.never(Reason.TOO_BIG)
        self._quota.take(now)
        title = subject(message, contact.lang) if self._has_titles else ""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._total_s):
                result = await loop.run_in_executor(self._threads, self._apprise.notify, fitted.text, title)
        except TimeoutError:
            return Refused.later(Reason.TIMEOUT)
        if result:
            return Delivered(fitted.rest)
        if result.status is self._statuses.NOMATCH:
            return Refused.never(Reason.BAD_ADDRESS, "apprise has nobody to tell")
        return Refused.later(Reason.OTHER, f"apprise says {result.status.name}")
