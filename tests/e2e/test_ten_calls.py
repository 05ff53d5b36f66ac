"""Ten calls at once, phone to phone, recorded, with every sample accounted for.

SIPp sends noise as A-law; SIPp at the other end echoes it. What the recording holds on the left is what
arrived, and on the right what came back through the switch in both directions: a lost, late or doubled frame
anywhere shows as a stretch that doesn't match, and is only forgiven if the media process counted it.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import numpy as np
import pytest

from firmware.core.records import Outcome
from firmware.media.g711 import ALAW
from firmware.sim.listening import Samples
from tests.e2e.box import Box, dump
from tests.interop import sipp
from tests.interop.baresip import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(120)]

CALLS = 10
SECONDS = 10
FRAME = 160
SLACK = 4 * FRAME
"""How much later than the frame before it a frame may be heard, when the delay had to grow in between."""
COST_OF_LATE = 8
"""Frames that a packet too late can cost: the pause it ended, some frames long, in both channels."""
FORGIVEN = 0.02
"""Share of the frames that a busy machine may make late."""


async def test_ten_recorded_calls_lose_nothing(box: Box, tmp_path: Path) -> None:
    noise = random.Random(7).randbytes(8000 * SECONDS)
    (tmp_path / "noise.alaw").write_bytes(noise)
    sent = ALAW.decoded[np.frombuffer(noise, np.uint8)] / 32768
    talks = _variant(
        tmp_path,
        "uac_calls",
        (
            "<pause/>",
            f'<nop><action><exec rtp_stream="{tmp_path}/noise.alaw,1,8"/></action></nop><pause/>',
        ),
        ("[auto_media_port]", "[rtpstream_audio_port]"),
    )
    echoes = _variant(tmp_path, "uas_answers", ("[auto_media_port]", "[media_port]"))
    account = await box.account("101")
    echo = ("-rtp_echo", "-mp", str(free_port()))
    async with box.scripted_phone("102", echoes, calls=CALLS, extra=echo):
        async with sipp.running(
            tmp_path,
            talks,
            registrar_port=await box.sip_port(),
            local_port=free_port(),
            user="101",
            secret=account.secret,
            number="102",
            calls=CALLS,
            rate=10,
            pause_ms=(SECONDS + 1) * 1000,
            extra=("-mp", str(free_port())),
        ) as caller:
            await asyncio.sleep(SECONDS)
            media = (await box.status()).media
            await caller.wait()
        assert caller.succeeded, caller.report()
    await box.journey(CALLS)
    journeys = await box.journeys()
    assert len(journeys) == CALLS
    missing = 0
    for journey in journeys:
        assert journey.outcome is Outcome.ANSWERED, dump(journey)
        assert journey.recordings[0].complete, dump(journey)
        left, right = box.recording(journey)
        missing += _frames_missing(left, sent) + _frames_missing(right, sent)
    after = (await box.status()).media
    assert media["recorders"] == CALLS
    # A machine that keeps SIPp waiting makes it send late and in bursts; whatever that costs is owned up to.
    assert missing <= COST_OF_LATE * after["late"] + after["lost"], (missing, after)
    assert missing <= FORGIVEN * 2 * CALLS * SECONDS * 50, (missing, after)


def _frames_missing(heard: Samples, sent: Samples) -> int:
    """Return how many 20 ms frames of what was sent are not in what was heard, in their order.

    Left out are the first two, which may arrive before the two phones are connected, and the last half
    second, which may not have come round when the call ends.
    """
    wanted = sent[2 * FRAME : len(sent) - 4000].reshape(-1, FRAME)
    missing, place, reach = 0, 0, len(heard)
    for frame in wanted:
        found = _where(heard[place : place + reach], frame)
        if found is None:
            missing += 1
            reach += FRAME
        else:
            place += found + FRAME
            reach = SLACK + FRAME
    return missing


def _where(heard: Samples, pattern: Samples) -> int | None:
    """Return at which sample a pattern begins, exactly."""
    candidates = np.nonzero(np.abs(heard[: len(heard) - len(pattern)] - pattern[0]) < 1e-9)[0]
    for candidate in candidates:
        if np.abs(heard[candidate : candidate + len(pattern)] - pattern).max() < 1e-9:
            return int(candidate)
    return None


def _variant(folder: Path, scenario: str, *changes: tuple[str, str]) -> Path:
    """Return a scenario of the interop tests with some of its text changed."""
    text = (sipp.SCENARIOS / f"{scenario}.xml").read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{scenario}.xml"
    path.write_text(text, "utf-8")
    return path
