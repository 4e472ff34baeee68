"""All kinds of channels, and the channels of one gateway."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import httpx
from pydantic import AfterValidator, Field

from gateway.notify.console_log import ConsoleLog, ConsoleLogSettings
from gateway.notify.dingtalk import Dingtalk, DingtalkSettings
from gateway.notify.feishu import Feishu, FeishuSettings
from gateway.notify.notifier import Notifier
from gateway.notify.robot import RobotSettings
from gateway.notify.sms import Sms, SmsSettings
from gateway.notify.smtp import Smtp, SmtpSettings
from gateway.notify.through_apprise import AppriseSettings, ThroughApprise
from gateway.notify.watched import Watched
from gateway.notify.webhook import Webhook, WebhookSettings
from gateway.notify.wecom import Wecom, WecomSettings
from gateway.observability import Metrics

NOTIFIERS: Mapping[str, Callable[[str, Any, httpx.AsyncClient], Notifier]] = {
    "wecom": Wecom,
    "dingtalk": Dingtalk,
    "feishu": Feishu,
    "webhook": Webhook,
    "smtp": Smtp,
    "sms": Sms,
    "console": ConsoleLog,
    "apprise": ThroughApprise,
}
"""Who sends, by kind; each takes the channel's name, its settings and the shared client."""

AnyChannel = Annotated[
    WecomSettings
    | DingtalkSettings
    | FeishuSettings
    | WebhookSettings
    | SmtpSettings
    | SmsSettings
    | ConsoleLogSettings
    | AppriseSettings,
    Field(discriminator="kind"),
]
"""One channel in the settings, told apart by `kind`."""


def _one_name_a_robot(channels: dict[str, AnyChannel]) -> dict[str, AnyChannel]:
    """Refuse two names for one robot: each would keep its quota, and together they would break it."""
    names: dict[str, str] = {}
    for name, settings in channels.items():
        if isinstance(settings, RobotSettings):
            first = names.setdefault(settings.url.get_secret_value(), name)
            if first != name:
                raise ValueError(f"{first} and {name} are one robot: give it one name and use that twice")
    return channels


Channels = Annotated[
    dict[Annotated[str, Field(pattern="^[a-z0-9][a-z0-9._-]{0,31}$")], AnyChannel],
    AfterValidator(_one_name_a_robot),
]
"""The section `channels` of the gateway's settings: channels by the names people are reached under."""


def open_channels(
    channels: Mapping[str, AnyChannel], client: httpx.AsyncClient, metrics: Metrics
) -> dict[str, Watched]:
    """Return the channels by name; SettingsError for one that cannot work on this machine."""
    return {
        name: Watched(NOTIFIERS[settings.kind](name, settings, client), metrics)
        for name, settings in channels.items()
    }
