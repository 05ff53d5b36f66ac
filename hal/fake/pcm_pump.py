"""The modem's PCM port: 20 ms each way at a time, while the call stands and the audio is on.

    party's Voice ──frame──► [audio on?] ──► PCM port ──► firmware
    party's Ear ◄──frame── buffer ◄── [audio on?] ◄── PCM port ◄── firmware

What either side says before the audio is on is lost, as in life. What the party heard is written down from
the answer on, to the millisecond. A modem at 16 kHz (`FakeModem.wideband`) sends and takes twice the samples;
the party stays one of 8 kHz. A party on hold with the network hears nothing and is not heard; two joined hear
each other too.
"""

from __future__ import annotations

import array
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
        self._calls: list[FakeCall] = []
        """Those that stand, on hold or not."""

    def stop(self) -> None:
        """End the thread and complete the parties' recordings."""
        super().stop()
        self._change_calls([])

    def settle(self) -> None:
        """Complete what the party of an ended call heard, now rather than at the next frame."""
        with self.lock:
            self._change_calls([one for one in self._calls if one.state is CallState.ANSWERED])

    def _tick(self) -> None:
        active, held, joined = self._modem.call, self._modem.held, self._modem.joined
        calls = [one for one in (active, held) if one is not None and one.state is CallState.ANSWERED]
        self._change_calls(calls)
        on_air = [one for one in calls if one is active or joined]
        wide = self._modem.wideband
        on = self._modem.audio_on and bool(on_air)
        if on and not self._was_on:
            self._port.forget_unread()
            self.buffer.clear(frames_of=2 if wide else 1)
        self._was_on = on
        arrived = self._port.read()
        if not calls:
            return
        said = {one.id: one.voice.frame() for one in calls}
        heard = SILENT_FRAME
        if on:
            voices = _sum([said[one.id] for one in on_air])
            self._port.write(doubled(voices) if wide else voices)
            taken = self.buffer.take(arrived)
            heard = halved(taken) if wide else taken
        for one in calls:
            if one.ear is not None:
                others = [said[other.id] for other in on_air if other is not one]
                one.ear.hear(_sum([heard, *others]) if one in on_air else SILENT_FRAME)

    def _change_calls(self, calls: list[FakeCall]) -> None:
        for one in self._calls:
            if one not in calls and one.ear is not None:
                one.ear.close()
        for one in calls:
            if one not in self._calls and one.ear is not None and one.answered_at is not None:
                late = max(0.0, time.monotonic() - one.answered_at)
                one.ear.hear(bytes(2 * round(late * RATE)))
        self._calls = calls


def _sum(frames: list[bytes]) -> bytes:
    """Return 16-bit frames of one length added, clipped."""
    if len(frames) == 1:
        return frames[0]
    sums = map(sum, zip(*(array.array("h", frame) for frame in frames), strict=True))
    return array.array("h", (max(-32768, min(32767, value)) for value in sums)).tobytes()
