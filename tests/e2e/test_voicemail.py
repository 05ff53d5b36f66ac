"""Messages left over the fake network: what was heard and kept, and a real phone's lamp."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from firmware.control.client import ControlClient, NoSwitch
from firmware.control.voicemail import ListMessages, MessagesReply
from firmware.core.messages import Message
from firmware.sim.listening import Samples, find_speech, read_wav
from hal.fake.control import Caller
from hal.fake.modem import KEY_DELAY
from hal.fake.network import PartyScript
from tests.e2e.box import Box, dump
from tests.interop.baresip import Baresip

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

CALLER = "13800138000"
SPEECH = "emergency-broadcast"
"""What callers say in these stories: a prompt that nobody is played, so that it can be told apart."""


async def _speaks(box: Box, extension: str) -> Caller:
    """Have somebody call an extension, speaking all the time."""
    return await box.world.call(
        PartyScript(
            number=CALLER,
            digits=extension,
            digits_after=1.0,
            play=(str(box.paths.prompts / "zh-CN" / f"{SPEECH}.wav"),),
            loop=True,
            hear=str(box.folder / f"heard-{CALLER}.wav"),
        )
    )


async def _messages(box: Box, mailbox: str) -> list[Message]:
    try:
        async with ControlClient(box.paths.control_socket) as switch:
            return (await switch.ask(ListMessages(mailbox=mailbox), MessagesReply)).messages
    except NoSwitch:
        return []


async def _recording(box: Box, seconds: float) -> None:
    """Wait until a message has been spoken for so long."""

    def spoken() -> bool:
        files = list((box.paths.root / "voicemail").rglob("*.wav"))
        return bool(files) and files[0].stat().st_size > seconds * 32_000

    await box.until(lambda: spoken(), 40)


async def test_a_caller_hears_the_greeting_leaves_a_message_and_the_lamp_is_lit(box: Box) -> None:
    async with _lamp(box, "101") as phone:
        await _message_lights(box, phone)


@asynccontextmanager
async def _lamp(box: Box, extension: str) -> AsyncIterator[Baresip]:
    """Start a phone that watches its message lamp."""
    account = await box.account(extension)
    for attempt in range(10):
        async with Baresip.running(
            box.folder / f"lamp-{attempt}",
            extension,
            account.secret,
            registrar_port=await box.sip_port(),
            mailbox=True,
        ) as phone:
            await phone.registered()
            await asyncio.sleep(1)
            # Now and then baresip 1.0 subscribes a thousand times a second as soon as it has registered.
            if phone.log().count("subscribing to messages") < 6:
                yield phone
                return
    raise AssertionError("every phone went wild")


async def _message_lights(box: Box, phone: Baresip) -> None:
    caller = await _speaks(box, "101")
    await phone.event("CALL_INCOMING")
    await phone.hang_up()
    await _recording(box, 4)
    await caller.hang_up()
    journey = await box.journey()
    assert len(journey.voicemails) == 1, dump(journey)
    heard = [box.heard_prompt(CALLER, key) for key in ("recording-notice", "vm-extension", "vm-leave")]
    assert None not in heard, heard
    assert heard == sorted(heard, key=lambda moment: moment or 0.0)

    async def delivered() -> bool:
        return bool(await _messages(box, "101"))

    await box.until(delivered)
    (message,) = await _messages(box, "101")
    assert message.complete
    rate, samples = read_wav(box.paths.root / "voicemail" / message.path)
    assert (rate, samples.shape[1]) == (8000, 1)
    assert find_speech(samples[:, 0], box.prompt(SPEECH)) is not None
    await box.until(lambda: re.search(r"Messages-Waiting: yes", phone.log()) is not None)
    assert "Voice-Message: 1/0" in phone.log()


async def test_a_message_survives_the_switch_being_killed(box: Box) -> None:
    await _speaks(box, "102")
    await _recording(box, 5)
    killed = box.simulation.switch.pid
    assert killed is not None
    (file,) = (box.paths.root / "voicemail").rglob("*.wav")
    os.kill(killed, signal.SIGKILL)
    spoken_seconds = (file.stat().st_size - 44) / 32_000
    began = time.monotonic()

    async def delivered() -> bool:
        return bool(await _messages(box, "102"))

    await box.until(delivered, 40)
    (message,) = await _messages(box, "102")
    assert not message.complete
    assert message.duration_ms / 1000 > spoken_seconds - 1, time.monotonic() - began
    rate, samples = read_wav(file)
    assert len(samples) / rate == pytest.approx(message.duration_ms / 1000, abs=0.02)
    assert find_speech(samples[:, 0], box.prompt(SPEECH)) is not None


# Prompts take 20 MB, and 26 MB must be free for a message to be begun.
_SMALL_DISK = "64m"
_ON_SMALL_DISK = """
mount -t tmpfs -o size=$1 small "$2/state" && exec "$3" -m tests.e2e.full_disk "$2" "$4"
"""


@pytest.mark.timeout(300)
async def test_a_full_disk_is_told_spoils_nothing_and_the_message_comes_later(
    tmp_path: Path, prompts: Path
) -> None:
    if os.geteuid() != 0 or (await _run("unshare", "--mount", "true"))[0] != 0:
        pytest.skip("a disk of its own needs root and leave to mount")
    (tmp_path / "state").mkdir()
    # The mount is seen in the story's own namespace only, and goes with it.
    namespace = ("unshare", "--mount", "--fork", "--kill-child")
    arguments = ("disk", _SMALL_DISK, str(tmp_path), sys.executable, str(prompts))
    status, told = await _run(*namespace, "sh", "-c", _ON_SMALL_DISK, *arguments)
    print(told)
    assert status == 0, told[-3000:]


async def _run(*command: str) -> tuple[int, str]:
    """Run a command in the checkout; return its status and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=Path(__file__).parents[2],
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode or 0, output.decode(errors="replace")


FIRST_WORDS_SECONDS = 0.3
"""From the network's answer to the prompt's first sample at the caller. For the first 0.2 s the fake modem
refuses to switch its audio on, as real ones are said to."""
BARGE_IN_SECONDS = 0.06
"""From the modem's word that a key is pressed (+RXDTMF) to the prompt's last sample at the caller."""
KEY_AT_SECONDS = 3.0
_TRIES = 5


async def test_the_first_words_come_at_once_and_a_key_stops_them(box: Box) -> None:
    words, silences = [], []
    for turn in range(_TRIES):
        number = f"1380013800{turn}"
        caller = await box.calls(number, digits="1", digits_after=KEY_AT_SECONDS, hertz=None)
        await caller.answered()
        await asyncio.sleep(KEY_AT_SECONDS + 1.2)
        await caller.hang_up()
        await box.journey(turn + 1)
        began = box.heard_prompt(number, "recording-notice")
        assert began is not None
        words.append(began)
        answered, pressed = (
            next(one.at for one in caller.history if one.word == word) for word in ("answered", "pressed")
        )
        # The modem tells of a key so long after it began to sound; before, nobody can know.
        silences.append(_silent_from(box.heard(number), pressed - answered + KEY_DELAY))
    print(f"first words after the answer: {_ms(words)}; silent after the key is told: {_ms(silences)}")
    # The median: a busy machine's other work is not the box's.
    assert statistics.median(words) <= FIRST_WORDS_SECONDS
    assert statistics.median(silences) <= BARGE_IN_SECONDS


def _ms(seconds: Iterable[float]) -> str:
    return " ".join(f"{one * 1000:.0f}" for one in seconds) + " ms"


def _silent_from(samples: Samples, moment: float) -> float:
    """Return how long after a moment what is heard falls silent for good, at least half a second."""
    frames = samples[: len(samples) // 80 * 80].reshape(-1, 80)
    quiet = np.sqrt((frames**2).mean(axis=1)) < 0.002
    first = round(moment * 100)
    for index in range(first, len(quiet) - 50):
        if quiet[index : index + 50].all():
            return (index - first) / 100
    raise AssertionError("it never fell silent")
