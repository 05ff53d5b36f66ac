"""The exchange line through the coprocessor, as a `hal.line.InBandLine` (telephony-reference C1).

Theory of operation
-------------------
    incoming   burst ─► RINGING ──caller id, or the next burst──► OFFERED ──seize, loop current──► CONNECTED
    outgoing   seize, loop current ─► SEIZED ──dial tone heard──► KeysWanted (or pulses) ─► DIALLING
                   ──ringback heard──► ALERTING ──reversal, or an answer heard──► CONNECTED

What is keyed before the exchange listens is lost, and it says by dial tone that it does. A line without one
after `DIAL_TONE_PATIENCE` is dead, or somebody else talks on it: the call ends before a number went out, so
that another line may take it. A call for help is dialled all the same; should the tone come later than the
number, the number is keyed again, and when nothing at all is heard of the line for `BLIND_UNHEARD`, the next
line gets its turn. Where the installer says that the line has no dial tone, `UNTOLD_WAIT` stands for it.

Many exchanges don't say when the called party answers. With `answers_by_reversal` the polarity tells;
without, what sounds does (`answer_heard`), and after `ANSWER_UNHEARD` without a sign the call counts as
connected. The caller hears the exchange's own tones all the while. The far side's hang-up is an open loop, a
reversal back, a busy tone, or, where the installer says so, silence; after each call the line
rests `ON_HOOK_TIME`, or the exchange would not notice that we hung up.
"""

from __future__ import annotations

import asyncio

from hal.coprocessor.board import Coprocessor
from hal.coprocessor.doctor import examine_fxo
from hal.coprocessor.events import (
    BoardStatus,
    CoprocessorEvent,
    DialledOut,
    FarHangUp,
    LineChanged,
    LinkDown,
    RelayMoved,
    RingBurst,
    RingOver,
)
from hal.coprocessor.line_base import BoardLine, Phase, keys_of, number_of
from hal.line import (
    CallerIdExpected,
    EndReason,
    IncomingCall,
    KeysWanted,
    LineError,
    LineState,
    RemoteAlerting,
    Verdict,
)
from hal.seen import SeenCalls

CALLER_ID_WAIT = 3.5
"""Seconds after the first burst: the id begins 0.5 to 2 s after it and takes one at most."""
LOOP_WAIT = 2.0
"""Seconds within which a seized line must carry current."""
DIAL_TONE_PATIENCE = 6.0
"""Seconds from seizing a line to its dial tone, heard: exchanges give it within one (ITU-T Q.543), a busy
private one within three; it takes a detector 1.2 to be sure, or 2 rounds of a tone that pauses.
"""
UNTOLD_WAIT = 1.5
"""Seconds after which a line without dial tone is taken for listening."""
BLIND_UNHEARD = 20.0
"""Seconds after a number that was dialled without dial tone in which something must be heard; a call takes
ten at most until the called party rings.
"""
KEY_SECONDS = 0.16
"""A key of 100 ms and its gap."""
ON_HOOK_TIME = 0.6
"""Seconds on hook that an exchange surely takes for hanging up (reference C1: 500 ms)."""
REFUSAL = 0.5
"""Seconds off hook that refuse a ringing call: it can't be told to stop otherwise."""
ANSWER_UNHEARD = 60.0
"""Seconds from the number to an answer that nothing told of: a machine that answered in silence."""
BUSY_TONES = frozenset({"busy", "congestion"})
BUSY_ROUNDS = 3
"""Rounds of busy tone that are a hang-up; two may be speech."""
OVER = "the call is over"
NO_CURRENT = "no loop current: is the line plugged in?"


class FxoLine(BoardLine):
    """One exchange line.

    Args:
        name: As in the board's profile.
        board: The coprocessor.
        audio: The codec, "alsa:NAME".
        pulse: Dial by pulses instead of tones.
        answers_by_reversal: The exchange turns the polarity when the called party answers.
    """

    expects_dial_tone = True
    """See `hal.line.DialToneLine`."""

    def __init__(
        self,
        name: str,
        board: Coprocessor,
        audio: str,
        *,
        pulse: bool = False,
        answers_by_reversal: bool = False,
    ) -> None:
        super().__init__(name, board, audio)
        self._pulse = pulse
        self._by_reversal = answers_by_reversal
        self._status: LineChanged | None = None
        self._held = False
        self._loop: asyncio.Event = asyncio.Event()
        self._at_rest: asyncio.Event = asyncio.Event()
        self._at_rest.set()
        self._seizures = 0
        self._number = ""
        self._number_out = False
        self._emergency = False
        self._tone_heard: bool | None = None
        """Whether the last call out had dial tone, where one is expected."""
        self._rest_polarity = False
        self._seen = SeenCalls()

    def checkup(self) -> tuple[Verdict, ...]:
        """See `hal.line.Line`."""
        tone = self._tone_heard if self.expects_dial_tone else None
        return examine_fxo(self._board, self._status, self._seen, held=self._held, dial_tone=tone)

    async def answer(self) -> None:
        """See `hal.line.Line`."""
        if self.phase is not Phase.OFFERED:
            raise LineError("nothing rings")
        if not await self._seize():
            raise LineError(NO_CURRENT)
        self._connected()
        self._audio_is_ready()

    async def dial(self, number: str, *, emergency: bool = False) -> None:
        """See `hal.line.Line`."""
        digits = number_of(number)
        in_order = self.state is LineState.READY or (emergency and self.state is LineState.STARTING)
        if not in_order or not self._held or self.phase is not Phase.NONE:
            raise LineError("the line isn't ready")
        self._number, self._number_out, self._emergency = digits, False, emergency
        self.phase = Phase.SEIZED
        self._refresh()
        # A call for help waits that long too: the exchange would take its number for the call before's.
        await self._at_rest.wait()
        if not await self._seize():
            self._ended(EndReason.DEVICE_FAULT, NO_CURRENT)
            raise LineError(NO_CURRENT)
        self._audio_is_ready()
        if self.expects_dial_tone:
            self._later("dial", DIAL_TONE_PATIENCE, self._no_dial_tone)
        else:
            self._later("dial", UNTOLD_WAIT, self._key_number)

    async def hang_up(self) -> None:
        """See `hal.line.Line`."""
        if self.phase is Phase.NONE:
            return
        if self.phase in (Phase.RINGING, Phase.OFFERED):
            self._board.seize(on=True)
            await asyncio.sleep(REFUSAL)
        self._over(EndReason.LOCAL, "hung up by us")
        await self._board.told()

    async def send_digits(self, digits: str) -> None:
        """See `hal.line.Line`."""
        keys = keys_of(digits)
        if self.phase is not Phase.CONNECTED:
            raise LineError("no call stands")
        self._emit(KeysWanted(keys))

    def tone_heard(self, name: str, cycles: int) -> None:
        """See `hal.line.InBandLine`."""
        self._call_off("blind")
        if self.phase is Phase.SEIZED:
            self._heard_when_seized(name, cycles)
        elif (
            name == "dial" and self.phase is Phase.DIALLING and self._number_out and self._tone_heard is False
        ):
            # The exchange was later than our patience, and the number is lost.
            self._tone_heard = True
            self._key_number()
        elif name == "ringback" and self.phase is Phase.DIALLING:
            self.phase = Phase.ALERTING
            self._refresh()
            self._emit(RemoteAlerting())
        elif name in BUSY_TONES and cycles >= BUSY_ROUNDS:
            self._seen.hang_ups += 1
            if self.phase is Phase.ALERTING:
                self._over(EndReason.NO_ANSWER, f"{name} tone")
            elif self.phase is Phase.DIALLING:
                refused = name == "congestion"
                self._over(EndReason.REJECTED if refused else EndReason.BUSY, f"{name} tone")
            elif self.phase is Phase.CONNECTED:
                self._over(EndReason.REMOTE_HANG_UP, f"{name} tone")

    def answer_heard(self) -> None:
        """See `hal.line.InBandLine`."""
        self._call_off("blind")
        if not self._by_reversal and self.phase in (Phase.DIALLING, Phase.ALERTING) and self._number_out:
            self._call_off("answer")
            self._connected()

    def caller_heard(self, number: str | None, *, withheld: bool) -> None:
        """See `hal.line.InBandLine`."""
        self._seen.caller_ids += number is not None or withheld
        self._offer(number, withheld=withheld)

    # What the board says

    def _on_board(self, event: CoprocessorEvent) -> None:
        match event:
            case LinkDown(reason):
                self._status, self._held = None, False
                self._ended(EndReason.DEVICE_LOST, reason)
            case BoardStatus(line, held, _):
                self._held = held
                self._line_is(line)
            case RelayMoved(held):
                self._held = held
                if not held:
                    self._ended(EndReason.DEVICE_LOST, "line and handset are tied together")
            case LineChanged():
                self._line_is(event)
            case RingBurst():
                self._burst()
            case RingOver():
                if self.phase is Phase.RINGING:
                    self._offer(None, withheld=False)
                if self.phase is Phase.OFFERED:
                    self._ended(EndReason.REMOTE_HANG_UP, "the ringing stopped")
            case FarHangUp():
                self._far_hung_up("the exchange opened the loop")
            case DialledOut():
                if self.phase is Phase.DIALLING and self._pulse:
                    self._number_is_out()
            case _:
                pass
        self._refresh()

    def _line_is(self, line: LineChanged) -> None:
        before, self._status = self._status, line
        if line.loop:
            self._loop.set()
        if before is None or before.reversed == line.reversed or not self._by_reversal:
            return
        if self.phase in (Phase.DIALLING, Phase.ALERTING) and line.reversed != self._rest_polarity:
            self._connected()
        elif self.phase is Phase.CONNECTED and line.reversed == self._rest_polarity:
            self._far_hung_up("the polarity turned back")

    def _burst(self) -> None:
        if self.phase is Phase.NONE and self.state is LineState.READY:
            self.phase = Phase.RINGING
            self._seen.calls += 1
            self._refresh()
            self._emit(CallerIdExpected(self._audio))
            self._later("caller id", CALLER_ID_WAIT, lambda: self._offer(None, withheld=False))
        elif self.phase is Phase.RINGING:
            # The id comes between the first and the second ring, or not at all.
            self._offer(None, withheld=False)

    def _offer(self, number: str | None, *, withheld: bool) -> None:
        if self.phase is Phase.RINGING:
            self._call_off("caller id")
            self.phase = Phase.OFFERED
            self._refresh()
            self._emit(IncomingCall(None if withheld else number, withheld))

    def _far_hung_up(self, detail: str) -> None:
        if self.phase is Phase.CONNECTED:
            self._seen.hang_ups += 1
            self._over(EndReason.REMOTE_HANG_UP, detail)
        elif self.phase is Phase.SEIZED:
            self._tone_heard = False
            self._over(EndReason.NO_DIAL_TONE, detail)
        elif self.phase in (Phase.DIALLING, Phase.ALERTING):
            self._over(EndReason.REJECTED, detail)

    # Inside

    async def _seize(self) -> bool:
        """Go off hook; return whether current flows.

        Raises:
            LineError: The call was over before.
        """
        if self._is_over():
            raise LineError(OVER)
        self._seizures += 1
        mine = self._seizures
        self._rest_polarity = self._status.reversed if self._status is not None else False
        self._loop.clear()
        self._board.seize(on=True)
        try:
            async with asyncio.timeout(LOOP_WAIT):
                await self._loop.wait()
        except TimeoutError:
            pass
        if self._is_over() or mine != self._seizures:
            raise LineError(OVER)
        if not self._loop.is_set():
            self._board.seize(on=False)
        return self._loop.is_set()

    def _is_over(self) -> bool:
        return self.phase is Phase.NONE

    def _heard_when_seized(self, name: str, cycles: int) -> None:
        if name == "dial":
            self._tone_heard = True
            self._key_number()
        elif name in BUSY_TONES and cycles >= BUSY_ROUNDS and not self._emergency:
            self._tone_heard = False
            self._over(EndReason.NO_DIAL_TONE, f"{name} tone in place of dial tone")

    def _no_dial_tone(self) -> None:
        self._tone_heard = False
        if self._emergency:
            self._key_number()
            self._later("blind", BLIND_UNHEARD, self._nothing_heard)
        else:
            self._over(EndReason.NO_DIAL_TONE, "no dial tone")

    def _nothing_heard(self) -> None:
        self._over(EndReason.NO_DIAL_TONE, "no dial tone, and nothing after the number")

    def _key_number(self) -> None:
        self.phase = Phase.DIALLING
        self._refresh()
        self._call_off("dial")
        if self._pulse:
            self._board.dial_pulses(self._number)
        else:
            self._emit(KeysWanted(self._number))
            self._later("dial", KEY_SECONDS * len(self._number), self._number_is_out)

    def _number_is_out(self) -> None:
        self._number_out = True
        if not self._by_reversal:
            self._later("answer", ANSWER_UNHEARD, self.answer_heard)

    def _over(self, reason: EndReason, detail: str) -> None:
        self._board.seize(on=False)
        self._at_rest.clear()
        self._ended(reason, detail)
        asyncio.get_running_loop().call_later(ON_HOOK_TIME, self._rested)

    def _rested(self) -> None:
        self._at_rest.set()
        self._refresh()

    def _state_and_detail(self) -> tuple[LineState, str]:
        if not self._board.up or self._status is None:
            return LineState.DOWN, self._board.why
        if self.phase is not Phase.NONE:
            return LineState.IN_CALL, self.phase.value
        if not self._held:
            return LineState.STARTING, "line and handset are tied together until the handset is hung up"
        if not self._status.battery:
            return LineState.STARTING, "no voltage on the exchange line: is it plugged in?"
        if not self._at_rest.is_set():
            return LineState.STARTING, "hanging up"
        return LineState.READY, "the exchange feeds the line"
