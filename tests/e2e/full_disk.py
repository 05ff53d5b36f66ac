"""A box whose disk fills while a caller speaks; run by `test_voicemail` where the disk is a small one.

python -m tests.e2e.full_disk FOLDER PROMPTS      FOLDER/state is the small disk
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
import sys
import time
from pathlib import Path

from firmware.control.client import ControlClient, NoSwitch
from firmware.control.voicemail import ListMessages, MessagesReply
from firmware.core.messages import Message
from firmware.sim.listening import find_speech, read_wav
from hal.fake.control import Caller
from hal.fake.network import PartyScript
from tests.e2e.box import Box

FIRST, SECOND = "13800138000", "13800138001"
SPEECH = "emergency-broadcast"
"""What callers say here: a prompt that nobody is played, so that it can be told apart."""
_SPOKEN_SECONDS = 4.0
# Room is looked for once a minute; the rest is a busy machine's.
_DELIVERED_SECONDS = 90.0


async def _speaks(box: Box, number: str) -> Caller:
    """Have somebody call extension 102, whose phone is off, and speak all the time."""
    return await box.world.call(
        PartyScript(
            number=number,
            digits="102",
            digits_after=1.0,
            play=(str(box.paths.prompts / "zh-CN" / f"{SPEECH}.wav"),),
            loop=True,
            hear=str(box.folder / f"heard-{number}.wav"),
        )
    )


def _fill(disk: Path) -> Path:
    """Write until nothing more fits; return the file that takes all the room."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for piece in (1 << 20, 4096, 1):
            while True:
                try:
                    file.write(bytes(piece))
                except OSError as error:
                    assert error.errno == errno.ENOSPC, error
                    break
    return filler


def _heard(box: Box, number: str, prompt: str) -> bool:
    try:
        return box.heard_prompt(number, prompt) is not None
    except (FileNotFoundError, EOFError):
        return False  # not answered yet


async def _messages(box: Box) -> list[Message]:
    try:
        async with ControlClient(box.paths.control_socket) as switch:
            return (await switch.ask(ListMessages(mailbox="102"), MessagesReply)).messages
    except NoSwitch:
        return []


async def story(folder: Path, prompts: Path) -> None:
    """One caller's message is cut off by the full disk, the next is refused; the first is delivered later."""
    async with Box.running(folder, prompts) as box:
        voicemail = box.paths.root / "voicemail"
        await _speaks(box, FIRST)
        await box.until(
            lambda: any(one.stat().st_size > _SPOKEN_SECONDS * 32_000 for one in voicemail.rglob("*.wav")), 40
        )
        switch = box.simulation.switch.pid
        filler = _fill(box.paths.root)
        filled = time.monotonic()
        assert shutil.disk_usage(box.paths.root).free == 0
        await box.until(lambda: _heard(box, FIRST, "vm-partly"), 30)
        print(f"told {time.monotonic() - filled:.1f} s after the disk was full")
        await _speaks(box, SECOND)
        await box.until(lambda: _heard(box, SECOND, "vm-no-space"), 40)
        assert await _messages(box) == []
        assert [one.name for one in voicemail.rglob("*.new")] == []
        filler.unlink()
        freed = time.monotonic()

        async def delivered() -> bool:
            return bool(await _messages(box))

        await box.until(delivered, _DELIVERED_SECONDS)
        print(f"delivered {time.monotonic() - freed:.1f} s after there was room again")
        (message,) = await _messages(box)
        assert (message.complete, message.caller) == (False, FIRST)
        assert message.duration_ms > (_SPOKEN_SECONDS - 1) * 1000, message
        rate, samples = read_wav(voicemail / message.path)
        assert len(samples) * 1000 // rate == message.duration_ms
        assert find_speech(samples[:, 0], box.prompt(SPEECH)) is not None
        assert box.simulation.switch.pid == switch, "it went on through all of it"
        await box.journey(2)
    for database in box.paths.root.glob("*.sqlite"):
        connection = sqlite3.connect(database)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], database
        connection.close()


if __name__ == "__main__":
    os.umask(0o077)
    asyncio.run(story(Path(sys.argv[1]), Path(sys.argv[2])))
