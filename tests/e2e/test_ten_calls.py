"""Ten calls at once, phone to phone, recorded, with every sample accounted for.

SIPp sends noise as A-law; SIPp at the other end echoes it. What the recording holds on the left is what
arrived, and on the right what came back through the switch in both directions: a lost, late or doubled frame
anywhere shows as a stretch that doesn't match.
"""

from __future__ import annotations

import asyncio
import random
import socket
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
    echo = ("-rtp_echo", "-mp", str(free_port(socket.SOCK_DGRAM)))
    async with box.scripted_phone("102", echoes, calls=CALLS, extra=echo):
        async with sipp.running(
            tmp_path,
            talks,
            registrar_port=await box.sip_port(),
            local_port=free_port(socket.SOCK_DGRAM),
            user="101",
            secret=account.secret,
            number="102",
            calls=CALLS,
            rate=10,
            pause_ms=(SECONDS + 1) * 1000,
            extra=("-mp", str(free_port(socket.SOCK_DGRAM))),
        ) as caller:
            await asyncio.sleep(SECONDS)
            media = (await box.status()).media
            await caller.wait()
        assert caller.succeeded, caller.report()
    await box.journey(CALLS)
    journeys = await box.journeys()
    assert len(journeys) == CALLS
    for journey in journeys:
        assert journey.outcome is Outcome.ANSWERED, dump(journey)
        assert journey.recordings[0].complete, dump(journey)
        left, right = box.recording(journey)
        assert _frames_missing(left, sent) == 0
        assert _frames_missing(right, sent) == 0
    assert media["lateness_p99_ms"] < 2, media
    assert media["lost"] == media["late"] == 0, media
    assert media["recorders"] == CALLS


def _frames_missing(heard: Samples, sent: Samples) -> int:
    """Return how many 20 ms frames of what was sent are not in what was heard, one after the other.

    Left out are the first two, which may arrive before the two phones are connected, and the last half
    second, which may not have come round when the call ends.
    """
    wanted = sent[2 * FRAME : len(sent) - 4000].reshape(-1, FRAME)
    begin = _where(heard, wanted[0])
    assert begin is not None, "the beginning was not heard"
    got = heard[begin : begin + wanted.size]
    got = np.concatenate([got, np.zeros(wanted.size - len(got))]).reshape(-1, FRAME)
    return int((np.abs(wanted - got).max(axis=1) > 1e-9).sum())


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
