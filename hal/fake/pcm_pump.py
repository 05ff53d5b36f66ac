"""The modem's PCM port: 20 ms each way at a time, while the call stands and the audio is on.

    party's Voice ──frame──► [audio on?] ──► PCM port ──► firmware
    party's Ear ◄──frame── buffer ◄── [audio on?] ◄── PCM port ◄── firmware

What either side says before the audio is on is lost, as in life. What the party heard is written down from
the answer on, to the millisecond. A modem at 16 kHz (`FakeModem.wideband`) sends and takes twice the samples;
the party stays one of 8 kHz.
"""

from __future__ import annotations

import time

from hal.fake.audio import RATE, SILENT_FRAME, doubled, halved
from hal.fake.frame_pump import FrameBuffer, FramePump
from hal.fake.modem import FakeModem
from hal.fake.network import CallState, FakeCall
from hal.fake.pty_port import PtyPort


class PcmPump(FramePump):
    """Runs one modem's PCM port. `lock` guards the port against being unplugged under the thread."""

    def __init__(self, modem: FakeModem, port: PtyPort) -> None:
        super().__init__("pcm")
        self.buffer = FrameBuffer()
        """What the firmware wrote and the party hasn't heard yet."""
        self._modem = modem
        self._port = port
        self._was_on = False
        self._call: FakeCall | None = None

    def stop(self) -> None:
        """End the thread and complete the party's recording."""
        super().stop()
        self._change_call(None)

    def settle(self) -> None:
        """Complete what the party of an ended call heard, now rather than at the next frame."""
        with self.lock:
            if self._call is not None and self._call.state is not CallState.ANSWERED:
                self._change_call(None)

    def _tick(self) -> None:
        call = self._modem.call
        if call is not None and call.state is not CallState.ANSWERED:
            call = None
        if call is not self._call:
            self._change_call(call)
        wide = self._modem.wideband
        on = self._modem.audio_on and call is not None
        if on and not self._was_on:
            self._port.forget_unread()
            self.buffer.clear(frames_of=2 if wide else 1)
        self._was_on = on
        arrived = self._port.read()
        if call is None:
            return
        said = call.voice.frame()
        heard = SILENT_FRAME
        if on:
            self._port.write(doubled(said) if wide else said)
            taken = self.buffer.take(arrived)
            heard = halved(taken) if wide else taken
        if call.ear is not None:
            call.ear.hear(heard)

    def _change_call(self, call: FakeCall | None) -> None:
        if self._call is not None and self._call.ear is not None:
            self._call.ear.close()
        self._call = call
        if call is not None and call.ear is not None and call.answered_at is not None:
            late = max(0.0, time.monotonic() - call.answered_at)
            call.ear.hear(bytes(2 * round(late * RATE)))
