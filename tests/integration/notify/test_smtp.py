"""Mail over a real mail server, with encryption, accounts and refusals."""

import ssl
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.notify.notifier import Contact, Delivered, Reason, Refused
from gateway.notify.posting import open_client
from gateway.notify.smtp import Smtp, SmtpSettings
from tests.support.certificates import Certificates
from tests.support.http_fake import Mood
from tests.support.mail import ACCOUNT, PASSWORD, MailFake
from tests.support.notices import NOW, alert_id, message, notice

DUTY = Contact(name="王芳", email="wang@example.org")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with open_client() as opened:
        yield opened


def tls(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.cert, certificates.key)
    return context


def mailer(fake: MailFake, client: httpx.AsyncClient, **settings: object) -> Smtp:
    given = {"host": "127.0.0.1", "port": fake.port, "sender": "yizhan@example.org", **settings}
    return Smtp("mail", SmtpSettings.model_validate(given), client)


async def test_it_speaks_only_after_starttls_unless_told_otherwise(
    client: httpx.AsyncClient, certificates: Certificates
) -> None:
    fake = MailFake()
    async with fake.listening(tls(certificates)):
        assert await mailer(fake, client, ca=certificates.ca).send(message(), DUTY, NOW) == Delivered()
    assert len(fake.mails) == 1


async def test_it_never_falls_back_to_plain_text(client: httpx.AsyncClient) -> None:
    fake = MailFake()
    async with fake.listening():
        refused = await mailer(fake, client).send(message(), DUTY, NOW)
    assert isinstance(refused, Refused)
    assert (refused.permanent, refused.reason) == (True, Reason.FORBIDDEN)
    assert fake.mails == []


async def test_it_speaks_tls_from_the_first_byte(
    client: httpx.AsyncClient, certificates: Certificates
) -> None:
    fake = MailFake()
    async with fake.listening(tls(certificates), at_once=True):
        channel = mailer(fake, client, encryption="tls", ca=certificates.ca)
        assert await channel.send(message(), DUTY, NOW) == Delivered()


async def test_it_trusts_no_stranger(client: httpx.AsyncClient, certificates: Certificates) -> None:
    fake = MailFake()
    async with fake.listening(tls(certificates)):
        refused = await mailer(fake, client).send(message(), DUTY, NOW)
    assert isinstance(refused, Refused)
    assert (refused.permanent, refused.reason) == (True, Reason.FORBIDDEN)
    assert "certificate" in refused.detail


@pytest.mark.parametrize(("password", "went"), [(PASSWORD, True), ("wrong-password-of-it", False)])
async def test_it_logs_in(
    client: httpx.AsyncClient, certificates: Certificates, password: str, *, went: bool
) -> None:
    fake = MailFake()
    async with fake.listening(tls(certificates), asks_who=True):
        channel = mailer(fake, client, ca=certificates.ca, username=ACCOUNT, password=password)
        outcome = await channel.send(message(), DUTY, NOW)
    if went:
        assert outcome == Delivered()
    else:
        assert isinstance(outcome, Refused)
        assert (outcome.permanent, outcome.reason) == (True, Reason.FORBIDDEN)
        assert password not in outcome.detail


async def test_it_tells_unknown_people_and_rejected_mail_from_busy_servers(client: httpx.AsyncClient) -> None:
    fake = MailFake()
    async with fake.listening():
        channel = mailer(fake, client, encryption="none")
        unknown = await channel.send(message(), Contact(name="x", email="nobody@example.org"), NOW)
        fake.mood = Mood.NONSENSE
        spam = await channel.send(message(), DUTY, NOW)
        fake.mood = Mood.ERROR
        busy = await channel.send(message(), DUTY, NOW)
    assert unknown == Refused.never(Reason.BAD_ADDRESS, "550: 5.1.1 no such mailbox")
    assert spam == Refused.never(Reason.SERVER, "554: 5.7.1 looks like spam")
    assert busy == Refused.later(Reason.SERVER, "451: 4.3.0 try again later")


async def test_it_cannot_write_to_somebody_without_an_address(client: httpx.AsyncClient) -> None:
    fake = MailFake()
    async with fake.listening():
        refused = await mailer(fake, client, encryption="none").send(message(), Contact(name="x"), NOW)
    assert isinstance(refused, Refused)
    assert (refused.permanent, refused.reason) == (True, Reason.NO_ADDRESS)


async def test_a_server_that_hangs_does_not_keep_the_thread_of_its_channel() -> None:
    fake = MailFake(mood=Mood.HANG)
    async with fake.listening(), open_client(connect_s=60, total_s=1) as client:
        channel = mailer(fake, client, encryption="none")
        assert await channel.send(message(), DUTY, NOW) == Refused.later(Reason.TIMEOUT)
        fake.mood = Mood.WELL
        assert await channel.send(message(), DUTY, NOW) == Delivered()


async def test_its_headers_put_mails_about_one_alert_together(client: httpx.AsyncClient) -> None:
    fake = MailFake()
    async with fake.listening():
        channel = mailer(fake, client, encryption="none")
        await channel.send(message(), DUTY, NOW)
        await channel.send(message(notice(severity="P3"), attempt=2), DUTY, NOW)
    first, second = fake.mails
    assert first["Subject"] == "【P1 紧急】港桥惠工驿站｜淋浴间超时滞留（shower-2）"
    assert first["References"] == second["References"] == f"<{alert_id()}@example.org>"
    assert first["Message-ID"] != second["Message-ID"]
    assert (first["Importance"], second["Importance"]) == ("high", None)
    assert first["Auto-Submitted"] == "auto-generated"


async def test_a_mail_that_was_taken_is_delivered_even_if_the_server_never_says_goodbye(
    client: httpx.AsyncClient,
) -> None:
    class Curt(MailFake):
        async def handle_QUIT(self, *_: object) -> str:  # noqa: N802 - aiosmtpd's word
            return "421 leave me alone"

    fake = Curt()
    async with fake.listening():
        assert await mailer(fake, client, encryption="none").send(message(), DUTY, NOW) == Delivered()
    assert len(fake.mails) == 1
