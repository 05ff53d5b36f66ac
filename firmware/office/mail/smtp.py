"""One letter to one mail server (RFC 5321), blocking: for a thread.

What the server says decides: a refusal that begins with 5 is final (RFC 5321, section 4.2.1), unless it is
about our log-in, which the administrator can mend; everything else may pass by itself.
"""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Literal

import msgspec

from firmware.core.errors import DeviceError, ZongjiError
from firmware.core.letters import Letter
from firmware.core.trace.mail import Mail as Words

TIMEOUT_SECONDS = 30.0
MAX_ATTACHED_BYTES = 20 * 1024 * 1024
"""What most servers take; a message of ten minutes has 10 MB."""


class Server(msgspec.Struct, frozen=True):
    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str
    password: str
    sender: str

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port}, {self.security})"


class Refused(ZongjiError):
    """The server will never take this letter; the text is what it said."""


def deliver(server: Server, letter: Letter, context: ssl.SSLContext) -> None:
    """Hand a letter to the server.

    Raises:
        Refused: For good.
        DeviceError: For now: no connection, no encryption, log-in refused, or the server is busy.
    """
    message = _message(server, letter)
    try:
        with _connected(server, context) as connection:
            if server.user and server.security != "none":
                connection.login(server.user, server.password)
            connection.send_message(message, server.sender, [letter.recipient])
    except smtplib.SMTPAuthenticationError as error:
        raise DeviceError(Words.LOGIN_REFUSED(host=server.host, code=error.smtp_code)) from None
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise _told(server, code, text) from None
    except smtplib.SMTPResponseException as error:
        raise _told(server, error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPNotSupportedError:
        raise DeviceError(Words.NOT_ENCRYPTED(host=server.host, security=server.security)) from None
    except (OSError, smtplib.SMTPException) as error:
        raise DeviceError(Words.UNREACHABLE(host=server.host, port=server.port, why=str(error))) from None


def _connected(server: Server, context: ssl.SSLContext) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    if server.security == "starttls":
        try:
            connection.starttls(context=context)
        except BaseException:
            connection.close()
            raise
    return connection


def _told(server: Server, code: int, text: bytes | str) -> ZongjiError:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    said = Words.SERVER_SAID(host=server.host, code=code, words=" ".join(words.split())[:200])
    return Refused(said) if 500 <= code < 600 else DeviceError(said)


def _message(server: Server, letter: Letter) -> EmailMessage:
    """Return the letter as MIME (RFC 2045).

    Raises:
        Refused: An attachment is gone, or all are too big.
    """
    message = EmailMessage()
    message["From"] = server.sender
    message["To"] = letter.recipient
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = formatdate(letter.created_wall_ms / 1000, localtime=True)
    message["Message-ID"] = make_msgid(letter.id, server.sender.partition("@")[2] or "localhost")
    message.set_content(letter.body)
    total = 0
    for attachment in letter.attachments:
        try:
            content = Path(attachment.path).read_bytes()
        except OSError as error:
            raise Refused(
                Words.NO_ATTACHMENT(name=attachment.name, why=error.strerror or str(error))
            ) from None
        total += len(content)
        if total > MAX_ATTACHED_BYTES:
            raise Refused(Words.TOO_BIG(name=attachment.name))
        kind, _, subkind = attachment.kind.partition("/")
        message.add_attachment(content, maintype=kind, subtype=subkind, filename=attachment.name)
    return message
