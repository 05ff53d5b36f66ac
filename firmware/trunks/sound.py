"""What was heard from a line in one call, by the level meter of its port.

A modem whose audio has decayed delivers nothing but zeros (or nothing at all, which the media plane takes for
the same), where a network delivers at least the noise of its comfort: a call in which nothing at all was
heard for `DEAF_S` tells that the line is deaf.
"""

from __future__ import annotations

import dataclasses
from typing import Final

METER_S: Final = 0.2
"""What one reading of the meter covers."""
DEAF_S: Final = 10.0
SILENCE_DBM0: Final = -85.0
"""Quieter is no sound of a network: one step of 16 bits is -87 dBm0, idle noise of a GSM codec some -65."""
LOW_DBM0: Final = -45.0
"""Speech quieter than this can't be understood; usual is -15 to -30."""


@dataclasses.dataclass
class CallSound:
    """One call's."""

    seconds: float = 0.0
    """How long its audio was the leg's."""
    loudest_dbm0: float = -96.0

    def metered(self, input_dbm0: float) -> None:
        """Take one reading."""
        self.seconds += METER_S
        self.loudest_dbm0 = max(self.loudest_dbm0, input_dbm0)

    @property
    def has_sound(self) -> bool | None:
        """Whether anything was heard; None while nothing was and the call is too short to tell."""
        if self.loudest_dbm0 > SILENCE_DBM0:
            return True
        return False if self.seconds >= DEAF_S else None
