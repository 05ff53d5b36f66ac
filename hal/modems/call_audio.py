"""The audio of a GSM call: what switches it on before or during the call, and off after it.

before dialling or answering ─► `prepare`          models that take no other moment (Quectel)
the call stands ─► `switch_on`: again while refused ─► AudioReady, or a modem that must be restarted
the call is over ─► `switch_off`
"""

from __future__ import annotations

import dataclasses

from hal.at.channel import Command
from hal.at.procedures import Procedure, Steps, ask, pause
from hal.line import AudioReady, LineAudio
from hal.modems.call_host import Host
from hal.modems.doctor import AudioFinding
from hal.modems.model import Model

LATE_AUDIO = 4.0
"""Seconds after the connection from which accepted audio is a sign of decay (reference H1)."""


class CallAudio:
    """The audio of one line's calls, one after the other."""

    def __init__(self, model: Model, device: str, host: Host) -> None:
        self._commands = model.audio
        self._host = host
        self.place = LineAudio(device, model.audio.sample_rate)
        """Where it is."""
        self.finding = AudioFinding.UNTRIED
        """How the audio of the last call came."""
        self._asked = False
        self._gives_up = True

    def is_at(self, device: str) -> None:
        """The modem was found; its calls' audio is at this device."""
        self.place = dataclasses.replace(self.place, device=device)

    def begin(self, *, for_help: bool) -> None:
        """Another call; one for help is never given up for want of audio: its place can still be found."""
        self._asked = False
        self._gives_up = not for_help

    def prepare(self) -> Steps[str | None]:
        """Send what must precede a call; return why it would have no audio, or None."""
        before = self._commands.before
        for text in before:
            outcome = yield from ask(Command(text))
            if not outcome.ok:
                outcome = yield from ask(Command(text))
            # The last one switches on; those before it only put things in order.
            if outcome.failure is not None and text is before[-1]:
                self.finding = AudioFinding.REFUSED
                return f"no audio: {outcome.failure}"
        self._asked = bool(before)
        return None

    def switch_on(self, stands_since: float | None) -> Steps[str | None]:
        """Ask for it until it comes, and tell; return what the modem said when it doesn't, or None.

        In a call for help there is no end to it.

        Args:
            stands_since: When the call was connected, as far as known.
        """
        commands = self._commands
        self._asked = bool(commands.before or commands.on)
        began = self._host.now
        if not commands.on:
            self.finding = AudioFinding.AT_ONCE
            self._host.emit(AudioReady(self._left(stands_since)))
            return None
        said = ""
        while not self._gives_up or self._host.now - began < commands.give_up_seconds:
            outcome = yield from ask(Command(commands.on))
            if outcome.failure is None:
                late = self._host.now - began > LATE_AUDIO
                self.finding = AudioFinding.LATE if late else AudioFinding.AT_ONCE
                self._host.emit(AudioReady(self._left(stands_since)))
                return None
            said = str(outcome.failure)
            if self._host.now - began > LATE_AUDIO:
                self.finding = AudioFinding.REFUSED
            yield from pause(commands.retry_seconds)
        self.finding = AudioFinding.REFUSED
        return said

    def switch_on_again(self) -> Steps[str | None]:
        """Have it for the line's other call, after the one that had it is over; returns as `switch_on`.

        Whether a model that is asked once the call stands keeps it on isn't documented: it is switched anew.
        """
        if self._commands.on:
            yield from self.switch_off()
            return (yield from self.switch_on(None))
        self.goes_on()
        return None

    def goes_on(self) -> None:
        """Another of the line's calls has it now; it stayed on."""
        self._host.emit(AudioReady(self.place))

    def switch_off(self) -> Procedure:
        """Leave the modem as it was before the call, if anything was asked of it."""
        if self._commands.off:
            yield from ask(Command(self._commands.off))

    def call_over(self) -> Procedure | None:
        """Return what must be done after the call; None for nothing."""
        return self.switch_off() if self._asked else None

    def _left(self, stands_since: float | None) -> LineAudio:
        """Say how much longer the modem swallows what is said: most of it may have gone by in refusals."""
        since = self._host.now if stands_since is None else stands_since
        left = since + self._commands.clipped_seconds - self._host.now
        return dataclasses.replace(self.place, settle_ms=max(0, round(1000 * left)))
