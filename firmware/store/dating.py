"""Dating what happened before the clock was set.

Theory of operation
-------------------
A box without a battery-backed clock boots in 1970 and takes calls at once. What it writes then carries the
boot's id and the monotonic clock (`Instant`). When network time has come, one reading of both clocks of the
same boot dates everything of that boot:

    boot ──── call A (mono 20 s) ──── call B (mono 90 s) ──── NTP: mono 300 s is 14:05:00
              was 14:00:20             was 14:01:30

Records of a boot that ended before network time came stay undated; their place in the order of closing is
all that is known of them.
"""

from __future__ import annotations

import msgspec

from firmware.core.clock import Instant


class Dating:
    """What is known of when boots began. `learn` and `dated` may be called from different threads."""

    def __init__(self) -> None:
        self._zero_ms: dict[str, int] = {}
        """Boot id → the wall clock, in ms, when its monotonic clock read zero."""

    def learn(self, now: Instant) -> None:
        """Take a reading of both clocks; one with an unset wall clock teaches nothing."""
        if now.clock_set:
            self._zero_ms = {**self._zero_ms, now.boot_id: now.wall_ms - now.mono_ms}

    def boots(self) -> dict[str, int]:
        """Return what is known: boot id → wall clock, in ms, at monotonic zero."""
        return dict(self._zero_ms)

    def dated(self, instant: Instant) -> Instant:
        """Return the moment with its date, where that is known; otherwise as it is."""
        zero_ms = self._zero_ms.get(instant.boot_id)
        if instant.clock_set or zero_ms is None:
            return instant
        return msgspec.structs.replace(instant, wall_ms=zero_ms + instant.mono_ms, clock_set=True)
