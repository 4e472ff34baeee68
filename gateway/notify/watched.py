"""A channel somebody keeps an eye on: loud at the first failure, quiet at the next, glad when it is over."""

import structlog

from gateway.notify.notifier import Contact, Message, Notifier, Outcome, Reason, Refused
from gateway.observability import Metrics

log = structlog.get_logger()


class Watched:
    """Passes messages on, counts what came of them, and turns a fault of our own into a refusal."""

    def __init__(self, channel: Notifier, metrics: Metrics) -> None:
        self.name = channel.name
        self.max_bytes = channel.max_bytes
        self._channel = channel
        self._metrics = metrics
        self._failing: Refused | None = None

    def wait_ms(self, message: Message, now: int) -> int:
        """Return how long the other side's limits forbid this message."""
        return self._channel.wait_ms(message, now)

    async def send(self, message: Message, contact: Contact, now: int) -> Outcome:
        """Send; never raises, so that one channel's fault stays its own."""
        try:
            outcome = await self._channel.send(message, contact, now)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other channels go on
            # not its text: it may quote an address, and an address may be a key
            outcome = Refused.later(Reason.OTHER, f"our own fault: {type(error).__name__} {_where(error)}")
        told = outcome.reason.value if isinstance(outcome, Refused) else "delivered"
        self._metrics.messages.labels(self.name, told).inc()
        self._tell(outcome if isinstance(outcome, Refused) else None)
        return outcome

    def _tell(self, refused: Refused | None) -> None:
        known, self._failing = self._failing, refused
        if refused is None:
            if known is not None:
                log.info("channel_works_again", channel=self.name)
            return
        if known is not None and (known.permanent, known.reason) == (refused.permanent, refused.reason):
            level = log.debug
        else:
            level = log.error if refused.permanent else log.warning
        level("channel_fails", channel=self.name, reason=refused.reason.value, detail=refused.detail)


def _where(error: Exception) -> str:
    """Return file and line where an exception was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"
