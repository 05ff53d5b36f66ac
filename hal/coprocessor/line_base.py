"""What the coprocessor's two lines have in common: state, listeners, timers and their one call."""

from __future__ import annotations

import abc
import asyncio
import enum
import logging
import re
from collections.abc import Callable

from hal.coprocessor.board import Coprocessor
from hal.coprocessor.events import CoprocessorEvent
from hal.line import (
    AudioReady,
    CallConnected,
    CallEnded,
    DigitReceived,
    EndReason,
    LineAudio,
    LineError,
    LineEvent,
    LineListener,
    LineState,
    StateChanged,
)

logger = logging.getLogger(__name__)

SAMPLE_RATE = 8000
DIALLABLE = re.compile(r"\+?[0-9*#]{1,32}", re.ASCII)
KEYS = re.compile(r"[0-9*#A-D]{1,64}", re.ASCII)


class Phase(enum.Enum):
    NONE = ""
    RINGING = "ringing"
    OFFERED = "ringing, caller known"
    SEIZED = "waiting for dial tone"
    DIALLING = "dialling"
    ALERTING = "the other side rings"
    CONNECTED = "connected"


class BoardLine(abc.ABC):
    """One line of the board; `hal.line.Line` and `InBandLine` but for what the wire decides.

    Args:
        name: As in the board's profile.
        board: Shared by its lines.
        audio: The codec: "alsa:NAME".
    """

    def __init__(self, name: str, board: Coprocessor, audio: str) -> None:
        self.name = name
        self.state = LineState.DOWN
        self.detail = "not started"
        self.phase = Phase.NONE
        self.board = board
        """Shared by its lines."""
        self._board = board
        self._audio = LineAudio(audio, SAMPLE_RATE, in_band=True)
        self._listeners: list[LineListener] = []
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._unsubscribe: Callable[[], None] | None = None
        self._alerted = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {self.state.value}>"

    @property
    def refused_lines(self) -> int:
        """Frames of the board that couldn't be read."""
        return self._board.refused

    async def start(self) -> None:
        """Begin to keep the line alive; returns at once. Repeating it does nothing."""
        if self._unsubscribe is None:
            self._unsubscribe = self._board.subscribe(self._on_board)
            self._board.start()
            self._refresh()

    async def stop(self) -> None:
        """End the call, if any, and let go of the board."""
        if self._unsubscribe is None:
            return
        await self.hang_up()
        self._unsubscribe()
        self._unsubscribe = None
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        await self._board.stop()
        self._become(LineState.DOWN, "stopped")

    def subscribe(self, listener: LineListener) -> Callable[[], None]:
        """Have `listener` called on every event; the returned function ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    @abc.abstractmethod
    async def hang_up(self) -> None:
        """See `hal.line.Line`; each line does it its own way."""

    def key_heard(self, key: str) -> None:
        """See `hal.line.InBandLine`."""
        if self.phase is Phase.CONNECTED and KEYS.fullmatch(key):
            self._emit(DigitReceived(key))

    # For the two

    @abc.abstractmethod
    def _on_board(self, event: CoprocessorEvent) -> None:
        """Take what the board says."""

    @abc.abstractmethod
    def _state_and_detail(self) -> tuple[LineState, str]:
        """Compute them from the parts."""

    def _connected(self) -> None:
        if self.phase is not Phase.CONNECTED:
            self.phase = Phase.CONNECTED
            self._refresh()
            self._emit(CallConnected())

    def _audio_is_ready(self) -> None:
        if not self._alerted:
            self._alerted = True
            self._emit(AudioReady(self._audio))

    def _ended(self, reason: EndReason, detail: str) -> None:
        if self.phase is Phase.NONE:
            return
        self.phase = Phase.NONE
        self._alerted = False
        for name in list(self._timers):
            self._call_off(name)
        self._emit(CallEnded(reason, detail))
        self._refresh()

    def _later(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        """Have `action` called later, in place of what waited under that name; a call's end calls it off."""
        self._call_off(name)

        def due() -> None:
            self._timers.pop(name, None)
            action()

        self._timers[name] = asyncio.get_running_loop().call_later(seconds, due)

    def _call_off(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _refresh(self) -> None:
        self._become(*self._state_and_detail())

    def _become(self, state: LineState, detail: str) -> None:
        if (state, detail) == (self.state, self.detail):
            return
        if state is not self.state:
            logger.info("%s: %s → %s: %s", self.name, self.state.value, state.value, detail)
        self.state, self.detail = state, detail
        self._emit(StateChanged(state, detail))

    def _emit(self, event: LineEvent) -> None:
        for listener in list(self._listeners):
            try:
                listener(event)
            except Exception:
                logger.exception("%s: a listener failed on %s", self.name, type(event).__name__)


def number_of(text: str) -> str:
    """Return a number that can be dialled.

    Raises:
        LineError: It holds other characters.
    """
    if not DIALLABLE.fullmatch(text):
        raise LineError("the number holds other characters than +0-9*#")
    return text.replace("+", "00")


def keys_of(text: str) -> str:
    """Return keypresses that can be sent.

    Raises:
        LineError: A character is no key.
    """
    if not KEYS.fullmatch(text):
        raise LineError("not a key among 0-9, *, #, A-D")
    return text
