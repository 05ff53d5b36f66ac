"""Time as a box without a battery-backed clock must keep it.

Durations come from the monotonic clock. A wall-clock reading is only as good as `is_set` says; a record
made before the clock was set carries the boot id and the monotonic reading, so that it can be dated
once network time has arrived.
"""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

# A wall clock that reads earlier than the firmware's own year has certainly not been set.
_EARLIEST_BELIEVABLE = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC).timestamp()


class Instant(msgspec.Struct, frozen=True):
    """One moment, both as people and as this boot count it."""

    wall_ms: int
    """Milliseconds since 1970-01-01 UTC by the wall clock."""
    mono_ms: int
    """Milliseconds of this boot's monotonic clock."""
    boot_id: str
    """Which boot `mono_ms` counts from."""
    clock_set: bool
    """Whether the wall clock could be believed at that moment."""


class Clock(Protocol):
    """What call control needs of time; tests hand in a virtual one."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment; never goes back."""

    def now(self) -> Instant:
        """Return the present moment."""


class SystemClock:
    """The computer's clocks."""

    def __init__(self) -> None:
        self._boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> Instant:
        wall = time.time()
        return Instant(
            wall_ms=int(wall * 1000),
            mono_ms=int(time.monotonic() * 1000),
            boot_id=self._boot_id,
            clock_set=wall >= _EARLIEST_BELIEVABLE,
        )


def live_by(zone: str) -> Callable[[], None]:
    """Have local time in this process, and in those it starts, be that of a zone such as "Asia/Shanghai".

    The computer's own zone is whatever its image came with, and the office must not read two times.

    Returns:
        A function that goes back to the zone before.
    """
    before = os.environ.get("TZ")
    _set_zone(zone)
    return lambda: _set_zone(before)


def _set_zone(zone: str | None) -> None:
    if os.environ.get("TZ") == zone:
        return
    if zone is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = zone
    time.tzset()
