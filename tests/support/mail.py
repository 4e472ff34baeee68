"""A mail server on loopback that can be told to misbehave."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.support.http_fake import Mood

# it writes down every line, and tests look for what must not be written down by us
logging.getLogger("mail.log").setLevel(logging.CRITICAL)

ACCOUNT, PASSWORD = "gateway", "password-of-the-mailbox"


@dataclass
class MailFake:
    """Takes mail for anybody but ``nobody@…``, whom it does not know."""

    mood: Mood = Mood.WELL
    mails: list[EmailMessage] = field(default_factory=list)
    port: int = 0
    _sessions: list[SMTP] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def listening(
        self, tls: ssl.SSLContext | None = None, *, at_once: bool = False, asks_who: bool = False
    ) -> AsyncIterator[Self]:
        """Serve until the block ends; with ``tls`` after STARTTLS, or ``at_once``."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            self._session(None if at_once else tls, asks_who=asks_who),
            "127.0.0.1",
            0,
            ssl=tls if at_once else None,
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for session in self._sessions:
                _hang_up(session)
            await server.wait_closed()

    def _session(self, tls: ssl.SSLContext | None, *, asks_who: bool) -> Callable[[], SMTP]:
        def begin() -> SMTP:
            session = SMTP(
                self,
                hostname="mail.example.org",
                tls_context=tls,
                require_starttls=tls is not None,
                auth_required=asks_who,
                auth_require_tls=asks_who,
                authenticator=_known,
            )
            self._sessions.append(session)
            return session

        return begin

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's word
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Know everybody but nobody."""
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the mail, or do what the mood says."""
        if self.mood is Mood.HANG:
            await asyncio.Event().wait()
        if self.mood is Mood.DROP:
            _hang_up(server)
        if self.mood is Mood.DRIP:
            await _drip(server)
        refusals = {
            Mood.ERROR: "451 4.3.0 try again later",
            Mood.THROTTLE: "450 4.7.1 too much mail",
            Mood.NONSENSE: "554 5.7.1 looks like spam",
        }
        if self.mood in refusals:
            return refusals[self.mood]
        self.mails.append(message_from_bytes(bytes(envelope.content or b""), policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"

    @property
    def texts(self) -> list[str]:
        """What people read."""
        return [mail.get_content() for mail in self.mails]


def _hang_up(session: SMTP) -> None:
    if isinstance(session.transport, asyncio.Transport):
        session.transport.abort()


async def _drip(session: SMTP) -> None:
    """Say yes for ever, a byte at a time: no single read ever times out."""
    assert isinstance(session.transport, asyncio.Transport)
    while not session.transport.is_closing():
        session.transport.write(b"2")
        await asyncio.sleep(0.02)


def _known(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
) -> AuthResult:
    login, password = getattr(data, "login", b""), getattr(data, "password", b"")
    return AuthResult(success=(login, password) == (ACCOUNT.encode(), PASSWORD.encode()), handled=False)
