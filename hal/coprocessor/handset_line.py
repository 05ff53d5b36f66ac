"""The analog handset at the box, as a `hal.line.InBandLine` (telephony-reference C2).

Theory of operation
-------------------
    lifted   ─► OFFERED (IncomingCall) ──answer──► CONNECTED ──on hook──► over
    dial     ─► ALERTING (it rings) ──lifted──► CONNECTED ──on hook──► over

For the box the handset is a line with one party. Hung up by us while it lies beside its cradle, it is not
ready until it is put back; after `HOWLER_AFTER` it howls.
"""

from __future__ import annotations

from collections.abc import Sequence

from hal.coprocessor.board import Coprocessor
from hal.coprocessor.doctor import examine_handset
from hal.coprocessor.events import (
    BoardStatus,
    CoprocessorEvent,
    HandsetDigit,
    HandsetFlash,
    HandsetHook,
    LinkDown,
    RelayMoved,
    RingTrip,
)
from hal.coprocessor.line_base import BoardLine, Phase, keys_of, number_of
from hal.line import (
    EndReason,
    HookFlash,
    IncomingCall,
    KeysWanted,
    LineError,
    LineState,
    RemoteAlerting,
    Verdict,
)

HOWLER_AFTER = 60.0
"""Seconds off hook without a call (reference C2)."""
NO_ANSWER_AFTER = 75.0
"""Seconds of ringing nobody stops; call control gives up before."""
RINGING: dict[str, tuple[int, tuple[float, ...]]] = {
    "CN": (25, (1.0, 4.0)),
    "US": (20, (2.0, 4.0)),
    "GB": (25, (0.4, 0.2, 0.4, 2.0)),
    "DE": (25, (1.0, 4.0)),
    "TW": (20, (1.0, 4.0)),
    "JP": (16, (1.0, 2.0)),
}
"""Hz and cadence in seconds by country; others ring as China's."""


class HandsetLine(BoardLine):
    """The handset.

    Args:
        name: As in the board's profile.
        board: The coprocessor.
        audio: The codec, "alsa:NAME".
        country: ISO 3166 code: how it rings.
    """

    def __init__(self, name: str, board: Coprocessor, audio: str, country: str = "CN") -> None:
        super().__init__(name, board, audio)
        self._off_hook = self._held = self._known = False
        self._ring: tuple[int, Sequence[float]] = RINGING.get(country, RINGING["CN"])

    def checkup(self) -> tuple[Verdict, ...]:
        """See `hal.line.Line`."""
        return examine_handset(self._board, held=self._held, left_off=self._left_off())

    async def answer(self) -> None:
        """See `hal.line.Line`."""
        if self.phase is not Phase.OFFERED:
            raise LineError("nothing rings")
        self._connected()
        self._audio_is_ready()

    async def dial(self, number: str, *, emergency: bool = False) -> None:
        """Ring it; the number is nobody's."""
        number_of(number)
        if self.state is not LineState.READY:
            raise LineError("the line isn't ready: the handset is in use or beside its cradle")
        self.phase = Phase.ALERTING
        self._refresh()
        self._board.ring_handset(self._ring[0], self._ring[1])
        self._emit(RemoteAlerting())
        self._later("no answer", NO_ANSWER_AFTER, self._nobody)

    async def hang_up(self) -> None:
        """See `hal.line.Line`."""
        if self.phase is Phase.NONE:
            return
        if self.phase is Phase.ALERTING:
            self._board.stop_ringing()
        self._ended(EndReason.LOCAL, "hung up by us")
        await self._board.told()
        if self._off_hook:
            self._later("howler", HOWLER_AFTER, lambda: self._board.howl(on=True))

    async def send_digits(self, digits: str) -> None:
        """See `hal.line.Line`."""
        keys = keys_of(digits)
        if self.phase is not Phase.CONNECTED:
            raise LineError("no call stands")
        self._emit(KeysWanted(keys))

    def message_lamp(self, *, on: bool) -> None:
        """Light its lamp: somebody left a message."""
        self._board.message_lamp(on=on)

    def tone_heard(self, name: str, cycles: int) -> None:
        """See `hal.line.InBandLine`; a handset sounds none."""

    def caller_heard(self, number: str | None, *, withheld: bool) -> None:
        """See `hal.line.InBandLine`; a handset has none."""

    def answer_heard(self) -> None:
        """See `hal.line.InBandLine`; a handset answers by being lifted."""

    def _on_board(self, event: CoprocessorEvent) -> None:
        match event:
            case LinkDown(reason):
                self._known = self._held = False
                self._ended(EndReason.DEVICE_LOST, reason)
            case BoardStatus(_, held, off_hook):
                self._known, self._held, self._off_hook = True, held, off_hook
            case RelayMoved(held):
                self._held = held
                if not held:
                    self._ended(EndReason.DEVICE_LOST, "line and handset are tied together")
            case HandsetHook(off):
                self._hook(off=off)
            case RingTrip():
                if self.phase is Phase.ALERTING:
                    self._off_hook = True
                    self._call_off("no answer")
                    self._connected()
                    self._audio_is_ready()
            case HandsetDigit(digit):
                self.key_heard(digit)
            case HandsetFlash():
                if self.phase is Phase.CONNECTED:
                    self._emit(HookFlash())
            case _:
                pass
        self._refresh()

    def _hook(self, *, off: bool) -> None:
        was, self._off_hook = self._off_hook, off
        if not off:
            self._call_off("howler")
            self._ended(EndReason.REMOTE_HANG_UP, "the handset was hung up")
        elif not was and self.phase is Phase.NONE and self._held:
            self.phase = Phase.OFFERED
            self._refresh()
            self._emit(IncomingCall(None, withheld=False))

    def _nobody(self) -> None:
        self._board.stop_ringing()
        self._ended(EndReason.NO_ANSWER, "nobody lifted the handset")

    def _left_off(self) -> bool:
        return self._off_hook and self.phase is Phase.NONE

    def _state_and_detail(self) -> tuple[LineState, str]:
        if not self._board.up or not self._known:
            return LineState.DOWN, self._board.why
        if self.phase is not Phase.NONE:
            return LineState.IN_CALL, self.phase.value
        if not self._held:
            return LineState.STARTING, "line and handset are tied together until the handset is hung up"
        if self._left_off():
            return LineState.STARTING, "the handset lies beside its cradle"
        return LineState.READY, "on its cradle"
