"""Under-voltage: when to warn, and when to end everything cleanly before the supply gives way altogether.

A Raspberry Pi below 4.63 V says so in `in0_lcrit_alarm` of its hwmon `rpi_volt`. A modem's transmit burst may
cause a moment of it; a supply that stays low corrupts cards.

    FINE ──low──► LOW ──low for SHUT_DOWN_S, or for PATIENCE_S with calls──► shut down
      ▲            │ warned once
      └──fine for RECOVERED_S──┘
"""

from __future__ import annotations

import enum
from pathlib import Path

SHUT_DOWN_S = 20.0
"""Low for so long without a call in progress: no burst of any modem lasts longer than some seconds."""

PATIENCE_S = 60.0
"""With calls in progress: people get this long."""

RECOVERED_S = 10.0


class Advice(enum.StrEnum):
    NOTHING = "nothing"
    WARN = "warn"
    SHUT_DOWN = "shut down"


class PowerWatch:
    """Fed with what the sensor says; times are monotonic seconds."""

    def __init__(self) -> None:
        self._low_since: float | None = None
        self._fine_since: float | None = None
        self._warned = False
        self._ended = False

    def note(self, low: bool, calls: int, now: float) -> Advice:
        """Take one reading; say what to do, each thing once."""
        if not low:
            self._fine_since = now if self._fine_since is None else self._fine_since
            if now - self._fine_since >= RECOVERED_S:
                self._low_since, self._warned = None, False
            return Advice.NOTHING
        self._fine_since = None
        self._low_since = now if self._low_since is None else self._low_since
        if now - self._low_since >= (PATIENCE_S if calls else SHUT_DOWN_S) and not self._ended:
            self._ended = True
            return Advice.SHUT_DOWN
        if not self._warned:
            self._warned = True
            return Advice.WARN
        return Advice.NOTHING


def sensor(hwmon: Path = Path("/sys/class/hwmon")) -> Path | None:
    """Return the file that holds 1 while the voltage is too low; None where the board has none."""
    for chip in sorted(hwmon.glob("hwmon*")):
        try:
            if (chip / "name").read_text("ascii").strip() == "rpi_volt":
                return chip / "in0_lcrit_alarm"
        except (OSError, UnicodeDecodeError):
            continue
    return None


def is_low(alarm: Path) -> bool:
    """Tell whether the voltage is too low now; a sensor that can't be read says no."""
    try:
        return alarm.read_text("ascii").strip() == "1"
    except (OSError, UnicodeDecodeError):
        return False
