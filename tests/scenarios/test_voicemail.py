"""Messages left and heard, told as stories in virtual time."""

from __future__ import annotations

import asyncio
import datetime
import shutil
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from firmware.core.causes import Cause
from firmware.core.clock import Instant
from firmware.core.media import FellSilent, PlayFile, ToneNoticed
from firmware.core.messages import Counts, Message, MessageState
from firmware.core.tones import tones_of
from firmware.switch.call import Call
from ivr.prompts.spoken import ATOMS
from ivr.voicemail import (
    Hearing,
    Leaving,
    Mailbox,
    Mailboxes,
    OwnerSettings,
    Resolved,
    Voicemail,
    VoicemailSettings,
    hear_messages,
    leave_message,
    owner_settings,
    sign_in,
    sound,
)
from tests.ivr.memory_messages import MemoryMessages
from tests.scenarios.office import Office, trace
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime

SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = datetime.date(2026, 11, 18)
PEOPLE = {"101": "Li", "102": "Front desk", "103": "Wang"}
BOXES = (Mailbox("sales", number="800", members=("101", "103")),)


def speech(seconds: float, rate: int = 8000) -> bytes:
    """Return something that sounds like no tone, as the recorder writes it: both channels."""
    noise = np.random.default_rng(1).normal(0, 3000, round(seconds * rate)).astype("<i2")
    return np.repeat(noise, 2).tobytes()


async def at_once(work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Stand for asyncio.to_thread, whose threads know no virtual time."""
    return work(*arguments, **named)


class Box(Office):
    """The office with voicemail; every prompt lasts two seconds."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        place = folder / "prompts" / "en"
        for key in ATOMS["en"]:
            shutil.copy(place / "greeting.wav", place / f"{key}.wav")
        self.store_of_messages = MemoryMessages()
        self.settings = VoicemailSettings(mailboxes=BOXES)
        self.free = 10**9
        self.voicemail = Voicemail(
            self.store_of_messages,
            folder / "voicemail",
            lambda: Mailboxes(self.settings, PEOPLE),
            lambda: self.settings,
            self,
            free_bytes=lambda _: self.free,
        )
        (folder / "voicemail").mkdir()
        self.media.voice = speech(200)
        self.lamps: list[tuple[str, Counts]] = []
        self.voicemail.on_changed.append(lambda name: self.lamps.append((name, self.voicemail.counts(name))))
        self.wall_ms = 1_795_000_000_000
        self.called_back: list[str] = []

    # A Clock whose wall the stories move.

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> Instant:
        return Instant(self.wall_ms + int(self.monotonic() * 1000), 0, "test", clock_set=True)

    def caller_comes_to(self, mailbox: str, number: str | None = "13800138000") -> FakeLeg:
        """Have somebody from outside be led to a mailbox."""
        leaving = Leaving(self.voicemail, "CN", lambda: TODAY, lambda _: False, self._signs_in)

        async def script(call: Call) -> None:
            self.cause = await leave_message(call, mailbox, self.prompts, leaving)

        return self.somebody_rings_in(script, number)

    def owner_listens(self, mailbox: str = "101") -> FakeLeg:
        """Have somebody at the own phone hear the messages."""

        async def script(call: Call) -> None:
            await call.answer()
            await self._hear(call, self.box(mailbox), self._call_back)

        phone = FakeLeg.incoming(mailbox, mailbox, media=self.media)
        self.exchange.take(phone, script)
        return phone

    def box(self, name: str) -> Resolved:
        box = self.voicemail.find(name)
        assert box is not None
        return box

    async def leaves(self, mailbox: str, seconds: float, *, urgent: bool = False) -> None:
        """Have a caller leave a message and hang up."""
        caller = self.caller_comes_to(mailbox)
        await self.until(lambda: bool(self.media.recordings) and self.media.recordings[-1].running)
        await asyncio.sleep(seconds)
        if urgent:
            caller.far.presses("#")
            await self.hears(caller, "vm-review")
            caller.far.presses("4")
            await self.until(lambda: "vm-urgent-marked" in self.has_heard(caller))
        caller.far.ends()
        await self.journey()

    async def keys_after(self, leg: FakeLeg, prompt: str, digits: str) -> None:
        """Have somebody key digits half a second into a prompt."""
        await self.hears(leg, prompt)
        await asyncio.sleep(0.5)
        leg.far.presses(digits)

    def messages(self, mailbox: str = "101") -> list[Message]:
        """Return the messages of a mailbox in the order they came."""
        mine = [one for one in self.store_of_messages.messages.values() if one.mailbox == mailbox]
        return sorted(mine, key=lambda one: one.id)

    async def _signs_in(self, call: Call, box: Resolved) -> None:
        if await sign_in(call, box, self.prompts, self.voicemail):
            await self._hear(call, box, None)

    async def _hear(self, call: Call, box: Resolved, call_back: Any) -> None:
        async def settings(call: Call, box: Resolved, prompts: Any) -> None:
            owner = OwnerSettings(self.voicemail, self.voicemail.folder, lambda: TODAY)
            await owner_settings(call, box, prompts, owner)

        hearing = Hearing(self.voicemail, lambda: SHANGHAI, call_back, settings)
        await hear_messages(call, box, self.prompts, hearing)

    async def _call_back(self, call: Call, number: str) -> Cause:
        self.called_back.append(number)
        return Cause.NORMAL


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setattr("asyncio.to_thread", at_once)
    return Box(tmp_path)


# Leaving a message


async def test_a_caller_leaves_a_message_and_hangs_up(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    assert office.has_heard(caller) == [
        "vm-extension",
        "say-1",
        "say-0",
        "say-1",
        "vm-unavailable",
        "vm-leave",
    ]
    await asyncio.sleep(12)
    caller.far.ends()
    journey = await office.journey()
    (message,) = office.messages()
    assert (message.state, message.caller, message.complete) == (MessageState.NEW, "13800138000", True)
    assert 11_900 <= message.duration_ms <= 12_100
    (record,) = journey.voicemails
    assert (record.mailbox, record.path, record.heard) == ("101", message.path, False)
    assert record.duration_ms == message.duration_ms
    with wave.open(str(office.voicemail.folder / message.path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 8000)
    assert office.lamps == [("101", Counts(new=1))]
    assert office.voicemail.waiting("101") == Counts(new=1)


async def test_a_key_skips_the_greeting(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await asyncio.sleep(1)
    caller.far.presses("#")
    await office.until(lambda: bool(office.media.recordings))
    assert office.monotonic() < 1.2


async def test_a_message_is_reviewed_and_sent(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    await asyncio.sleep(5)
    caller.far.presses("#")
    await office.keys_after(caller, "vm-review", "2")
    await office.until(lambda: len([p for p in office.has_heard(caller) if p == "vm-review"]) == 2)
    own = [name for name in office.has_heard(caller) if name.startswith("0")]
    assert len(own) == 1, "the caller hears the message"
    caller.far.presses("1")
    await office.until(lambda: "vm-sent" in office.has_heard(caller))
    await office.journey()
    (message,) = office.messages()
    # The key that ended it is not in it.
    assert message.duration_ms == pytest.approx(5000 - 250, abs=60)


async def test_a_message_recorded_again_is_one_message(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    await asyncio.sleep(20)
    caller.far.presses("#")
    await office.keys_after(caller, "vm-review", "3")
    await office.until(lambda: len(office.media.recordings) == 2)
    await asyncio.sleep(5)
    caller.far.ends()
    journey = await office.journey()
    (message,) = office.messages()
    assert message.duration_ms == pytest.approx(5000, abs=60)
    assert "records the message again" in trace(journey)
    assert len(list(office.voicemail.folder.rglob("*.wav"))) == 1


async def test_an_urgent_message_comes_first(office: Box) -> None:
    await office.leaves("101", 5)
    await office.leaves("101", 5, urgent=True)
    listed = await office.voicemail.store.listed("101", [MessageState.NEW])
    assert [message.urgent for message in listed] == [True, False]
    assert office.voicemail.counts("101") == Counts(new=2, urgent=1)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (FellSilent(10_000), "nobody spoke any more"),
        (ToneNoticed("busy", 3), "the line sounded busy"),
        (ToneNoticed("congestion", 4), "the line sounded busy"),
    ],
)
async def test_a_caller_who_is_gone_without_a_hang_up_is_noticed(office: Box, event: Any, why: str) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    assert caller.port is not None
    listens = office.media.options_of(caller.port)
    assert (listens.silence_ms, listens.tones_of) == (10_000, "CN")
    await asyncio.sleep(5)
    office.media.notice(caller.port, event)
    journey = await office.journey()
    assert any(why in entry for entry in trace(journey))
    assert len(office.messages()) == 1


async def test_ringing_heard_on_the_line_ends_no_message(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    assert caller.port is not None
    office.media.notice(caller.port, ToneNoticed("ringback", 5))
    office.media.notice(caller.port, ToneNoticed("busy", 1))
    await asyncio.sleep(5)
    assert office.media.recordings[0].running


async def test_the_longest_message_ends_by_itself(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: "vm-sent" in office.has_heard(caller), seconds=300)
    (message,) = office.messages()
    assert message.duration_ms == pytest.approx(180_000, abs=100)


async def test_who_says_nothing_leaves_nothing(office: Box) -> None:
    office.media.voice = None
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    await asyncio.sleep(5)
    caller.far.presses("#")
    await office.keys_after(caller, "vm-review", "1")
    await office.until(lambda: "vm-nothing" in office.has_heard(caller))
    journey = await office.journey()
    assert office.messages() == []
    assert list(office.voicemail.folder.rglob("*.wav")) == []
    assert journey.voicemails == []
    assert office.lamps == []


async def test_a_full_mailbox_says_so(office: Box) -> None:
    office.settings = VoicemailSettings(most_messages=1)
    await office.leaves("101", 5)
    caller = office.caller_comes_to("101")
    await office.hears(caller, "vm-full")
    await office.journey()
    assert len(office.messages()) == 1


async def test_a_full_disk_is_told_before_the_caller_speaks(office: Box) -> None:
    office.free = 1_000_000
    caller = office.caller_comes_to("101")
    await office.hears(caller, "vm-no-space")
    await office.journey()
    assert office.messages() == []


@pytest.mark.parametrize("what", ["recorder", "card"])
async def test_a_disk_that_refuses_is_told_and_leaves_nothing_behind(office: Box, what: str) -> None:
    if what == "recorder":
        office.media.disk_full = True
    else:
        office.store_of_messages.refuses = True
    caller = office.caller_comes_to("101")
    await office.hears(caller, "vm-no-space")
    journey = await office.journey()
    assert any("no room for messages" in entry for entry in trace(journey))
    assert office.messages() == []


async def test_a_message_whose_end_was_lost_is_kept_and_the_caller_told(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    await asyncio.sleep(5)
    office.media.recordings[0].detail = "disk full"
    caller.far.presses("#")
    await office.keys_after(caller, "vm-review", "1")
    await office.until(lambda: "vm-partly" in office.has_heard(caller))
    (message,) = office.messages()
    assert not message.complete
    assert message.state is MessageState.NEW


@pytest.mark.parametrize("even_the_rest", [False, True])
async def test_a_disk_that_fills_while_the_caller_speaks_is_told_at_once(
    office: Box, monkeypatch: pytest.MonkeyPatch, even_the_rest: bool
) -> None:
    finish = sound.finish
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    await asyncio.sleep(5)
    if even_the_rest:
        monkeypatch.setattr(sound, "finish", _full)
    await office.media.recordings[0].disk_fills()
    await asyncio.sleep(0.1)
    assert office.has_heard(caller)[-1] == "vm-partly"
    assert "the disk is full or refuses" in " ".join(trace(await office.journey()))
    monkeypatch.setattr(sound, "finish", finish)
    await office.voicemail.start()
    (message,) = office.messages()
    assert (message.state, message.complete) == (MessageState.NEW, False)
    assert message.duration_ms == pytest.approx(5000, abs=100)
    await office.voicemail.stop()


def _full(*_: Any) -> None:
    raise OSError(28, "No space left on device")


async def test_a_message_that_can_not_be_finished_is_delivered_when_it_can(
    office: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = sound.finish

    monkeypatch.setattr(sound, "finish", _full)
    await office.leaves("101", 5)
    (message,) = office.messages()
    assert message.state is MessageState.BEING_LEFT
    monkeypatch.setattr(sound, "finish", finish)
    await office.voicemail.start()
    (message,) = office.messages()
    assert (message.state, message.complete) == (MessageState.NEW, False)
    await office.voicemail.stop()


async def test_a_message_broken_off_by_a_power_cut_is_delivered_at_the_next_start(office: Box) -> None:
    box = office.box("101")
    take = await office.voicemail.begin(box, "13800138000", None, "J", ())
    recording = await office.media.record(take.file, "x", "x")  # type: ignore[arg-type]  # any port
    await asyncio.sleep(7)
    await recording.close()
    content = take.file.read_bytes()
    # The header as the recorder left it: of an earlier moment.
    take.file.write_bytes(content[:40] + bytes(4) + content[44:])
    again = Voicemail(
        office.store_of_messages,
        office.voicemail.folder,
        lambda: Mailboxes(office.settings, PEOPLE),
        lambda: office.settings,
        office,
    )
    await again.start()
    (message,) = office.messages()
    assert (message.state, message.complete) == (MessageState.NEW, False)
    assert message.duration_ms == pytest.approx(7000, abs=40)
    assert again.counts("101") == Counts(new=1)
    await again.stop()


async def test_an_unknown_mailbox_is_no_place(office: Box) -> None:
    office.caller_comes_to("999")
    await office.journey()
    assert office.cause is Cause.UNALLOCATED_NUMBER


async def test_a_groups_message_lights_the_lamps_of_its_members(office: Box) -> None:
    await office.leaves("sales", 5)
    assert [office.voicemail.waiting(number).new for number in ("101", "102", "103")] == [1, 0, 1]
    assert office.box("800").name == "sales"


# Hearing messages


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
    await office.voicemail.set_pin(office.box("101"), "4711")
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


# The door


async def test_the_owner_signs_in_from_outside_with_the_pin(office: Box) -> None:
    await office.leaves("101", 5)
    await office.voicemail.set_pin(office.box("101"), "4711")
    caller = office.caller_comes_to("101")
    await asyncio.sleep(1)
    caller.far.presses("*")
    await office.keys_after(caller, "enter-pin", "4711#")
    await office.until(lambda: "vm-you-have" in office.has_heard(caller))
    caller.far.ends()
    journey = await office.journey()
    assert not any("4711" in entry.text for entry in journey.timeline)


async def test_wrong_pins_lock_the_mailbox_longer_and_longer(office: Box) -> None:
    box = office.box("101")
    await office.voicemail.set_pin(box, "4711")
    for _ in range(5):
        assert await office.voicemail.open(box, "0000") is None
    assert await office.voicemail.open(box, "4711") is None, "locked: even the right one is not taken"
    office.wall_ms += 16 * 60_000
    assert await office.voicemail.open(box, "0000") is None
    office.wall_ms += 16 * 60_000
    assert await office.voicemail.open(box, "4711") is None, "locked for half an hour now"
    office.wall_ms += 16 * 60_000
    assert await office.voicemail.open(box, "4711") is not None
    assert (await office.voicemail.store.mailbox("101")).wrong_pins == 0


async def test_three_wrong_pins_end_a_call_from_outside(office: Box) -> None:
    await office.voicemail.set_pin(office.box("101"), "4711")
    caller = office.caller_comes_to("101")
    await asyncio.sleep(1)
    caller.far.presses("*")
    for tries in range(3):
        await office.until(lambda: office.has_heard(caller).count("enter-pin") == tries + 1)  # noqa: B023
        await asyncio.sleep(0.5)
        caller.far.presses("1234#")
    journey = await office.journey()
    assert caller.far.refusal is Cause.NORMAL
    assert trace(journey).count("mailbox 101: a wrong PIN") == 3


async def test_a_mailbox_without_a_pin_opens_to_nobody_outside(office: Box) -> None:
    await office.leaves("101", 5)
    caller = office.caller_comes_to("101")
    await asyncio.sleep(1)
    caller.far.presses("*")
    for tries in range(3):
        await office.until(lambda: office.has_heard(caller).count("enter-pin") == tries + 1)  # noqa: B023
        await asyncio.sleep(0.5)
        caller.far.presses("#")
    await office.journey()
    assert "vm-you-have" not in office.has_heard(caller)


# What the owner sets


async def test_the_owner_says_until_when_away(office: Box) -> None:
    await office.leaves("101", 5)
    phone = office.owner_listens()
    await office.keys_after(phone, "vm-keys", "0")
    await office.keys_after(phone, "vm-settings", "4")
    await office.keys_after(phone, "vm-back-on", "1201")
    await office.until(lambda: "vm-greeting-kept" in office.has_heard(phone))
    phone.far.ends()
    await office.journey()
    caller = office.caller_comes_to("101")
    await office.until(lambda: len(office.media.recordings) == 2)
    heard = office.has_heard(caller)
    assert heard[4:] == ["vm-away", "say-month-12", "say-nth-1", "vm-leave"]


async def test_the_owner_records_a_greeting(office: Box) -> None:
    await office.leaves("101", 5)
    phone = office.owner_listens()
    await office.keys_after(phone, "vm-keys", "0")
    await office.keys_after(phone, "vm-settings", "1")
    await office.until(lambda: len(office.media.recordings) == 2)
    await asyncio.sleep(4)
    phone.far.presses("#")
    await office.keys_after(phone, "review-prompt", "1")
    await office.until(lambda: "vm-greeting-kept" in office.has_heard(phone))
    phone.far.ends()
    await office.journey()
    caller = office.caller_comes_to("101")
    await office.until(lambda: len(office.media.recordings) == 3)
    assert office.has_heard(caller) == [office.voicemail.greeting_file("101").stem]


async def test_the_owner_sets_a_pin_and_easy_ones_are_refused(office: Box) -> None:
    await office.leaves("101", 5)
    phone = office.owner_listens()
    await office.keys_after(phone, "vm-keys", "0")
    await office.keys_after(phone, "vm-settings", "5")
    await office.keys_after(phone, "vm-new-pin", "1234#")
    await office.until(lambda: "vm-pin-refused" in office.has_heard(phone))
    await office.keys_after(phone, "vm-settings", "5")
    await office.keys_after(phone, "vm-new-pin", "4711#")
    await office.keys_after(phone, "vm-pin-again", "4711#")
    await office.until(lambda: "vm-pin-kept" in office.has_heard(phone))
    assert await office.voicemail.open(office.box("101"), "4711") is not None
    phone.far.ends()
    assert not any("4711" in entry.text for entry in (await office.journey()).timeline)


async def test_the_tones_that_end_messages_are_the_countrys(office: Box) -> None:
    caller = office.caller_comes_to("101")
    await office.until(lambda: bool(office.media.recordings))
    assert caller.port is not None
    assert office.media.options_of(caller.port).tones_of == "CN"
    assert tones_of("CN").busy.frequencies == (450,)
