"""What can go wrong in the gateway, and what to do next.

GatewayError
 |- SettingsError      the settings are wrong: mend them and start again (exit 2)
 |- StartError         the gateway cannot start here: the sentence says why (exit 1)
 |- BackupError        a backup cannot be made or put back: the sentence says why (exit 1)
 |- NotDurableError         a consumer could not keep a batch: nothing was acknowledged, it is offered again
 |- StoreClosedError        the store is being reopened: ask again later (503)
"""


class GatewayError(Exception):
    """Anything an operator can act upon; its text is the message."""


class SettingsError(GatewayError):
    """The settings are wrong; the text names the key and what it may be."""


class StartError(GatewayError):
    """The gateway cannot start; the text says what is in the way."""


class BackupError(GatewayError):
    """A backup cannot be made or put back; the text says what is in the way."""


class NotDurableError(GatewayError):
    """A consumer could not make a batch durable; the batch may be offered again."""


class StoreClosedError(GatewayError):
    """The store is closed after a fatal error and being reopened."""
