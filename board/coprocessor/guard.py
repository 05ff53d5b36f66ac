"""The power-fail relay: without a living firmware, line and handset are tied together, as if the box weren't
there.

    TIED ──heartbeats for STEADY, handset on hook──► HELD ──no heartbeat for HEARTBEAT_LIMIT──► TIED

The relay is fed to hold: with the power gone it falls by itself. It never pulls in while somebody talks on
the tied handset: that would cut the call. Times in milliseconds.
"""

from hal.coprocessor.words import HEARTBEAT_LIMIT

STEADY = 2000
"""A firmware that has just started and dies again shouldn't make the relay chatter."""


class PowerFailGuard:
    def __init__(self):
        self.held = False
        self._first = 0
        self._last = None

    def heartbeat(self, now):
        if self._last is None or now - self._last > HEARTBEAT_LIMIT:
            self._first = now
        self._last = now

    def step(self, off_hook, now):
        """Return whether the relay has changed."""
        before = self.held
        if self._last is None or now - self._last > HEARTBEAT_LIMIT:
            self.held = False
        elif not self.held and self._last - self._first >= STEADY and not off_hook:
            self.held = True
        return self.held != before
