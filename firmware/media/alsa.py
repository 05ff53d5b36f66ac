"""Sound cards through ALSA: a thread of its own for each, as a dead sound server hangs whoever calls it.

    tick ── write ─► queue ─┐                       ┌─► playback
                            ├─ thread: poll, read, write ─┤
    tick ◄─ read ── queue ◄─┘                       └── capture

The thread only waits in the kernel and copies periods; what it has is handed over in queues. A card that has
given nothing for `SILENT_SECONDS` is gone, whatever its thread is stuck in; a stuck thread can't be ended
from outside, so only `MAX_STUCK` of them are put up with.
"""

from __future__ import annotations

import importlib
import queue
import select
import threading
import time
from collections import deque
from typing import Any, Final

from firmware.core.media import MediaError
from firmware.media.g711 import FRAME, RATE
from firmware.media.pcm import DeviceGone

PREFIX: Final = "alsa:"
"""Before the PCM's name, in place of a path."""
PERIODS: Final = 4
"""Of 20 ms in the card's buffer."""
PREFILL: Final = 2
"""Periods of silence before the first, and after a stall: what keeps playback from running dry."""
POLL_MS: Final = 100
SILENT_SECONDS: Final = 1.0
OPEN_SECONDS: Final = 3.0
MAX_QUEUED: Final = 25
"""Periods (0.5 s) waiting in either direction."""
MAX_STUCK: Final = 4
_BYTES: Final = 2 * FRAME

_stuck: set[threading.Thread] = set()


class AlsaPcm:
    """A sound card's full-duplex mono PCM at 8000 Hz; it is opened by its thread, see `ready`.

    Raises:
        MediaError: ALSA isn't installed, the rate isn't 8000 Hz, or too many cards hang already.
    """

    chunk = FRAME

    def __init__(self, device: str, sample_rate: int) -> None:
        if sample_rate != RATE:
            raise MediaError(f"{device}: {sample_rate} Hz isn't supported, only {RATE} Hz")
        try:
            self._alsa: Any = importlib.import_module("alsaaudio")
        except ImportError as error:
            raise MediaError(f"{device}: the Python package pyalsaaudio isn't installed") from error
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
        try:
            capture = self._opened(self._alsa.PCM_CAPTURE)
            playback = self._opened(self._alsa.PCM_PLAYBACK)
            self._prefill(playback)
            # The first read starts capturing.
            capture.read()
            poller = select.poll()
            for descriptor, mask in capture.polldescriptors():
                poller.register(descriptor, mask)
            self._heard = time.monotonic()
            self._open = True
            while not self._stopping:
                poller.poll(POLL_MS)
                self._capture(capture)
                self._play(playback)
            capture.close()
            playback.close()
        except (self._alsa.ALSAAudioError, OSError, ValueError) as error:
            self._error = str(error)

    def _opened(self, direction: int) -> Any:
        return self._alsa.PCM(
            type=direction,
            mode=self._alsa.PCM_NONBLOCK,
            device=self._name,
            rate=RATE,
            channels=1,
            format=self._alsa.PCM_FORMAT_S16_LE,
            periodsize=FRAME,
            periods=PERIODS,
        )

    def _capture(self, capture: Any) -> None:
        while not self._stopping:
            count, data = capture.read()
            if count <= 0:
                self.stalls += count < 0
                return
            self._captured.append(data)

    def _play(self, playback: Any) -> None:
        while not self._playing.empty():
            samples = self._playing.get_nowait()
            written = playback.write(samples)
            if written < 0:
                # Run dry: the card was prepared anew, and needs its reserve before it plays on.
                self.stalls += 1
                self._prefill(playback)
                written = playback.write(samples)
            if written == 0:
                self.dropped += 1

    def _prefill(self, playback: Any) -> None:
        for _ in range(PREFILL):
            playback.write(bytes(_BYTES))
