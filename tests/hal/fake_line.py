"""A phone line without a driver or a wire: for tests of what uses lines. It passes the line contract."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from hal.line import (
    AudioReady,
    CallConnected,
    CallEnded,
    DigitReceived,
    EndReason,
    IncomingCall,
    LineAudio,
    LineError,
    LineEvent,
    LineListener,
    LineState,
    RemoteAlerting,
    StateChanged,
    Verdict,
)
from tests.contracts.line_contract import FarSide

ALERTS_AFTER_S, ANSWERS_AFTER_S, GIVES_UP_AFTER_S = 1.0, 5.0, 30.0


class FakeLine:
    """The line; `far` is who calls and is called.

    Args:
        name: As in a board's profile.
    """

    refused_lines = 0

    def __init__(self, name: str = "fake1") -> None:
        self.name = name
        self.state = LineState.DOWN
        self.detail = "not started"
        self.dialled: list[str] = []
        self.refuses_to_dial = ""
        """Set it to have the device refuse calls out, for that reason."""
        self.far: FarSide = _People(self)
        self.habits: dict[str, EndReason] = {}
        self._listeners: list[LineListener] = []
        self.rings = self.talking = False
        self.keys = ""
        self._later: list[asyncio.TimerHandle] = []

    def checkup(self) -> tuple[Verdict, ...]:
        return ()

    def subscribe(self, listener: LineListener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def start(self) -> None:
        self.became(LineState.READY, "fake")

    async def stop(self) -> None:
        await self.hang_up()
        self.became(LineState.DOWN, "stopped")

    async def answer(self) -> None:
        if not self.rings:
            raise LineError("nothing rings")
        self.connect()

    async def dial(self, number: str, *, emergency: bool = False) -> None:
        if not re.fullmatch(r"\+?[0-9*#]{1,32}", number, re.ASCII):
            raise LineError("the number holds other characters than +0-9*#")
        if self.state is not LineState.READY:
            raise LineError("the line isn't ready")
        if self.refuses_to_dial:
            raise LineError(self.refuses_to_dial)
        self.dialled.append(number)
        self.became(LineState.IN_CALL, "dialling")
        reason = self.habits.get(number, EndReason.REMOTE_HANG_UP)
        if reason in (EndReason.BUSY, EndReason.REJECTED):
            self._in(ALERTS_AFTER_S, lambda: self.ended(reason))
            return
        self._in(ALERTS_AFTER_S, lambda: self.emit(RemoteAlerting()))
        if reason is EndReason.NO_ANSWER:
            self._in(GIVES_UP_AFTER_S, lambda: self.ended(reason))
        else:
            self._in(ANSWERS_AFTER_S, self.connect)

    async def hang_up(self) -> None:
        self.ended(EndReason.LOCAL)

    async def send_digits(self, digits: str) -> None:
        if not self.talking:
            raise LineError("no call stands")
        if not set(digits) <= set("0123456789*#ABCD"):
            raise LineError("a character isn't a key")
        self.keys += digits

    # What happens on it

    def connect(self) -> None:
        self.rings, self.talking = False, True
        self.became(LineState.IN_CALL, "connected")
        self.emit(CallConnected())
        self.emit(AudioReady(LineAudio(f"/dev/{self.name}", 8000)))

    def ended(self, reason: EndReason) -> None:
        if self.state is not LineState.IN_CALL:
            return
        for handle in self._later:
            handle.cancel()
        self._later.clear()
        self.rings = self.talking = False
        self.state = LineState.READY
        self.emit(CallEnded(reason, reason.value))
        self.became(LineState.READY, "fake")

    def became(self, state: LineState, detail: str) -> None:
        self.state, self.detail = state, detail
        self.emit(StateChanged(state, detail))

    def _in(self, seconds: float, what: Callable[[], None]) -> None:
        self._later.append(asyncio.get_running_loop().call_later(seconds, what))

    def emit(self, event: LineEvent) -> None:
        for listener in list(self._listeners):
            try:
                listener(event)
            except ValueError:
                continue


class _People:
    """The network and the people beyond the line."""

    def __init__(self, line: FakeLine) -> None:
        self._line = line

    def call(self, number: str | None, *, withheld: bool = False) -> None:
        self._line.became(LineState.IN_CALL, "ringing")
        self._line.rings = True
        self._line.emit(IncomingCall(None if withheld else number, withheld))

    def hang_up(self) -> None:
        self._line.ended(EndReason.REMOTE_HANG_UP)

    def press(self, keys: str) -> None:
        for key in keys:
            self._line.emit(DigitReceived(key))

    def will_answer(self, number: str) -> None:
        self._line.habits.pop(number, None)

    def will_be_busy(self, number: str) -> None:
        self._line.habits[number] = EndReason.BUSY

    def will_not_answer(self, number: str) -> None:
        self._line.habits[number] = EndReason.NO_ANSWER

    def will_refuse(self, number: str) -> None:
        self._line.habits[number] = EndReason.REJECTED

    def is_talking(self) -> bool:
        return self._line.talking

    def is_free(self) -> bool:
        return self._line.state is not LineState.IN_CALL

    def keys_heard(self) -> str:
        return self._line.keys

    def vanish(self) -> None:
        self._line.ended(EndReason.DEVICE_LOST)
        self._line.became(LineState.DOWN, "vanished")

    def come_back(self) -> None:
        self._line.became(LineState.READY, "fake")
