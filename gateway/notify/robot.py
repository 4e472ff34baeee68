"""What the robots of group chats have in common: a quota, a size, and a code inside an answer of 200."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import httpx
from pydantic import BaseModel, ConfigDict, Field

from gateway.notify.fitting import fit
from gateway.notify.notifier import Contact, Delivered, Kind, Message, Outcome, Reason, Refused
from gateway.notify.posting import JSON_TYPE, Answer, request
from gateway.notify.quota import Quota
from gateway.notify.secrets import RobotAddress, Secret, masked, parts_of
from gateway.notify.texts import ZH_CHARACTERS

MINUTE_MS = 60_000
_CALLING = {Kind.ALERT, Kind.ESCALATION, Kind.STORM, Kind.TEST}
"""What people are mentioned for; the rest may be read when they look."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one code of a robot stands for; ``pause_ms``: so long the robot wants to hear nothing more."""

    reason: Reason
    permanent: bool = True
    pause_ms: int = 0


class RobotSettings(BaseModel):
    """What every robot is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: RobotAddress = Field(
        description="The robot's address as its maker shows it, or a file that holds it."
    )
    keyword: str | None = Field(
        None,
        min_length=1,
        max_length=40,
        description="A word the robot insists on; added where it is lacking.",
    )


class SignedRobotSettings(RobotSettings):
    """What a robot is told that checks a signature."""

    secret: Secret | None = Field(None, description="The robot's signing secret, or a file that holds it.")


class Robot(ABC):
    """A notifier for any robot that takes JSON and answers 200 with a code; one instance a robot."""

    max_bytes: int
    windows: ClassVar[Sequence[tuple[int, int]]]
    codes: ClassVar[Mapping[int, Meaning]]
    code_fields: ClassVar[tuple[str, ...]]
    sentence_field: ClassVar[str]

    def __init__(self, name: str, settings: RobotSettings, client: httpx.AsyncClient) -> None:
        self.name = name
        self._url = settings.url.get_secret_value()
        self._keyword = settings.keyword
        self._client = client
        self._quota = Quota(self.windows)

    def wait_ms(self, message: Message, now: int) -> int:
        """Return how long the robot's limits forbid this message; some calls are kept for P1."""
        return self._quota.wait_ms(now, urgent=message.severity == "P1")

    async def send(self, message: Message, contact: Contact, now: int) -> Outcome:
        """Post what one request holds and believe only the code inside the answer."""
        if message.kind not in _CALLING:
            contact = replace(contact, mobile=None, open_id=None)
        if wait := self.wait_ms(message, now):
            return Refused.later(Reason.RATE, "our own quota", wait)
        fitted = fit(message, contact.lang, now, lambda text: self._fits(text, contact, now))
        if fitted is None:
            return Refused.never(Reason.TOO_BIG, f"not one alert fits {self.max_bytes} bytes")
        self._quota.take(now)
        body = self._encoded(fitted.text, contact, now)
        answer = await request(
            self._client, "POST", self._address(now), headers={"content-type": JSON_TYPE}, body=body
        )
        refused = answer if isinstance(answer, Refused) else self._refusal(answer, now)
        return Delivered(fitted.rest) if refused is None else refused

    @abstractmethod
    def _body(self, text: str, contact: Contact, now: int) -> dict[str, object]:
        """Return the request that says ``text``."""

    def _address(self, now: int) -> str:  # noqa: ARG002 - a robot that signs its address needs the time
        return self._url

    def _meaning(self, code: int, sentence: str) -> Meaning:  # noqa: ARG002 - one code of Feishu has two senses
        """Look a code up; one that nobody knows is worth another try."""
        return self.codes.get(code, Meaning(Reason.OTHER, permanent=False))

    def _encoded(self, text: str, contact: Contact, now: int) -> bytes:
        if self._keyword is not None and self._keyword not in text:
            text = f"{text}\n{self._keyword}"
        return json.dumps(self._body(text, contact, now), ensure_ascii=False, separators=(",", ":")).encode()

    def _fits(self, text: str, contact: Contact, now: int) -> bool:
        is_short = contact.lang != "zh" or len(text) <= ZH_CHARACTERS
        return is_short and len(self._encoded(text, contact, now)) <= self.max_bytes

    def _refusal(self, answer: Answer, now: int) -> Refused | None:
        """Return what the code means; None when it says that the message was taken."""
        said = _object(answer.body)
        code = next((said[field] for field in self.code_fields if isinstance(said.get(field), int)), None)
        if not isinstance(code, int):
            return answer.refusal() or Refused.later(Reason.BAD_ANSWER, "an answer without a code")
        if code == 0:
            return answer.refusal()
        sentence = str(said.get(self.sentence_field, ""))
        meaning = self._meaning(code, sentence)
        self._quota.pause(now, meaning.pause_ms)
        detail = f"{code}: {masked(sentence, self._hidden())}"
        return Refused(meaning.permanent, meaning.reason, detail, meaning.pause_ms)

    def _hidden(self) -> tuple[str, ...]:
        return (self._url, *parts_of(self._url))


class SignedRobot(Robot):
    """A robot that may insist on a signature."""

    def __init__(self, name: str, settings: SignedRobotSettings, client: httpx.AsyncClient) -> None:
        super().__init__(name, settings, client)
        self._secret = None if settings.secret is None else settings.secret.get_secret_value()

    def _hidden(self) -> tuple[str, ...]:
        return (*super()._hidden(), self._secret or "")


def _object(body: bytes) -> dict[str, object]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
