"""Letters to a real mail server (aiosmtpd) on loopback: encrypted, retried, failures shown."""

from __future__ import annotations

import asyncio
import datetime
import email
import email.policy
import gc
import ipaddress
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from firmware.core.clock import SystemClock
from firmware.core.errors import DeviceError, UserError
from firmware.core.letters import Attachment, Letter, LetterState
from firmware.core.trace import Text, in_language
from firmware.office.mail import Mail, Server
from firmware.store.letters import LetterStore
from firmware.store.records import SqliteJourneyStore
from tests.patience import until

PASSWORD = "a secret authorisation code"  # noqa: S105 - of a server that lives for one test
LOOPBACK = ipaddress.ip_address("127.0.0.1")


class Sink:
    """What the mail server does and has got."""

    def __init__(self) -> None:
        self.letters: list[email.message.EmailMessage] = []
        self.refusals: list[str] = []
        """Said to the next letters, one each."""
        self.logins: list[str] = []
        self.encrypted: list[bool] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refusals:
            return self.refusals.pop(0)
        assert isinstance(envelope.content, bytes)
        self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        self.encrypted.append(session.ssl is not None)
        return "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the server's context, and one that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(secret + pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "server.pem")
    return serving, ssl.create_default_context(cadata=pem.decode())


class Office:
    """A box with mail and the server it sends through."""

    def __init__(self, mail: Mail, letters: LetterStore, sink: Sink, faults: list[Text | None]) -> None:
        self.mail = mail
        self.letters = letters
        self.sink = sink
        self.faults = faults
        self.server: Server | None = None

    async def letter(self, state: LetterState, attempts: int) -> Letter:
        """Wait until the newest letter has come so far."""

        def come_so_far() -> bool:
            return [(one.state, one.attempts) for one in self.letters.newest(1)] == [(state, attempts)]

        await until(come_so_far, lambda: self.letters.newest(1))
        return self.letters.newest(1)[0]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with _office(tmp_path) as one:
        yield one


@asynccontextmanager
async def _office(folder: Path) -> AsyncIterator[Office]:
    serving, trusting = _certificate(folder)
    sink = Sink()
    loop = asyncio.get_running_loop()
    smtp = partial(
        SMTP, sink, tls_context=serving, require_starttls=True,
        authenticator=sink.authenticate, auth_required=True, loop=loop,
    )  # fmt: skip
    listener = await loop.create_server(smtp, str(LOOPBACK))
    port = listener.sockets[0].getsockname()[1]
    clock = SystemClock()
    store = SqliteJourneyStore(folder / "records.sqlite", clock)
    store.start()
    faults: list[Text | None] = []
    letters = LetterStore(store, clock)
    mail = Mail(letters, lambda: one.server, clock, faults.append, trusting)
    one = Office(mail, letters, sink, faults)
    one.server = Server("127.0.0.1", port, "starttls", "zongji", PASSWORD, "zongji@example.com")
    mail.start()
    try:
        yield one
    finally:
        await mail.stop()
        await asyncio.to_thread(store.stop)
        listener.close()
        await listener.wait_closed()
        # aiosmtpd leaves the socket of a handshake that its client broke off to the garbage collector.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


async def test_a_letter_with_audio_arrives_encrypted_and_after_a_log_in(
    office: Office, tmp_path: Path
) -> None:
    audio = tmp_path / "message.wav"
    audio.write_bytes(b"RIFF and so on")
    await office.mail.send(
        "li@example.com",
        "来自 13800138000 的留言",
        "32 秒\n",
        attachments=[Attachment(str(audio), "message.wav", "audio/wav")],
        purpose="voicemail",
    )
    await office.letter(LetterState.SENT, 1)
    (letter,) = office.sink.letters
    assert (letter["To"], letter["From"]) == ("li@example.com", "zongji@example.com")
    assert letter["Subject"] == "来自 13800138000 的留言"
    body = letter.get_body()
    assert body is not None
    assert body.get_content() == "32 秒\r\n"
    (attached,) = letter.iter_attachments()
    assert attached.get_filename() == "message.wav"
    assert attached.get_content() == b"RIFF and so on"
    assert office.sink.logins == ["zongji"]
    assert office.sink.encrypted == [True]


async def test_what_the_server_does_not_take_now_is_tried_again_and_the_owner_told(office: Office) -> None:
    office.sink.refusals = ["451 try again later"]
    await office.mail.send("li@example.com", "hello", "text")
    waiting = await office.letter(LetterState.WAITING, 1)
    assert "451 try again later" in waiting.detail
    office.mail.try_now()
    await office.letter(LetterState.SENT, 2)
    assert [fault is None for fault in office.faults] == [False, True]
    assert office.mail.fault is None


async def test_what_the_server_refuses_for_good_is_not_tried_again(office: Office) -> None:
    office.sink.refusals = ["550 no such mailbox here"]
    await office.mail.send("nobody@example.com", "hello", "text")
    failed = await office.letter(LetterState.FAILED, 1)
    assert "550 no such mailbox here" in failed.detail
    office.mail.try_now()
    await office.mail.send("li@example.com", "the next one", "text")
    await office.letter(LetterState.SENT, 1)
    assert [letter["Subject"] for letter in office.sink.letters] == ["the next one"]


async def test_a_wrong_password_waits_for_the_administrator_and_is_never_written_down(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    right = office.server
    assert right is not None
    office.server = Server(right.host, right.port, "starttls", "zongji", "not the password", right.sender)
    await office.mail.send("li@example.com", "hello", "text")
    waiting = await office.letter(LetterState.WAITING, 1)
    assert "refuses our user or password" in waiting.detail
    assert in_language(office.mail.fault or "", "zh-CN") == "127.0.0.1 不接受我们的用户名或密码（535）"
    assert "not the password" not in waiting.detail + caplog.text + repr(office.server)
    office.server = right
    office.mail.try_now()
    await office.letter(LetterState.SENT, 2)


async def test_a_password_set_right_amid_a_queue_serves_the_rest_of_it_at_once(tmp_path: Path) -> None:
    wrong = Server("127.0.0.1", 587, "starttls", "zongji", "wrong", "zongji@example.com")
    right = msgspec.structs.replace(wrong, password=PASSWORD)
    in_force, tried = wrong, []

    def send(server: Server, letter: Letter, _: ssl.SSLContext) -> None:
        nonlocal in_force
        tried.append((letter.subject, server.password))
        if server is wrong:
            in_force = right
            raise DeviceError("refuses our user or password")

    clock = SystemClock()
    store = SqliteJourneyStore(tmp_path / "records.sqlite", clock)
    store.start()
    letters = LetterStore(store, clock)
    for subject in ("first", "second"):
        await letters.queue("li@example.com", subject, "text", (), "")
    mail = Mail(letters, lambda: in_force, clock, send=send)
    mail.start()
    try:
        await until(lambda: not letters.waiting())
    finally:
        await mail.stop()
        await asyncio.to_thread(store.stop)
    # Letters of the same millisecond go out in either order.
    refused = tried[0][0]
    (other,) = {"first", "second"} - {refused}
    assert tried == [(refused, "wrong"), (other, PASSWORD), (refused, PASSWORD)]


async def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office.mail, "_context", ssl.create_default_context())
    await office.mail.send("li@example.com", "hello", "text")
    waiting = await office.letter(LetterState.WAITING, 1)
    assert "CERTIFICATE_VERIFY_FAILED" in waiting.detail
    assert office.sink.logins == []


async def test_a_letter_queued_before_a_power_cut_is_sent_after_it(tmp_path: Path) -> None:
    async with _office(tmp_path) as office:
        server, office.server = office.server, None
        with pytest.raises(UserError, match="No mail server"):
            await office.mail.send("li@example.com", "hello", "text")
        assert server is not None
        office.server = Server(server.host, 9, "starttls", "", "", server.sender)
        await office.mail.send("li@example.com", "hello", "text")
        await office.letter(LetterState.WAITING, 1)
    async with _office(tmp_path) as again:
        await again.letter(LetterState.SENT, 2)


@pytest.mark.parametrize("address", ["", "li", "li@", "@example.com", "li@exam ple.com", "a@b\nBcc: c@d"])
async def test_what_is_no_address_is_refused_before_it_is_queued(office: Office, address: str) -> None:
    with pytest.raises(UserError, match="no mail address"):
        await office.mail.send(address, "hello", "text")
    assert office.letters.newest(1) == []
