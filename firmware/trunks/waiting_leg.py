"""A second caller of a line that is in a call, as a leg.

Theory of operation
-------------------
    OFFERED, waits ──the line's call is over: IncomingCall──► OFFERED, its turn ──► as any `LineLeg`
           ├── answered, and the line's call gives way to it: WaiterTaken ────────► as any `LineLeg`
           └── gives up, is told busy, or the modem vanishes ──► ENDED

Until its turn comes the line's events are the other call's. The caller is in call control all the while, so
the call is seen, and on record when it comes to nothing. Where the line can hold (`sharing`), people are rung
at once, and whoever answers has the caller as soon as the line's call is on hold or over; elsewhere call
control waits for the `turn` before anybody rings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from firmware.core.causes import Cause, Side
from firmware.core.leg import Direction, Ending, LegState, Party
from firmware.core.media import MediaPlane
from firmware.trunks.line_leg import LineLeg
from firmware.trunks.sharing import Sharing
from hal.line import (
    CallConnected,
    EndReason,
    IncomingCall,
    LineError,
    LineEvent,
    WaiterTaken,
    WaitingLine,
    WaitingOver,
)

_TAKEN = "it is in another call"


class WaitingLeg(LineLeg):
    """One caller who waits for a line.

    Args:
        line: It has another call.
        media: Opens the port later.
        party: The caller.
    """

    def __init__(
        self,
        line: WaitingLine,
        media: MediaPlane,
        party: Party,
        kind: str,
        country: str,
        sharing: Sharing | None = None,
    ) -> None:
        self.somebody_is_there: Callable[[], bool] = lambda: True
        """Whether a person would talk to the caller now. A machine (a menu, a queue, a mailbox) waits until
        the line is free: it must not keep a talk that was only held for a moment from going on."""
        self._wanted = False
        self._turn = asyncio.Event()
        self._has_turn = False
        """Whether the line was the caller's when the leg ended."""
        self._waiting_line = line
        super().__init__(line, media, Direction.INCOMING, party, kind, country=country, sharing=sharing)

    @property
    def can_be_taken(self) -> bool:
        """Whether the caller may be answered while the line's call stands, once that is on hold."""
        return self._sharing is not None

    @property
    def wants_voice(self) -> bool:
        if self._turn.is_set():
            return super().wants_voice
        return self.ending is None and self._wanted and self.somebody_is_there()

    async def turn(self) -> None:
        """Wait until the line is this caller's, or the leg has ended."""
        await self._turn.wait()

    async def _do_answer(self) -> None:
        self._wanted = True
        if not self._turn.is_set() and not self.wants_voice:
            self.has_to_wait(_TAKEN)
        self._reconsider()
        await self.turn()
        if self._line_connected:
            await self.audible()
        elif self.ending is None:
            await super()._do_answer()

    async def _do_hang_up(self, cause: Cause, before: LegState) -> None:
        if self._has_turn:
            await super()._do_hang_up(cause, before)
            return
        try:
            await self._waiting_line.refuse_waiting()
        except LineError:
            return

    def _release(self) -> None:
        self._has_turn = self._turn.is_set()
        self._turn.set()
        super()._release()

    def _on_line(self, event: LineEvent) -> None:
        if self._turn.is_set():
            super()._on_line(event)
            return
        match event:
            case IncomingCall():
                self._turn.set()
            case WaiterTaken():
                self._turn.set()
                super()._on_line(CallConnected())
            case WaitingOver(EndReason.LOCAL, detail):
                self._finish(Ending(Cause.BUSY, Side.US, f"waited for the line: {detail}"))
            case WaitingOver(reason, detail):
                self._finish(self._ending(reason, detail))
            case _:
                pass
