"""A voice modem's audio stream as procedures: begun, both ways or by turns, ended (V.253, 9.1, 10.1).

full duplex     +VTR ◄ CONNECT … DLE ^ ◄ DLE ETX, OK
by turns        +VRX ◄ CONNECT … our side speaks ► DLE ! ◄ DLE ETX, OK
                +VTX ◄ CONNECT … our side is quiet ► DLE ETX ◄ OK; +VRX again
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from hal.at.channel import Command, Outcome
from hal.at.procedures import Procedure, Steps, ask, pause
from hal.at.shielded import END_DUPLEX, END_RECEIVE, END_TRANSMIT
from hal.line import AudioReady, LineAudio
from hal.modems.errands import Errands
from hal.modems.voice.call_host import Host
from hal.modems.voice.doctor import Seen
from hal.modems.voice.profile import VoiceModel
from hal.modems.voice.stream import Mode

logger = logging.getLogger(__name__)

COMMAND_TIMEOUT = 5.0
END_TIMEOUT = 1.5
TURN_LOOK = 0.02
"""Seconds between looks at whether our side speaks: a frame."""
STREAM_DRY = 4.0
"""Seconds without a sample from a modem that should send 8000 a second."""
_STREAM_LOOK = 1.0
SAMPLE_RATE = 8000
_END_OF = {Mode.DUPLEX: END_DUPLEX, Mode.RECEIVING: END_RECEIVE, Mode.TRANSMITTING: END_TRANSMIT}


class CallStream:
    """The stream of one line's calls.

    Args:
        model: The modem's profile.
        host: The driver.
        errands: What ends with the call.
        seen: Told whether the audio came.
        fails: Ends the call, with the reason.
    """

    def __init__(
        self, model: VoiceModel, host: Host, errands: Errands, seen: Seen, fails: Callable[[str], None]
    ) -> None:
        self.connecting = False
        """A CONNECT is awaited: what follows it is audio."""
        self.ending = False
        """We have asked for its end."""
        self._model = model
        self._host = host
        self._errands = errands
        self._seen = seen
        self._fails = fails
        self._duplex = model.duplex
        self._ready = False
        self._turns: Procedure | None = None

    def open(self) -> Procedure:
        """Begin, both ways at once where the modem can."""
        if self._duplex:
            outcome = yield from self._connect("+VTR", Mode.DUPLEX)
            if outcome.ok:
                self._is_ready()
                return
            if outcome.failure is None or not outcome.failure.said:
                self._no_audio(outcome)
                return
            logger.info("the modem has no full duplex: sending and receiving take turns")
            self._duplex = False
        self._turns = self._take_turns()
        self._errands.run(self._turns)

    def suspend(self) -> Steps[None]:
        """End it for commands in mid-call; `open` begins it anew."""
        turns, self._turns = self._turns, None
        self._host.cancel(turns)
        yield from self.end()

    def end(self) -> Steps[None]:
        """Back to commands, whatever the modem makes of it."""
        end = _END_OF.get(self._host.stream.mode)
        if end is None:
            return
        raw = b"\x10" * (self._model.end_prefix - 1) + end
        self.ending = True
        try:
            outcome = yield from ask(Command("", raw=raw, timeout=END_TIMEOUT))
            if not outcome.ok:
                yield from ask(Command("", raw=raw, timeout=END_TIMEOUT))
        finally:
            self.ending = False
            self._host.stream.end()

    def call_over(self) -> None:
        """Forget the call's."""
        self.connecting = self._ready = False
        self._turns = None
        self._host.stream.forget()

    def _take_turns(self) -> Procedure:
        stream = self._host.stream
        while True:
            outcome = yield from self._connect("+VRX", Mode.RECEIVING)
            if not outcome.ok:
                self._no_audio(outcome)
                return
            self._is_ready()
            while not stream.speaks(self._host.now):
                yield from pause(TURN_LOOK)
            yield from self.end()
            outcome = yield from self._connect("+VTX", Mode.TRANSMITTING)
            if not outcome.ok:
                self._no_audio(outcome)
                return
            while stream.speaks(self._host.now):
                yield from pause(TURN_LOOK)
            yield from self.end()

    def _connect(self, text: str, mode: Mode) -> Steps[Outcome]:
        self.connecting = True
        try:
            outcome = yield from ask(Command(text, timeout=COMMAND_TIMEOUT, connects=True))
            if outcome.ok:
                self._host.stream.begin(mode, self._host.now)
        finally:
            self.connecting = False
        return outcome

    def _watch(self) -> Procedure:
        stream = self._host.stream
        while True:
            yield from pause(_STREAM_LOOK)
            listening = stream.mode in (Mode.DUPLEX, Mode.RECEIVING)
            if listening and self._host.now - stream.last_audio > STREAM_DRY:
                self._host.reopen("its audio stream has dried up")
                return

    def _is_ready(self) -> None:
        self._seen.audio = True
        if not self._ready:
            self._ready = True
            self._host.emit(AudioReady(LineAudio(self._host.audio_device, SAMPLE_RATE)))
            self._errands.run(self._watch())

    def _no_audio(self, outcome: Outcome) -> None:
        self._seen.audio = False
        self._fails(f"no audio: {outcome.failure}")
