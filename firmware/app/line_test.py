"""A test call over a line: dial, wait for the answer, sound a tone, and measure what comes back.

none ─► dialling ─► ringing ─► talking ─► ended
                                 │ first half: the tone sounds, its echo is the level that comes in meanwhile
                                 └ second half: silence, the far end's own level
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Final

import msgspec

from firmware.app.parts import Parts
from firmware.control.line_care import AskTestCall, BeginTestCall, EndTestCall, TestCallState
from firmware.core.causes import Cause
from firmware.core.errors import UserError, ZongjiError
from firmware.core.leg import LegEnded, LegEvent, LegState, Party, StateChanged
from firmware.core.media import LevelMetered, PlayTone, PortEvent
from firmware.trunks.line_leg import LineLeg

_RING_S: Final = 60.0
_TONE_HERTZ: Final = 1004.0
"""As transmission tests use (ITU-T O.6 lets 1004 to 1020 Hz)."""
_TONE_DBM0: Final = -10.0
_SETTLE_S: Final = 0.6
"""Of the tone's beginning that isn't measured: round trip and canceller."""


class LineTest:
    """The test calls of one switch; one at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._task: asyncio.Task[None] | None = None
        self._state = TestCallState(state="none")

    async def begin(self, request: BeginTestCall) -> TestCallState:
        """Begin one.

        Raises:
            UserError: One runs already, or no line is free.
        """
        if self._task is not None and not self._task.done():
            raise UserError("A test call is in progress; end it first. / 已有测试呼叫在进行。")
        if self._parts.outbound.plan.emergency.match(request.number) is not None:
            raise UserError("No test calls to emergency numbers. / 不能用紧急号码做测试呼叫。")
        leg = self._parts.trunks.outgoing(request.number, request.line or None)
        if leg is None:
            raise UserError("No line is free for it. / 没有空闲线路。")
        self._state = TestCallState(state="dialling", number=request.number, line=leg.address)
        self._task = asyncio.create_task(self._run(leg, request), name="line test")
        return self._state

    async def state(self, _: AskTestCall) -> TestCallState:
        """Answer how it goes."""
        return msgspec.structs.replace(self._state)

    async def end(self, _: EndTestCall) -> TestCallState:
        """Hang up."""
        await self.stop()
        return msgspec.structs.replace(self._state)

    async def stop(self) -> None:
        """Hang up, if there is anything to."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self, leg: LineLeg, request: BeginTestCall) -> None:
        began = time.monotonic()

        def on_leg(event: LegEvent) -> None:
            if isinstance(event, StateChanged) and event.after is LegState.ALERTING:
                self._note(state="ringing")

        leg.subscribe(on_leg)
        ending = ""
        try:
            await leg.ring(Party(None))
            async with asyncio.timeout(_RING_S):
                await leg.answered()
            self._note(state="talking", answered_ms=int((time.monotonic() - began) * 1000))
            await self._measure(leg, request.seconds)
        except TimeoutError:
            ending = "nobody answered"
        except LegEnded as ended:
            ending = str(ended)
        except ZongjiError as error:
            ending = str(error)
        finally:
            await leg.hang_up(Cause.NORMAL)
            if not ending and leg.ending is not None:
                ending = f"{leg.ending.cause.name} by {leg.ending.by}"
            self._note(state="ended", ending=ending)

    async def _measure(self, leg: LineLeg, seconds: float) -> None:
        if leg.port is None:
            return
        plane, port = self._parts.plane, leg.port
        echo: list[float] = []
        heard: list[float] = []
        sounding = time.monotonic() + _SETTLE_S
        silent = time.monotonic() + seconds / 2

        def on_port(event: PortEvent) -> None:
            if not isinstance(event, LevelMetered):
                return
            now = time.monotonic()
            if sounding < now < silent:
                echo.append(event.input_dbm0)
                self._note(echo_db=round(_TONE_DBM0 - min(echo), 1))
            if now > silent + _SETTLE_S:
                heard.append(event.input_dbm0)
                self._note(heard_dbm0=round(max(heard), 1))

        forget = plane.listen(port, on_port)
        plane.configure(port, msgspec.structs.replace(plane.options_of(port), meter=True))
        playing = plane.play(port, [PlayTone((_TONE_HERTZ,), (), _TONE_DBM0)], repeat=True)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds / 2):
                    await leg.ended()
            playing.stop()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds / 2):
                    await leg.ended()
        finally:
            playing.stop()
            forget()

    def _note(self, **fields: object) -> None:
        self._state = msgspec.structs.replace(self._state, **fields)
