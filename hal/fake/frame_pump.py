"""A thread that wakes every 20 ms, and the buffer that evens out what a writer of another phase sends."""

from __future__ import annotations

import abc
import threading
import time

from hal.fake.audio import FRAME_BYTES

FRAME_SECONDS = 0.02
PREFILL = 2
"""Frames: 40 ms, twice the greatest jitter of a writer that works in frames."""
CAPACITY = 10
"""Frames: 200 ms; a writer that is further ahead has a wrong clock."""
_HOPELESSLY_LATE = 1.0
# Seconds after which the pump starts counting anew instead of catching up (the machine was suspended).


class FrameBuffer:
    """What was written, until it is heard.

    It holds back `PREFILL` so that a writer with another phase causes no gaps; bytes beyond `CAPACITY` are
    thrown away and counted; an odd byte waits for its other half.
    """

    def __init__(self) -> None:
        self.dropped_bytes = 0
        self.underruns = 0
        """Frames of silence because nothing was written in time."""
        self._frame = FRAME_BYTES
        self._held = bytearray()
        self._playing = False

    def clear(self, frames_of: int = 1) -> None:
        """Begin anew, with frames so many times as long as at 8 kHz."""
        self._frame = frames_of * FRAME_BYTES
        self._held.clear()
        self._playing = False

    def take(self, arrived: bytes) -> bytes:
        """Put in what arrived and return the next 20 ms."""
        held, frame = self._held, self._frame
        held += arrived
        if len(held) > CAPACITY * frame:
            surplus = (len(held) - CAPACITY * frame + 1) // 2 * 2
            del held[:surplus]
            self.dropped_bytes += surplus
        if not self._playing and len(held) < PREFILL * frame:
            return bytes(frame)
        if len(held) < frame:
            self._playing = False
            self.underruns += 1
            return bytes(frame)
        self._playing = True
        heard = bytes(held[:frame])
        del held[:frame]
        return heard


class FramePump(abc.ABC):
    """The thread. Its deadlines are absolute, so that a busy event loop shifts no frame by more than the
    interpreter's switching time (5 ms) and none gets lost. `lock` is held in each `_tick`.
    """

    def __init__(self, name: str) -> None:
        self.lock = threading.Lock()
        self.ticks = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    @abc.abstractmethod
    def _tick(self) -> None:
        """Carry 20 ms each way."""

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
                self.ticks += 1
                self._tick()
