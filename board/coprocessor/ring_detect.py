"""Ringing on the exchange line, from the edges of the ring opto-coupler (telephony-reference C1).

A burst is ringing when it has at least `MIN_CYCLES` cycles or lasts `MIN_BURST`, at 14 to 100 Hz; clicks of
pulse
dialling on a parallel phone (10 Hz) and reversals (single edges) are neither. Times in milliseconds.
"""

SLOWEST, FASTEST = 72, 10
"""Periods: 14 Hz and 100 Hz."""
MIN_CYCLES = 5
MIN_BURST = 140
BURST_GAP = 160
"""Silence that ends a burst: two periods of the slowest ringing, and some."""
CALL_OVER = 6000
"""After the last burst, the caller has given up."""


class RingDetector:
    def __init__(self):
        self._first = None
        self._last = None
        self._cycles = 0
        self._last_burst = None
        self.ringing = False
        """A call rings, also in the pauses of its cadence."""

    def edge(self, now):
        """A rising edge of the detector."""
        if self._last is not None and now - self._last < FASTEST:
            return
        if self._last is None or now - self._last > SLOWEST:
            self._first = now
            self._cycles = 0
        else:
            self._cycles += 1
        self._last = now

    def step(self, now):
        """Return "burst" and its length, "over", or None."""
        if self._last is not None and now - self._last > BURST_GAP:
            length = self._last - self._first
            good = self._cycles >= MIN_CYCLES or length >= MIN_BURST
            self._first = self._last = None
            self._cycles = 0
            if good:
                self._last_burst = now
                self.ringing = True
                return ("burst", length)
        if self.ringing and self._last is None and now - self._last_burst > CALL_OVER:
            self.ringing = False
            return ("over", 0)
        return None
