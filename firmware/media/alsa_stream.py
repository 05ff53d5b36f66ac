"""One direction of a sound card, by pyalsaaudio.

Only called from the process of its card, see `alsa_card`: most of what pyalsaaudio does holds the
interpreter's lock, and any of it may hang while a sound server or a USB device dies.
"""

from __future__ import annotations

import select
from typing import Final, Protocol

import alsaaudio

RATE: Final = 8000
"""Hz; the whole product's."""
FRAME: Final = 160
"""Samples in 20 ms, ALSA's period."""
PERIODS: Final = 4
"""The card's buffer: 80 ms."""
PLAYBACK: Final[int] = alsaaudio.PCM_PLAYBACK
CAPTURE: Final[int] = alsaaudio.PCM_CAPTURE
_SAMPLE_BYTES: Final = 2


class AlsaError(OSError):
    """ALSA refused; the text says what."""


class _Pcm(Protocol):
    """What is used of `alsaaudio.PCM`; every call raises `alsaaudio.ALSAAudioError`."""

    def info(self) -> dict[str, object]: ...
    def polldescriptors(self) -> list[tuple[int, int]]: ...
    def polldescriptors_revents(self, found: list[tuple[int, int]]) -> int: ...
    def read(self) -> tuple[int, bytes]: ...
    def write(self, samples: bytes) -> int: ...
    def close(self) -> None: ...


class AlsaStream:
    """16-bit mono at 8000 Hz, never blocking.

    Args:
        name: As ALSA names it: `plughw:CARD=codec`.
        direction: `PLAYBACK` or `CAPTURE`.

    Raises:
        AlsaError: It can't be opened, or can't do the format.
    """

    def __init__(self, name: str, direction: int) -> None:
        self.stalls = 0
        """How often it ran dry or over."""
        try:
            self._pcm: _Pcm = alsaaudio.PCM(
                type=direction,
                mode=alsaaudio.PCM_NONBLOCK,
                device=name,
                rate=RATE,
                channels=1,
                format=alsaaudio.PCM_FORMAT_S16_LE,
                periodsize=FRAME,
                periods=PERIODS,
            )
            got = self._pcm.info()
            self._polled = self._pcm.polldescriptors()
        except alsaaudio.ALSAAudioError as error:
            raise AlsaError(str(error)) from error
        # The library takes the nearest the card has; `plughw:` converts, `hw:` may not.
        shape = got["rate"], got["channels"], got["format_name"]
        if shape != (RATE, 1, "S16_LE"):
            self.close()
            raise AlsaError(f"it is {shape} rather than 8000 Hz mono S16_LE; name it plughw:…")

    def register(self, poll: select.poll) -> None:
        """Have `poll` wake when there is something to read, or room to write.

        The masks are ALSA's own: a plugin's descriptor may become readable when there is room to write.
        """
        for descriptor, mask in self._polled:
            poll.register(descriptor, mask)

    def awake(self, found: list[tuple[int, int]]) -> None:
        """Give ALSA what `poll` found, so that a plugin takes its wake-up off the descriptor.

        Raises:
            AlsaError: The card is gone.
        """
        descriptors = {descriptor for descriptor, _ in self._polled}
        mine = [one for one in found if one[0] in descriptors]
        if mine:
            try:
                self._pcm.polldescriptors_revents(mine)
            except alsaaudio.ALSAAudioError as error:
                raise AlsaError(str(error)) from error

    def read(self) -> bytes:
        """Return what was captured, at most a frame; the first call begins to capture.

        Raises:
            AlsaError: The card is gone.
        """
        try:
            count, samples = self._pcm.read()
            if count < 0:
                # It ran over and has been made ready again; the next reading sets it going.
                self.stalls += 1
                count, samples = self._pcm.read()
        except alsaaudio.ALSAAudioError as error:
            raise AlsaError(str(error)) from error
        return samples if count > 0 else b""

    def write(self, samples: bytes) -> int:
        """Play samples; return how many were taken, fewer than given when the buffer is full.

        After a stall it took none, and has been made ready again.

        Raises:
            AlsaError: The card is gone.
        """
        try:
            count = self._pcm.write(samples)
        except alsaaudio.ALSAAudioError as error:
            raise AlsaError(str(error)) from error
        if count < 0:
            self.stalls += 1
            return 0
        return count

    def close(self) -> None:
        """Give it back."""
        self._pcm.close()
