"""All kinds of channels, and the channels of one gateway."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import httpx
from pydantic import Field

from gateway.notify.console_log import ConsoleLog, ConsoleLogSettings
from gateway.notify.dingtalk import Dingtalk, DingtalkSettings
from gateway.notify.feishu import Feishu, FeishuSettings
from gateway.notify.notifier import Notifier
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


def open_channels(
    channels: Mapping[str, AnyChannel], client: httpx.AsyncClient, metrics: Metrics
) -> dict[str, Watched]:
    """Return the channels by name; SettingsError for one that cannot work on this machine.

    Two channels of one robot would each keep its quota and together break it: give each robot one name.
    """
    return {
        name: Watched(NOTIFIERS[settings.kind](name, settings, client), metrics)
        for name, settings in channels.items()
    }
