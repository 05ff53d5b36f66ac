"""The modem's PCM port: 320 bytes each way every 20 ms, while the call stands and the audio is on.

    party's Voice ──frame──► [audio on?] ──► PCM port ──► firmware
    party's Ear ◄──frame── jitter buffer ◄── [audio on?] ◄── PCM port ◄── firmware

A thread of its own with absolute deadlines, so that a busy event loop shifts no frame by more than the
interpreter's switching time (5 ms) and none gets lost. What either side says before the audio is on is lost,
as in life. What the party heard is written down from the answer on, to the millisecond. The buffer towards
the party holds back `PREFILL` so that a writer with another phase causes no gaps; bytes beyond `CAPACITY`
are thrown away and counted; an odd byte waits for its other half.
"""

from __future__ import annotations

import threading
import time

from hal.fake.audio import FRAME_BYTES, RATE, SILENT_FRAME
from hal.fake.modem import FakeModem
from hal.fake.network import CallState, FakeCall
from hal.fake.pty_port import PtyPort

FRAME_SECONDS = 0.02
PREFILL = 2 * FRAME_BYTES
"""40 ms: twice the greatest jitter of a writer that works in frames."""
CAPACITY = 10 * FRAME_BYTES
"""200 ms; a writer that is further ahead has a wrong clock."""
_HOPELESSLY_LATE = 1.0
# Seconds after which the pump starts counting anew instead of catching up (the machine was suspended).


class PcmPump:
    """Runs one modem's PCM port. `lock` guards the port against being unplugged under the thread."""

    def __init__(self, modem: FakeModem, port: PtyPort) -> None:
        self.lock = threading.Lock()
        self.dropped_bytes = 0
        """From the firmware, beyond what the buffer holds."""
        self.underruns = 0
        """Frames of silence the party heard because the firmware sent nothing in time."""
        self.ticks = 0
        self._modem = modem
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pcm", daemon=True)
        self._heard = bytearray()
        self._playing = False
        self._was_on = False
        self._call: FakeCall | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread and complete the party's recording."""
        self._stop.set()
        self._thread.join()
        self._change_call(None)

    def _run(self) -> None:
        deadline = time.monotonic()
        while not self._stop.is_set():
            deadline += FRAME_SECONDS
            late = time.monotonic() - deadline
            if late > _HOPELESSLY_LATE:
                deadline += late
            elif late < 0:
                time.sleep(-late)
            with self.lock:
                self._tick()

    def _tick(self) -> None:
        self.ticks += 1
        call = self._modem.call
        if call is not None and call.state is not CallState.ANSWERED:
            call = None
        if call is not self._call:
            self._change_call(call)
        on = self._modem.audio_on and call is not None
        if on and not self._was_on:
            self._port.forget_unread()
            self._heard.clear()
            self._playing = False
        self._was_on = on
        arrived = self._port.read()
        if call is None:
            return
        said = call.voice.frame()
        heard = SILENT_FRAME
        if on:
            self._port.write(said)
            heard = self._take(arrived)
        if call.ear is not None:
            call.ear.hear(heard)

    def _take(self, arrived: bytes) -> bytes:
        """Put what the firmware wrote into the buffer and return the party's next 20 ms."""
        self._heard += arrived
        if len(self._heard) > CAPACITY:
            surplus = (len(self._heard) - CAPACITY + 1) // 2 * 2
            del self._heard[:surplus]
            self.dropped_bytes += surplus
        if not self._playing and len(self._heard) < PREFILL:
            return SILENT_FRAME
        if len(self._heard) < FRAME_BYTES:
            self._playing = False
            self.underruns += 1
            return SILENT_FRAME
        self._playing = True
        frame = bytes(self._heard[:FRAME_BYTES])
        del self._heard[:FRAME_BYTES]
        return frame

    def settle(self) -> None:
        """Complete what the party of an ended call heard, now rather than at the next frame."""
        with self.lock:
            if self._call is not None and self._call.state is not CallState.ANSWERED:
                self._change_call(None)

    def _change_call(self, call: FakeCall | None) -> None:
        if self._call is not None and self._call.ear is not None:
            self._call.ear.close()
        self._call = call
        if call is not None and call.ear is not None and call.answered_at is not None:
            late = max(0.0, time.monotonic() - call.answered_at)
            call.ear.hear(bytes(2 * round(late * RATE)))
