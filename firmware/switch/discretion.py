"""Keeps card numbers and PINs out of recordings: while keys are pressed, the recording is silent.

a key ─► silent on both sides ─► another key … ─► `QUIET_SECONDS` without one ─► sound again

The recording goes on in silence, so that its time stays that of the talk; the journey notes the stretch. What
is left of a key is the moment until it was recognised.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from firmware.core.media import Recording
from firmware.core.records import Pause, RecordingRecord

QUIET_SECONDS = 4.0
"""Longer than people take between two digits they read off a card."""
REASON = "keys"


class Discretion:
    """One recording's.

    Args:
        recording: Made silent.
        record: Told of each stretch.
        elapsed_ms: The journey's time.
    """

    def __init__(self, recording: Recording, record: RecordingRecord, elapsed_ms: Callable[[], int]) -> None:
        self._recording = recording
        self._record = record
        self._elapsed_ms = elapsed_ms
        self._pause: Pause | None = None
        self._timer: asyncio.TimerHandle | None = None

    def keyed(self) -> None:
        """A party has pressed a key."""
        if self._pause is None:
            self._recording.mute(True)
            self._pause = Pause(self._elapsed_ms(), reason=REASON)
            self._record.pauses.append(self._pause)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(QUIET_SECONDS, self._over)

    def close(self) -> None:
        """The recording is about to end. Repeatable."""
        if self._timer is not None:
            self._timer.cancel()
        self._over()

    def _over(self) -> None:
        self._timer = None
        if self._pause is not None:
            self._pause.ended_ms = self._elapsed_ms()
            self._pause = None
            self._recording.mute(False)
