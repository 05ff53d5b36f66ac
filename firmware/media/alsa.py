"""Sound cards through ALSA: a thread of its own for each, as a dead sound server hangs whoever calls it.

    tick ── write ─► queue ─┐                       ┌─► playback
                            ├─ thread: wait, read, write ─┤
    tick ◄─ read ── queue ◄─┘                       └── capture

The thread only waits in the kernel and copies samples; what it has is handed over in queues. A card that has
given nothing for `SILENT_SECONDS` is gone, whatever its thread is stuck in; a stuck thread can't be ended
from outside, so only `MAX_STUCK` of them are put up with.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from typing import Final

from firmware.core.media import MediaError
from firmware.media.alsa_library import CAPTURE, PLAYBACK, AlsaError, AlsaStream
from firmware.media.g711 import FRAME, RATE
from firmware.media.pcm import DeviceGone

PREFIX: Final = "alsa:"
"""Before the PCM's name, in place of a path."""
BUFFER_MS: Final = 80
"""The card's; all but 20 ms of it is filled with silence at the beginning and after a stall, which keeps
playback from running dry."""
WAIT_MS: Final = 100
"""Between two looks at whether the card was given back, when it captures nothing."""
SILENT_SECONDS: Final = 1.0
OPEN_SECONDS: Final = 3.0
MAX_QUEUED: Final = 25
"""Frames (0.5 s) waiting in either direction."""
MAX_STUCK: Final = 4

_stuck: set[threading.Thread] = set()


class AlsaPcm:
    """A sound card's full-duplex mono PCM at 8000 Hz; it is opened by its thread, see `ready`.

    Raises:
        MediaError: The rate isn't 8000 Hz, or too many cards hang already.
    """

    chunk = FRAME

    def __init__(self, device: str, sample_rate: int) -> None:
        if sample_rate != RATE:
            raise MediaError(f"{device}: {sample_rate} Hz isn't supported, only {RATE} Hz")
        _stuck.difference_update([thread for thread in _stuck if not thread.is_alive()])
        if len(_stuck) >= MAX_STUCK:
            raise MediaError(f"{device}: {len(_stuck)} sound cards hang; restart the sound server")
        self.dropped = 0
        self.stalls = 0
        """How often playback ran dry or capture overflowed."""
        self._device = device
        self._name = device.removeprefix(PREFIX)
        self._captured: deque[bytes] = deque(maxlen=MAX_QUEUED)
        self._playing: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._error: str | None = None
        self._open = False
        self._stopping = False
        self._heard = time.monotonic()
        """When the thread last gave something, or began."""
        self._thread = threading.Thread(target=self._run, name=f"alsa-{self._name}", daemon=True)
        self._thread.start()

    def ready(self) -> bool:
        if self._error is not None:
            raise MediaError(f"{self._device}: {self._error}")
        if not self._open and time.monotonic() - self._heard > OPEN_SECONDS:
            raise MediaError(f"{self._device}: it doesn't open")
        return self._open

    def read(self) -> bytes:
        data = b"".join(self._captured.popleft() for _ in range(len(self._captured)))
        now = time.monotonic()
        if data:
            self._heard = now
        elif self._error is not None:
            raise DeviceGone(f"{self._device}: {self._error}")
        elif now - self._heard > SILENT_SECONDS:
            raise DeviceGone(f"{self._device}: no audio for {SILENT_SECONDS:.0f} s")
        return data

    def write(self, samples: bytes) -> None:
        if self._playing.qsize() >= MAX_QUEUED:
            self.dropped += 1
        else:
            self._playing.put(samples)

    def close(self) -> None:
        self._stopping = True
        if self._thread.is_alive():
            _stuck.add(self._thread)

    # The thread

    def _run(self) -> None:
        streams: list[AlsaStream] = []
        try:
            capture = AlsaStream(self._name, CAPTURE, BUFFER_MS)
            streams.append(capture)
            playback = AlsaStream(self._name, PLAYBACK, BUFFER_MS)
            streams.append(playback)
            self._prefill(playback)
            capture.start()
            self._heard = time.monotonic()
            self._open = True
            while not self._stopping:
                capture.wait(WAIT_MS)
                while data := capture.read(FRAME):
                    self._captured.append(data)
                self._play(playback)
                self.stalls = capture.stalls + playback.stalls
        except AlsaError as error:
            self._error = str(error)
        for stream in streams:
            stream.close()

    def _play(self, playback: AlsaStream) -> None:
        while not self._playing.empty():
            samples = self._playing.get_nowait()
            stalls = playback.stalls
            written = playback.write(samples)
            if playback.stalls > stalls:
                # It had run dry, and needs its reserve before it plays on.
                self._prefill(playback)
                written = playback.write(samples)
            if 2 * written < len(samples):
                self.dropped += 1

    @staticmethod
    def _prefill(playback: AlsaStream) -> None:
        playback.write(bytes(2 * FRAME * (BUFFER_MS // 20 - 1)))
