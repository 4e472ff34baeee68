"""One rig for each kind of channel: the service it speaks to, its settings, and what arrived there."""

import contextlib
import json
import warnings
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import apprise

from gateway.notify.channels import NOTIFIERS, AnyChannel, open_channels
from gateway.notify.dingtalk import DingtalkSettings
from gateway.notify.feishu import FeishuSettings
from gateway.notify.notifier import Contact
from gateway.notify.posting import open_client
from gateway.notify.sms import SmsSettings
from gateway.notify.smtp import SmtpSettings
from gateway.notify.through_apprise import AppriseSettings
from gateway.notify.watched import Watched
from gateway.notify.webhook import WebhookSettings
from gateway.notify.wecom import WecomSettings
from gateway.observability import Metrics
from tests.support.http_fake import HttpFake, Mood
from tests.support.mail import MailFake
from tests.support.robots import DingtalkFake, FeishuFake, WecomFake

SECRET = "SEC-signing-secret-51c8"
DUTY = Contact(name="王芳", mobile="13800000000", email="wang@example.org")
PATIENT_S, HASTY_S = 8.0, 0.3
"""How long a channel waits: for a service that is well, and where none is; 10 s outside tests."""


@dataclass
class Rig:
    """A channel, and the other end of it."""

    channel: Watched
    texts: Callable[[], list[str]]
    """Text of every message that arrived, in order; JSON for services that take facts."""
    fake: HttpFake | MailFake
    metrics: Metrics
    secrets: tuple[str, ...]

    def behave(self, mood: Mood) -> None:
        """Let the service misbehave, or behave again."""
        self.fake.mood = mood


async def _rig(
    settings: AnyChannel,
    fake: HttpFake | MailFake,
    total_s: float,
    texts: Callable[[], list[str]],
    *secrets: str,
) -> AsyncIterator[Rig]:
    async with open_client(total_s=total_s) as client:
        metrics = Metrics()
        channels = open_channels({"duty": settings}, client, metrics)
        yield Rig(channels["duty"], texts, fake, metrics, secrets)


async def _wecom(total_s: float) -> AsyncIterator[Rig]:
    async with WecomFake().listening() as fake:
        settings = WecomSettings.model_validate({"url": fake.url})
        async for rig in _rig(settings, fake, total_s, lambda: fake.texts, fake.key):
            yield rig


async def _dingtalk(total_s: float) -> AsyncIterator[Rig]:
    async with DingtalkFake(secret=SECRET).listening() as fake:
        settings = DingtalkSettings.model_validate({"url": fake.url, "secret": SECRET})
        async for rig in _rig(settings, fake, total_s, lambda: fake.texts, fake.key, SECRET):
            yield rig


async def _feishu(total_s: float) -> AsyncIterator[Rig]:
    async with FeishuFake(secret=SECRET).listening() as fake:
        settings = FeishuSettings.model_validate({"url": fake.url, "secret": SECRET})
        async for rig in _rig(settings, fake, total_s, lambda: fake.texts, fake.key, SECRET):
            yield rig


def _arrived(fake: HttpFake, *path: str) -> list[str]:
    """Return a string out of the JSON of every request."""
    texts = []
    for request in fake.requests:
        said = json.loads(request.body)
        for step in path:
            said = said[step]
        texts.append(str(said))
    return texts


async def _webhook(total_s: float) -> AsyncIterator[Rig]:
    async with HttpFake().listening() as fake:
        url = f"{fake.base}/hooks/key-of-the-hook"
        settings = WebhookSettings.model_validate({"url": url, "secret": SECRET})
        async for rig in _rig(
            settings, fake, total_s, lambda: _arrived(fake, "text", "zh"), "key-of-the-hook", SECRET
        ):
            yield rig


async def _smtp(total_s: float) -> AsyncIterator[Rig]:
    fake = MailFake()
    async with fake.listening():
        settings = SmtpSettings.model_validate(
            {"host": "127.0.0.1", "port": fake.port, "encryption": "none", "sender": "yizhan@example.org"}
        )
        async for rig in _rig(settings, fake, total_s, lambda: fake.texts):
            yield rig


async def _sms(total_s: float) -> AsyncIterator[Rig]:
    async with HttpFake().listening() as fake:
        settings = SmsSettings.model_validate(
            {
                "url": f"{fake.base}/send?key={{key}}",
                "body": {"to": "{mobile}", "text": "{text}"},
                "secrets": {"key": "key-of-the-gateway"},
            }
        )
        async for rig in _rig(settings, fake, total_s, lambda: _arrived(fake, "text"), "key-of-the-gateway"):
            yield rig


async def _apprise(total_s: float) -> AsyncIterator[Rig]:
    with warnings.catch_warnings():
        # its mail plug-in still uses `imghdr`
        warnings.simplefilter("ignore", DeprecationWarning)
        apprise.Apprise.instantiate("json://127.0.0.1")
    async with HttpFake().listening() as fake:
        url = f"json://user:password-of-apprise@127.0.0.1:{fake.port}/key-of-the-service"
        settings = AppriseSettings.model_validate({"url": url})
        secrets = ("password-of-apprise", "key-of-the-service")
        async for rig in _rig(settings, fake, total_s, lambda: _arrived(fake, "message"), *secrets):
            yield rig


_RIGS = {
    "wecom": _wecom,
    "dingtalk": _dingtalk,
    "feishu": _feishu,
    "webhook": _webhook,
    "smtp": _smtp,
    "sms": _sms,
    "apprise": _apprise,
}
KINDS = sorted(_RIGS)
"""Every kind that speaks to somebody else's service."""

assert {*KINDS, "console"} == set(NOTIFIERS), "a channel without a rig is a channel without tests"


def rig_of(kind: str, total_s: float = PATIENT_S) -> contextlib.AbstractAsyncContextManager[Rig]:
    """Return a rig of one kind, whose channel waits so long for an answer."""
    return contextlib.asynccontextmanager(_RIGS[kind])(total_s)
