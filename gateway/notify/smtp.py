"""Mail: plain text over SMTP, encrypted unless the settings say otherwise in so many words.

`smtplib` blocks, so each channel has a thread of its own: a mail server that hangs holds up its own channel
and nothing else.
"""

import asyncio
import contextlib
import smtplib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field

from gateway.notify.fitting import fit
from gateway.notify.notifier import Contact, Delivered, Message, Outcome, Reason, Refused
from gateway.notify.secrets import Secret, masked
from gateway.notify.texts import subject

_PERMANENT_FROM = 500


class SmtpSettings(BaseModel):
    """A mail server that takes mail from us."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["smtp"] = Field("smtp", description="`smtp`: mail.")
    host: str = Field(min_length=1, description="The mail server.")
    port: int = Field(587, ge=1, le=65_535, description="587 with starttls, 465 with tls.")
    encryption: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="`none` only for a server on this machine or in a network of your own."
    )
    ca: Path | None = Field(None, description="PEM file of the authority of a server's own making.")
    username: str | None = Field(None, description="Account, if the server asks for one.")
    password: Secret | None = Field(None, description="Its password, or a file that holds it.")
    sender: str = Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$", description="The address mail comes from.")


class Smtp:
    """One mail server."""

    max_bytes = 512 * 1024

    def __init__(self, name: str, settings: SmtpSettings, client: httpx.AsyncClient) -> None:
        self.name = name
        self._settings = settings
        self._timeout = client.timeout
        self._tls = ssl.create_default_context(cafile=settings.ca)
        self._thread = ThreadPoolExecutor(1)
        self._session: smtplib.SMTP | None = None

    def wait_ms(self, message: Message, now: int) -> int:  # noqa: ARG002 - the server says when it is too much
        """Return 0."""
        return 0

    async def send(self, message: Message, contact: Contact, now: int) -> Outcome:
        """Send one mail; what a server says with 4xx may do later, with 5xx never."""
        if contact.email is None:
            return Refused.never(Reason.NO_ADDRESS, "the contact has no email")
        to = contact.email
        fitted = fit(
            message,
            contact.lang,
            now,
            lambda text: len(bytes(self._mail(message, to, text, contact, now))) <= self.max_bytes,
        )
        if fitted is None:
            return Refused.never(Reason.TOO_BIG)
        mail = self._mail(message, to, fitted.text, contact, now)
        try:
            async with asyncio.timeout(self._timeout.read):
                await asyncio.get_running_loop().run_in_executor(self._thread, self._deliver, mail)
        except TimeoutError:
            self._hang_up()
            return Refused.later(Reason.TIMEOUT)
        except asyncio.CancelledError:
            self._hang_up()
            raise
        except (OSError, smtplib.SMTPException) as error:
            return self._refusal(error, to)
        return Delivered(fitted.rest)

    def _mail(self, message: Message, to: str, text: str, contact: Contact, now: int) -> EmailMessage:
        """Return a mail that its readers' programs put beside the others about the same alert."""
        domain = self._settings.sender.rpartition("@")[2]
        first = message.alert_ids[0] if message.notices else ""
        mail = EmailMessage()
        mail["From"], mail["To"] = self._settings.sender, to
        mail["Subject"] = subject(message, contact.lang)
        mail["Date"] = formatdate(now / 1_000, usegmt=True)
        mail["Message-ID"] = f"<{message.notification_id}.{first}.{message.attempt}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        if first:
            mail["References"] = f"<{first}@{domain}>"
        if message.severity == "P1":
            mail["Importance"] = "high"
        mail.set_content(text)
        return mail

    def _deliver(self, mail: EmailMessage) -> None:
        settings, connect_s = self._settings, self._timeout.connect or 0
        if settings.encryption == "tls":
            self._session = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=connect_s, context=self._tls
            )
        else:
            self._session = smtplib.SMTP(settings.host, settings.port, timeout=connect_s)
        try:
            if settings.encryption == "starttls":
                self._session.starttls(context=self._tls)
            if settings.username is not None and settings.password is not None:
                self._session.login(settings.username, settings.password.get_secret_value())
            self._session.send_message(mail)
            # The mail is taken: a server that is slow to say goodbye must not make us send it again.
            with contextlib.suppress(OSError):
                self._session.putcmd("quit")
        finally:
            self._session.close()

    def _hang_up(self) -> None:
        """Wake the thread: a blocked read ends when its socket is shut down, not when it is closed."""
        sock = None if self._session is None else self._session.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _refusal(self, error: Exception, to: str) -> Refused:
        if isinstance(error, ssl.SSLCertVerificationError):
            return Refused.never(Reason.FORBIDDEN, f"certificate: {error.verify_message}")
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return Refused.never(Reason.FORBIDDEN, "the server offers no such encryption or login")
        said = _said(error)
        if said is None:
            return Refused.later(Reason.NETWORK, type(error).__name__)
        code, sentence = said
        password = self._settings.password
        hidden = (to, "" if password is None else password.get_secret_value())
        detail = f"{code}: {masked(sentence.decode(errors='replace'), hidden)}"
        if isinstance(error, smtplib.SMTPAuthenticationError):
            reason = Reason.FORBIDDEN
        else:
            reason = Reason.BAD_ADDRESS if isinstance(error, smtplib.SMTPRecipientsRefused) else Reason.SERVER
        return Refused(code >= _PERMANENT_FROM, reason, detail)


def _said(error: Exception) -> tuple[int, bytes] | None:
    """Return code and sentence of a server that answered."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next(iter(error.recipients.values()), None)
    if isinstance(error, smtplib.SMTPResponseException):
        sentence = error.smtp_error
        return error.smtp_code, sentence if isinstance(sentence, bytes) else str(sentence).encode()
    return None
