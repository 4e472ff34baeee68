"""A fault of ours stays with its channel."""

from structlog.testing import capture_logs

from gateway.notify.notifier import Contact, Delivered, Message, Outcome, Reason, Refused
from gateway.notify.watched import Watched
from gateway.observability import Metrics
from tests.support.notices import NOW, message

DUTY = Contact(name="王芳")


class Told:
    """A channel that does what the test says."""

    name = "duty"
    max_bytes = 1_000

    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self._outcomes = list(outcomes)

    def wait_ms(self, message: Message, now: int) -> int:  # noqa: ARG002 - the protocol names it
        return 7

    async def send(self, message: Message, contact: Contact, now: int) -> Outcome:  # noqa: ARG002 - the protocol names it
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def send(*outcomes: Outcome | Exception) -> tuple[list[Outcome], list[tuple[str, str]]]:
    channel = Watched(Told(*outcomes), Metrics())
    with capture_logs() as logs:
        came = [await channel.send(message(), DUTY, NOW) for _ in outcomes]
    return came, [(entry["log_level"], entry["event"]) for entry in logs]


async def test_it_turns_an_exception_into_a_refusal_without_its_words() -> None:
    [refused], logs = await send(RuntimeError("https://example.org/hook/secret"))
    assert isinstance(refused, Refused)
    assert (refused.permanent, refused.reason) == (False, Reason.OTHER)
    assert refused.detail.startswith("our own fault: RuntimeError send:")
    assert logs == [("warning", "channel_fails")]


async def test_it_is_loudest_about_what_stays() -> None:
    wrong = Refused.never(Reason.BAD_SIGNATURE)
    _, logs = await send(Refused.later(Reason.NETWORK), wrong, wrong, Delivered(), Delivered(), wrong)
    levels = [level for level, _ in logs]
    assert levels == ["warning", "error", "debug", "info", "error"]


def test_it_passes_limits_on() -> None:
    channel = Watched(Told(), Metrics())
    assert (channel.name, channel.max_bytes, channel.wait_ms(message(), NOW)) == ("duty", 1_000, 7)
