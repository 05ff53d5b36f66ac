"""Line and handset of the box over a real UART (a pty) on the board code that MicroPython runs, in real
time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hal.coprocessor.board import Coprocessor
from hal.coprocessor.fxo_line import FxoLine
from hal.coprocessor.handset_line import HandsetLine
from hal.fake.coprocessor import FakeCoprocessor
from hal.fake.network import PartyScript
from hal.line import (
    AudioReady,
    CallConnected,
    CallEnded,
    DigitReceived,
    EndReason,
    IncomingCall,
    LineState,
    RemoteAlerting,
)
from tests.contracts.line_contract import Heard

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@contextlib.asynccontextmanager
async def box(folder: Path) -> AsyncIterator[tuple[FakeCoprocessor, FxoLine, HandsetLine]]:
    fake = FakeCoprocessor(folder / "uart", lambda kind, what: sounds(kind, what))
    board = Coprocessor(str(folder / "uart"))
    line, handset = FxoLine("pstn1", board, "alsa:a"), HandsetLine("handset", board, "alsa:b")

    def sounds(kind: str, what: str) -> None:
        if kind == "caller":
            line.caller_heard(what, withheld=False)
        elif kind == "key":
            line.key_heard(what)

    await fake.power_on()
    await line.start()
    await handset.start()
    try:
        await Heard(line).state(line, LineState.READY)
        yield fake, line, handset
    finally:
        await line.stop()
        await handset.stop()
        await fake.power_off()


async def test_a_caller_is_announced_answered_heard_and_hangs_up(tmp_path: Path) -> None:
    async with box(tmp_path) as (fake, line, _):
        heard = Heard(line)
        call = fake.network.call(PartyScript("13800138000"))
        assert (await heard.next(IncomingCall)).number == "13800138000"
        await line.answer()
        await heard.next(AudioReady)
        fake.network.party_presses(call, "15", 0.3)
        await heard.next(DigitReceived, 2)
        assert "".join(event.digit for event in heard.all(DigitReceived)) == "15"
        # The board takes no change of the current for a message while the line settles.
        await asyncio.sleep(1)
        fake.network.party_hangs_up(call)
        ended = await heard.next(CallEnded)
        assert (ended.reason, ended.detail) == (EndReason.REMOTE_HANG_UP, "the exchange opened the loop")
        await heard.state(line, LineState.READY)


async def test_the_handset_is_lifted_and_rung(tmp_path: Path) -> None:
    async with box(tmp_path) as (fake, _, handset):
        heard = Heard(handset)
        fake.telephone.lift()
        await heard.next(IncomingCall)
        await handset.answer()
        fake.telephone.put_back()
        await heard.next(CallEnded)
        await heard.state(handset, LineState.READY)
        await handset.dial("101")
        await heard.next(RemoteAlerting)
        await asyncio.sleep(1.5)
        assert fake.levels["ringing"]
        fake.telephone.lift()
        await heard.next(CallConnected, 2)
        async with asyncio.timeout(5):
            while fake.levels["ringing"]:
                await asyncio.sleep(0.05)


async def test_a_firmware_that_stops_ties_the_line_to_the_handset(tmp_path: Path) -> None:
    async with box(tmp_path) as (fake, line, handset):
        async with asyncio.timeout(10):
            while not fake.levels["held"]:
                await asyncio.sleep(0.1)
        await line.stop()
        await handset.stop()
        async with asyncio.timeout(10):
            while fake.levels["held"]:
                await asyncio.sleep(0.1)
