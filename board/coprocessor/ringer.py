"""Ringing the handset through the AG1171 (telephony-reference C2): RM turns ring mode on, F/R swaps the
polarity.

The hook sense SHK can't be trusted while F/R toggles; it is read in the pauses of the cadence, and while
ringing only
when it says off hook for longer than a period of the ringing. Times in milliseconds.
"""

SETTLE = 120
"""After ringing has stopped, SHK needs so long to tell the truth."""
TRIP_IN_PAUSE = 20
TRIP_IN_RING = 180
"""Continuous off hook while ringing: several periods."""
LOWEST, HIGHEST = 16, 60
"""Hz."""
MAX_SPANS = 8


class Ringer:
    def __init__(self):
        self.ring_mode = False
        self.forward = True
        self.active = False
        self._spans = ()
        self._half = 20
        self._at = 0
        self._span_began = 0
        self._toggled = 0
        self._off_since = None

    def start(self, hertz, spans, now):
        """Ring with a cadence of on, off, on, off … Return False when it makes no sense."""
        if (
            not LOWEST <= hertz <= HIGHEST
            or not spans
            or len(spans) % 2
            or len(spans) > MAX_SPANS
            or min(spans) <= 0
        ):
            return False
        self._spans = spans
        self._half = 500 // hertz
        self._at = 0
        self._span_began = self._toggled = now
        self._off_since = None
        self.active = self.ring_mode = True
        return True

    def stop(self):
        self.active = self.ring_mode = False
        self.forward = True

    def step(self, off_hook, now):
        """Move on; return True when the handset was lifted, which ends the ringing."""
        if not self.active:
            return False
        if now - self._span_began >= self._spans[self._at]:
            self._at = (self._at + 1) % len(self._spans)
            self._span_began = now
            self._off_since = None
            self.ring_mode = self._at % 2 == 0
            self.forward = True
        if self.ring_mode and now - self._toggled >= self._half:
            self.forward = not self.forward
            self._toggled = now
        trusted = self.ring_mode or now - self._span_began >= SETTLE
        if not off_hook or not trusted:
            self._off_since = None
        elif self._off_since is None:
            self._off_since = now
        elif now - self._off_since >= (TRIP_IN_RING if self.ring_mode else TRIP_IN_PAUSE):
            self.stop()
            return True
        return False
