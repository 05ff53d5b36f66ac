"""Messages heard by whom they are for, told as stories in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firmware.core.media import PlayFile
from firmware.core.messages import Counts, MessageState
from tests.scenarios.mailboxes import Box, at_once
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setattr("asyncio.to_thread", at_once)
    return Box(tmp_path)


async def test_the_owner_hears_who_called_and_when_and_the_message(office: Box) -> None:
    await office.leaves("101", 5)
    phone = office.owner_listens()
    await office.until(lambda: "vm-keys" in office.has_heard(phone))
    heard = office.has_heard(phone)
    assert heard[:2] == ["vm-you-have", "say-1"]
    assert "vm-from" in heard
    (message,) = office.messages()
    assert message.state is MessageState.SAVED, "played to its end, it is new no more"
    assert office.lamps[-1] == ("101", Counts(saved=1))
    phone.far.presses("3")
    await office.until(lambda: "vm-deleted" in office.has_heard(phone))
    await office.until(lambda: "vm-no-more" in office.has_heard(phone))
    assert office.messages()[0].state is MessageState.DELETED


async def test_a_message_left_in_the_middle_stays_new(office: Box) -> None:
    await office.leaves("101", 30)
    phone = office.owner_listens()
    await office.until(lambda: _playing_message(office, phone) is not None)
    await asyncio.sleep(10)
    phone.far.ends()
    await office.journey()
    assert office.messages()[0].state is MessageState.NEW


async def test_back_and_on_move_by_five_seconds(office: Box) -> None:
    await office.leaves("101", 30)
    phone = office.owner_listens()
    await office.until(lambda: _playing_message(office, phone) is not None)
    await asyncio.sleep(12)
    phone.far.presses("4")
    await asyncio.sleep(0.1)
    assert _playing_message(office, phone) == pytest.approx(7000, abs=60)
    await asyncio.sleep(1)
    phone.far.presses("6")
    await asyncio.sleep(0.1)
    assert _playing_message(office, phone) == pytest.approx(13_100, abs=200)
    phone.far.presses("2")
    await asyncio.sleep(0.1)
    assert _playing_message(office, phone) == 0
    for _ in range(4):
        phone.far.presses("4")
    await asyncio.sleep(0.1)
    assert _playing_message(office, phone) == 0


def _playing_message(office: Box, phone: FakeLeg) -> int | None:
    """Return from where a message is being played to a phone, in ms; None when none is."""
    playing = office.media.playing(phone.port) if phone.port is not None else None
    if playing is None or not playing.items or not isinstance(playing.items[0], PlayFile):
        return None
    item = playing.items[0]
    return item.start_ms if "voicemail" in item.path else None


async def test_a_message_is_forwarded_and_lives_on_its_own(office: Box) -> None:
    await office.leaves("101", 5)
    phone = office.owner_listens()
    await office.keys_after(phone, "vm-keys", "8")
    await office.keys_after(phone, "vm-forward-to", "103#")
    await office.until(lambda: "vm-forwarded" in office.has_heard(phone))
    (copy,) = office.messages("103")
    assert (copy.state, copy.forwarded_by, copy.caller) == (MessageState.NEW, "101", "13800138000")
    assert office.voicemail.waiting("103").new == 1
    await office.voicemail.delete(office.messages()[0].id)
    office.wall_ms += 8 * 86_400_000
    await office.voicemail.clear_away()
    assert office.messages() == []
    assert (office.voicemail.folder / copy.path).exists()


async def test_the_caller_is_called_back(office: Box) -> None:
    await office.leaves("101", 5)
    phone = office.owner_listens()
    await office.keys_after(phone, "vm-keys", "7")
    await office.until(lambda: office.called_back == ["13800138000"])


async def test_nobody_outside_calls_back_through_a_mailbox(office: Box) -> None:
    await office.leaves("101", 5)
    await office.voicemail.door.set_pin(office.box("101"), "4711")
    caller = office.caller_comes_to("101")
    await asyncio.sleep(1)
    caller.far.presses("*")
    await office.keys_after(caller, "enter-pin", "4711#")
    await office.keys_after(caller, "vm-keys", "7")
    await office.until(lambda: "vm-not-called" in office.has_heard(caller))
    assert office.called_back == []
    assert office.lines.dialled == []


async def test_two_listeners_at_one_mailbox_do_not_quarrel(office: Box) -> None:
    for _ in range(3):
        await office.leaves("sales", 5)
    one, other = office.owner_listens("sales"), office.owner_listens("sales")
    await office.until(lambda: _playing_message(office, one) is not None)
    one.far.presses("3")
    await office.until(lambda: _playing_message(office, other) is not None)
    other.far.presses("3")
    for phone in (one, other):
        await office.until(lambda: "vm-deleted" in office.has_heard(phone))  # noqa: B023 - waited for at once
    # The first deleted it; the second is told the same, and nothing is deleted twice or by mistake.
    states = [message.state for message in office.messages("sales")]
    assert states.count(MessageState.DELETED) == 1
    one.far.ends()
    other.far.ends()
    await office.until(lambda: not office.exchange.live())


async def test_a_message_under_legal_hold_outlives_its_deletion(office: Box) -> None:
    await office.leaves("101", 5)
    message = office.messages()[0]
    office.store_of_messages.held.add(message.id)
    await office.voicemail.delete(message.id)
    office.wall_ms += 4000 * 86_400_000
    await office.voicemail.clear_away()
    assert (office.voicemail.folder / message.path).exists()
    office.store_of_messages.held.clear()
    await office.voicemail.clear_away()
    assert office.messages() == []
    assert not (office.voicemail.folder / message.path).exists()


async def test_unheard_messages_are_never_cleared_away(office: Box) -> None:
    await office.leaves("101", 5)
    office.wall_ms += 4000 * 86_400_000
    office.voicemail._keep_days = lambda: 1
    await office.voicemail.clear_away()
    assert [message.state for message in office.messages()] == [MessageState.NEW]
    await office.voicemail.heard(office.messages()[0])
    saved = office.messages()[0]
    assert saved.state is MessageState.SAVED
    await office.voicemail.clear_away()
    assert office.messages() == []
