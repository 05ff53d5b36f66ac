"""Texts between phones and the outside: an SMS goes out, an answer comes back to who wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from extensions.sip.transaction.base import LARGEST_DATAGRAM
from firmware.app.parts import Parts
from firmware.app.phone_texts import attach
from firmware.core.errors import UserError
from firmware.core.texts import OnText, ReceivedText
from firmware.settings.document import Settings
from firmware.switch.numbering import NumberPlan
from tests.extensions.office import Office

pytestmark = pytest.mark.looptime

MOBILE = "13800138000"


class Sender:
    """Sends messages, or refuses to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.refuses = ""
        self.listeners: list[OnText] = []

    async def send(
        self, number: str, body: str, *, purpose: str = "", author: str = "", line: str | None = None
    ) -> str:
        if self.refuses:
            raise UserError(self.refuses)
        self.sent.append((author, number, body))
        return "key"

    def listen(self, listener: OnText) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: None

    def receives(self, number: str, body: str) -> None:
        for listener in self.listeners:
            listener(ReceivedText(1, "gsm1", number, body, 0))


async def an_office() -> tuple[Office, Sender]:
    place = Office()
    await place.open()
    sender = Sender()
    parts: Any = SimpleNamespace(
        phones=place.phones,
        outbound=SimpleNamespace(plan=NumberPlan("CN")),
        settings=SimpleNamespace(current=Settings()),
    )
    attach(cast("Parts", parts), sender)
    return place, sender


def texts_at(place: Office, extension: str) -> list[str]:
    """Return the bodies of the messages sent to a phone, each once however often it was repeated."""
    found = [data.decode() for data in place.net.carried if data.startswith(b"MESSAGE")]
    bodies = [text.partition("\r\n\r\n")[2] for text in found if f"To: <sip:{extension}@" in text]
    return list(dict.fromkeys(bodies))


async def test_an_answer_comes_back_to_who_wrote() -> None:
    place, sender = await an_office()
    await place.phone("101")
    await place.phone("102")
    assert place.phones.texts.on_outside is not None
    assert place.phones.texts.on_outside("102", MOBILE, "on my way")
    await place.settle()
    assert sender.sent == [("102", MOBILE, "on my way")]
    sender.receives(MOBILE, "good")
    sender.receives("13900139000", "who is there?")
    await place.settle()
    assert texts_at(place, "102") == ["good"]
    # A stranger's goes to the operator.
    assert texts_at(place, "101") == ["who is there?"]


async def test_a_long_text_comes_in_pieces_and_no_character_is_lost() -> None:
    place, sender = await an_office()
    await place.phone("101")
    long = "".join(f"第{number}句，请回电。" for number in range(200))
    sender.receives(MOBILE, long)
    await place.settle()
    pieces = texts_at(place, "101")
    assert "".join(pieces) == long
    # None is so long that it would have to leave UDP.
    assert len(pieces) > 1
    assert all(len(data) <= LARGEST_DATAGRAM for data in place.net.carried)


async def test_a_text_waits_for_a_phone_that_is_off() -> None:
    place, sender = await an_office()
    sender.receives(MOBILE, "call me")
    await place.phone("101")
    await place.settle()
    assert texts_at(place, "101") == ["call me"]


async def test_what_cannot_be_sent_is_told_to_the_writer() -> None:
    place, sender = await an_office()
    await place.phone("102")
    sender.refuses = "no line of this box carries messages"
    assert place.phones.texts.on_outside is not None
    assert place.phones.texts.on_outside("102", MOBILE, "hello")
    await asyncio.sleep(1)
    assert texts_at(place, "102") == ["✗ no line of this box carries messages"]


@pytest.mark.parametrize("number", ["0012125550100", "110", "16888888"])
async def test_where_no_text_may_go(number: str) -> None:
    place, sender = await an_office()
    assert place.phones.texts.on_outside is not None
    assert not place.phones.texts.on_outside("102", number, "hello")
    assert sender.sent == []
