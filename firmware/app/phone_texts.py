"""Texts between phones and the outside: a phone's MESSAGE becomes an SMS, an SMS reaches the phones.

phone ──MESSAGE──► 13800138000 ──► TextSender ──► SMS
SMS ──► who wrote to that number last, else the operator ──MESSAGE──► phones, now or when one registers
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque

from firmware.app.parts import Parts
from firmware.core.errors import ZongjiError
from firmware.core.texts import ReceivedText, TextSender
from firmware.switch.numbering import NumberClass

logger = logging.getLogger(__name__)

# Whom a phone may write to: what is charged by the minute or abroad is out, as it is for calls at first.
_ALLOWED = (NumberClass.MOBILE, NumberClass.SERVICE)
# Numbers of which it is remembered who wrote to them last.
_REMEMBERED = 1000
# Texts kept for somebody whose phones are all off, each, until one registers; the store has them anyway.
_MOST_WAITING = 50
PURPOSE = "phone"


class PhoneTexts:
    """Carries texts between phones and lines.

    Args:
        parts: Of the switch.
        sender: Sends messages for the box.
    """

    def __init__(self, parts: Parts, sender: TextSender) -> None:
        self._parts = parts
        self._sender = sender
        self._writers: OrderedDict[str, str] = OrderedDict()
        self._waiting: dict[str, deque[ReceivedText]] = {}
        self._sending: set[asyncio.Task[None]] = set()

    def carry(self, from_: str, to: str, text: str) -> bool:
        """Send a phone's text outside; false when it may not be."""
        number = self._parts.outbound.plan.read(to)
        if number.number_class not in _ALLOWED:
            logger.info("%s may not send a text to a %s number", from_, number.number_class)
            return False
        self._writers[to] = from_
        self._writers.move_to_end(to)
        if len(self._writers) > _REMEMBERED:
            self._writers.popitem(last=False)
        task = asyncio.create_task(self._send(from_, to, text), name=f"text of {from_}")
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return True

    def received(self, text: ReceivedText) -> None:
        """Show a text that came in to whom it is for."""
        office = self._parts.settings.current.office
        extension = self._writers.get(text.number, office.operator)
        if not self._parts.phones.texts.send(text.number, extension, text.body):
            self._waiting.setdefault(extension, deque(maxlen=_MOST_WAITING)).append(text)

    def registered(self, extension: str) -> None:
        """A phone has registered: show it what came meanwhile."""
        for text in self._waiting.pop(extension, ()):
            self._parts.phones.texts.send(text.number, extension, text.body)

    async def _send(self, from_: str, to: str, text: str) -> None:
        try:
            await self._sender.send(to, text, purpose=PURPOSE, author=from_)
        except ZongjiError as error:
            logger.warning("a text of %s can't be sent: %s", from_, error)
            self._parts.phones.texts.send(to, from_, f"✗ {error}")


def attach(parts: Parts, sender: TextSender) -> None:
    """Have phones' texts go out by `sender`, and what comes in reach them."""
    texts = PhoneTexts(parts, sender)
    parts.phones.texts.on_outside = texts.carry
    parts.phones.on_registered.append(texts.registered)
    sender.listen(texts.received)
