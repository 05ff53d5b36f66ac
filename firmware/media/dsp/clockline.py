"""How fast somebody else's sample clock runs, by our monotonic clock.

Theory of operation. A device that has delivered n samples by the time t draws a straight line n(t). Its
points are late by scheduling and buffering, never by much on average. A Kalman filter with the state
(samples, rate) follows the line: it begins with a wide variance, so the first seconds count, and narrows to
a memory of minutes, which is what a quartz's drift with temperature allows. How much the points scatter is
measured on the way, so 0.1 ms of a sound card and 10 ms of a modem both get the memory they need.

A point far off the line is left out; many in a row mean that the line itself has moved, and it starts again.
A device that delivers a frame when our tick looks for one hides its clock for a minute: it seems exact until
its phase slips past the tick, and then a frame more, or less, is there for good. Such a move, divided by the
time since the last, is the rate's error; a move sooner after another is a loss or a stall and tells nothing.

Rates in samples a second, deviations in ppm, times in monotonic seconds.

Sources: the two-state clock model of oscillator steering (phase and frequency, white noise on frequency);
reference G.
"""

from __future__ import annotations

import math
from typing import Final

FIRST_PPM: Final = 400.0
"""Standard deviation of a rate nothing is known about; devices are to be followed up to 300 ppm."""
WANDER_PPM: Final = 0.01
"""A rate's random walk in a second (per square root of a second): under 1 ppm in an hour."""
FIRST_SCATTER: Final = 8.0
"""Samples: 1 ms, until measured."""
LEAST_SCATTER: Final = 0.5
SCATTER_MEMORY: Final = 0.02
"""Share of each point in the measured scatter: a second's worth."""
OUTLIER: Final = 6.0
"""Scatters from the line that make a point one to leave out."""
LEAST_OUTLIER: Final = 80.0
"""Samples (10 ms); nearer points are never left out."""
LEAST_SLIP_SECONDS: Final = 20.0
"""A frame in less than that would be 1000 ppm, and no clock."""
LARGEST_SLIP: Final = 1000.0
"""Samples (125 ms), the longest lump devices deliver in."""
SLIP_SHARE: Final = 0.7
"""Share of a slip's rate that is believed: the first came sooner than its turn."""
OUTLIERS_IN_A_ROW: Final = 25
"""Half a second of frames: the line itself has moved."""


class ClockLine:
    """One clock's line.

    Args:
        nominal: Samples a second it claims.
    """

    def __init__(self, nominal: float) -> None:
        self.nominal = nominal
        self._count: float | None = None
        """Samples by the line at `_time`."""
        self._time = 0.0
        self._began = 0.0
        """When the line last began anew."""
        self._rate = nominal
        self._p_count = self._p_cross = 0.0
        self._p_rate = (nominal * FIRST_PPM * 1e-6) ** 2
        self._scatter = FIRST_SCATTER**2
        self._far_off = 0
        self.restarts = 0

    @property
    def ppm(self) -> float:
        """Deviation from nominal."""
        return (self._rate / self.nominal - 1) * 1e6

    @property
    def uncertainty_ppm(self) -> float:
        """Standard deviation of `ppm`."""
        return math.sqrt(max(self._p_rate, 0.0)) / self.nominal * 1e6

    @property
    def rate(self) -> float:
        """Samples a second, best estimate."""
        return self._rate

    @property
    def started(self) -> bool:
        return self._count is not None

    def at(self, now: float) -> float:
        """Return how many samples there are by the line."""
        if self._count is None:
            return 0.0
        return self._count + self._rate * (now - self._time)

    def observe(self, count: float, now: float) -> None:
        """Take a point: `count` samples since the beginning were there at `now`."""
        if self._count is None:
            self._restart(count, now)
            return
        elapsed = max(0.0, now - self._time)
        walk = (WANDER_PPM * 1e-6 * self.nominal) ** 2
        p_count = (
            self._p_count + 2 * elapsed * self._p_cross + elapsed**2 * self._p_rate + walk * elapsed**3 / 3
        )
        p_cross = self._p_cross + elapsed * self._p_rate + walk * elapsed**2 / 2
        p_rate = self._p_rate + walk * elapsed
        predicted = self._count + self._rate * elapsed
        error = count - predicted
        if abs(error) > max(OUTLIER * math.sqrt(self._scatter + p_count), LEAST_OUTLIER):
            self._far_off += 1
            if self._far_off >= OUTLIERS_IN_A_ROW:
                self.restarts += 1
                self._learn_from_slip(error, now)
                self._restart(count, now)
            return
        self._far_off = 0
        self._scatter += SCATTER_MEMORY * (max(error**2, LEAST_SCATTER**2) - self._scatter)
        total = p_count + self._scatter
        gain_count, gain_rate = p_count / total, p_cross / total
        self._count = predicted + gain_count * error
        self._rate += gain_rate * error
        self._time = now
        self._p_count = p_count * (1 - gain_count)
        self._p_rate = p_rate - gain_rate * p_cross
        self._p_cross = p_cross * (1 - gain_count)

    def _learn_from_slip(self, moved: float, now: float) -> None:
        """Correct the rate by how far the line has moved since it last began."""
        elapsed = now - self._began
        if elapsed < LEAST_SLIP_SECONDS or abs(moved) > LARGEST_SLIP:
            return
        limit = self.nominal * FIRST_PPM * 1e-6
        rate = self._rate + SLIP_SHARE * moved / elapsed
        self._rate = min(max(rate, self.nominal - limit), self.nominal + limit)

    def _restart(self, count: float, now: float) -> None:
        """Begin a line here, at the rate known so far."""
        self._began = now
        self._count, self._time = count, now
        self._p_count, self._p_cross = self._scatter, 0.0
        self._far_off = 0
