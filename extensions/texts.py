"""Text messages between phones (RFC 3428), and on to whoever carries texts outside: the GSM line's SMS.

phone ──MESSAGE──► Texts ──► every phone of the extension; the first that takes it decides
                     └─────► on_outside("101", "13800138000", "text")
"""

from __future__ import annotations

import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable

from extensions.accounts import AccountSource
from extensions.registrar import Binding
from extensions.sip.compose import bracketed
from extensions.sip.events import MessageDelivered, MessageReceived
from extensions.sip.headers import NameAddr
from extensions.sip.inbox import MessageToUs
from extensions.sip.net.driver import Driver

logger = logging.getLogger(__name__)

# Texts under way at once; the oldest is given up first.
_MOST_UNDER_WAY = 200
# Most bytes of a text in one MESSAGE of ours: with its header it passes UDP whole (RFC 3261 §18.1.1).
PIECE_BYTES = 900
# Most pieces of one text: what the longest SMS there is needs, 255 parts of 67 characters.
_MOST_PIECES = 60
# Bytes of UTF-8 that go on with a character begin with the bits 10.
_CONTINUED_MASK, _CONTINUED = 0xC0, 0x80


class _UnderWay:
    def __init__(self, asked_by: MessageToUs | None, copies: int) -> None:
        self.asked_by = asked_by
        self.copies = copies


class Texts:
    """Carries texts.

    Args:
        accounts: Who there is.
        bindings: Returns the phones of an extension.
        driver: The agent's driver.
    """

    def __init__(
        self, accounts: AccountSource, bindings: Callable[[str], list[Binding]], driver: Driver
    ) -> None:
        self.on_outside: Callable[[str, str, str], bool] | None = None
        """Told (from, to, text) of a text for no extension; true when it will carry it there."""
        self._accounts = accounts
        self._bindings = bindings
        self._driver = driver
        self._under_way: OrderedDict[str, _UnderWay] = OrderedDict()

    def send(self, from_: str, extension: str, text: str) -> bool:
        """Send a text to every phone of an extension; False when none is registered.

        Args:
            from_: The number to show as the sender.
            extension: Whom to.
            text: A long one goes in pieces.
        """
        pieces = pieces_of(text)
        return all(self._spread(from_, extension, "text/plain", piece, None) for piece in pieces)

    def received(self, event: MessageReceived) -> None:
        """Take a text from a phone."""
        message = event.message
        sender = self._accounts.extension_of(event.identity) or event.identity
        extension = self._accounts.extension_of(message.user)
        if extension is not None:
            taken = self._spread(sender, extension, message.content_type, message.body, message)
            if not taken:
                self._answer(message, 480)
        elif self.on_outside is None:
            self._answer(message, 404)
        else:
            text = message.body.decode("utf-8", "replace")
            self._answer(message, 202 if self.on_outside(sender, message.user, text) else 403)

    def delivered(self, event: MessageDelivered) -> None:
        """Take in what a phone said to a text."""
        under_way = self._under_way.get(event.token)
        if under_way is None:
            return
        under_way.copies -= 1
        good = event.status is not None and event.status < 300
        if good or not under_way.copies:
            del self._under_way[event.token]
            if under_way.asked_by is not None:
                self._answer(under_way.asked_by, 200 if good else event.status or 408)

    def _spread(
        self, from_: str, extension: str, content_type: str, body: bytes, asked_by: MessageToUs | None
    ) -> bool:
        bindings = self._bindings(extension)
        if not bindings:
            return False
        token = secrets.token_hex(8)
        self._under_way[token] = _UnderWay(asked_by, len(bindings))
        if len(self._under_way) > _MOST_UNDER_WAY:
            self._under_way.popitem(last=False)
        with self._driver.turn() as now:
            for binding in bindings:
                host = bracketed(binding.flow.local_host)
                self._driver.agent.message(
                    binding.flow,
                    binding.contact,
                    from_=NameAddr(f"sip:{from_}@{host}"),
                    to=NameAddr(f"sip:{extension}@{host}"),
                    content_type=content_type,
                    body=body,
                    token=token,
                    now=now,
                )
        return True

    def _answer(self, message: MessageToUs, status: int) -> None:
        with self._driver.turn() as now:
            message.answer(status, now)


def pieces_of(text: str) -> list[bytes]:
    """Return a text in UTF-8, cut between characters into what one MESSAGE each may hold."""
    data = text.encode("utf-8", "replace")
    pieces: list[bytes] = []
    while len(data) > PIECE_BYTES:
        end = PIECE_BYTES
        while data[end] & _CONTINUED_MASK == _CONTINUED:
            end -= 1
        pieces.append(data[:end])
        data = data[end:]
    return [*pieces, data][:_MOST_PIECES]
