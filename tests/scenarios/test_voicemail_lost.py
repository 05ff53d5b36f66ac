"""Messages that a full disk or a power cut gets in the way of, told as stories in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from firmware.core.messages import Counts, MessageState
from ivr.voicemail import (
    Mailboxes,
    Voicemail,
    VoicemailSettings,
    sound,
)
from tests.scenarios.mailboxes import PEOPLE, Box, at_once
from tests.scenarios.office import trace

pytestmark = pytest.mark.looptime


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setattr("asyncio.to_thread", at_once)
    return Box(tmp_path)


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
