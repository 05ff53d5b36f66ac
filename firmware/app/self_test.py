"""A whole call within the box: a caller without a wire, real call control, the real media process.

    TestLeg ──port──► media ──RTP on loopback──► ear ──DTMF detector──► heard

The script answers and sounds a key; the call counts as good when the ear has heard that key. Nothing of it
enters the records.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from firmware.app.parts import Parts
from firmware.control.care import TestCallReply
from firmware.core.causes import Cause
from firmware.core.errors import ZongjiError
from firmware.core.ids import PortId
from firmware.core.leg import Direction, Leg, LegState, Party
from firmware.core.media import PCMA, DigitHeard, MediaPlane, PlayTone, PortEvent, PortOptions, RtpRemote
from firmware.core.records import Journey
from firmware.core.trace.calls import Heard
from firmware.switch.call import Call
from firmware.switch.journey import JourneyWriter

_HOST: Final = "127.0.0.1"
_KEY: Final = "5"
_KEY_HERTZ: Final = (770.0, 1336.0)
"""ITU-T Q.23."""
_SOUND_MS: Final = 400
_LIMIT_S: Final = 5.0
"""Far above what a sound box needs, with a card that still reads."""


class TestLeg(Leg):
    """An incoming leg whose far end is an ear of ours."""

    __test__ = False

    def __init__(self, plane: MediaPlane, port: PortId) -> None:
        super().__init__("test", Direction.INCOMING, Party(None, "self-test"), "self-test")
        self._plane = plane
        self._port: PortId | None = port

    @property
    def port(self) -> PortId | None:
        return self._port

    async def _do_ring(self, caller: Party) -> None:
        return

    async def _do_progress(self) -> None:
        return

    async def _do_answer(self) -> None:
        return

    async def _do_hang_up(self, cause: Cause, before: LegState) -> None:
        return

    async def _do_hold(self, *, on: bool) -> None:
        return

    def _release(self) -> None:
        if self._port is not None:
            self._plane.close_port(self._port)
            self._port = None


class _NoRecords:
    """A `JourneyStore` that keeps nothing."""

    def begin(self, journey: Journey) -> None:
        return

    def update(self, journey: Journey) -> None:
        return

    async def close(self, journey: Journey) -> None:
        return


async def test_call(parts: Parts) -> TestCallReply:
    """Make the call; return what came of it. Never raises."""
    try:
        async with asyncio.timeout(_LIMIT_S):
            return await _test_call(parts)
    except TimeoutError:
        return TestCallReply(ok=False, detail=f"the key was not heard within {_LIMIT_S:.0f} s")
    except ZongjiError as error:
        return TestCallReply(ok=False, detail=str(error))


async def _test_call(parts: Parts) -> TestCallReply:
    plane = parts.plane
    mouth = await plane.open_rtp(_HOST)
    ear = await plane.open_rtp(_HOST)
    heard = asyncio.Event()

    def listen(event: PortEvent) -> None:
        if isinstance(event, DigitHeard) and event.digit == _KEY:
            heard.set()

    forget = plane.listen(ear.port_id, listen)
    try:
        plane.aim_rtp(mouth.port_id, RtpRemote(_HOST, ear.port, PCMA))
        plane.aim_rtp(ear.port_id, RtpRemote(_HOST, mouth.port, PCMA))
        plane.configure(ear.port_id, PortOptions(detect_digits=True))
        leg = TestLeg(plane, mouth.port_id)
        journey = JourneyWriter(_NoRecords(), parts.clock, leg, leg.address, None)
        call = Call(leg, journey, plane, parts.directory, parts.exchange.tones, None)
        times: list[float] = [time.monotonic()]

        async def script(call: Call) -> None:
            await call.answer()
            times.append(time.monotonic())
            call.play_on(Heard.SELF_TEST(), [PlayTone(_KEY_HERTZ, (), duration_ms=_SOUND_MS)], repeat=True)
            await heard.wait()
            times.append(time.monotonic())

        await call.run(script)
    finally:
        forget()
        plane.close_port(ear.port_id)
        plane.close_port(mouth.port_id)
    if len(times) < 3:
        return TestCallReply(ok=False, detail="the test call ended before the key was heard")
    offered, answered, done = times
    return TestCallReply(
        ok=True, answer_ms=int((answered - offered) * 1000), heard_ms=int((done - answered) * 1000)
    )
