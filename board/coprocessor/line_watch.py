"""The exchange line's battery, loop current and polarity (telephony-reference C1). Times in milliseconds.

seized ──current──► loop ──current gone for OPEN_LOOP──► the far side hung up
                      └──polarity turned, held for DEBOUNCE──► answered, or hung up: the box knows which
"""

DEBOUNCE = 64
OPEN_LOOP = 250
"""Exchanges open the loop for 250 to 1000 to say that the far side hung up; shorter gaps are switching."""
BATTERY_ALARM = 1000
AFTER_SEIZURE = 600
"""The line settles: what is seen before is no message."""


class Debounced:
    """A level that must hold for a while before it counts."""

    def __init__(self, value, hold):
        self.value = value
        self._hold = hold
        self._since = None

    def step(self, raw, now):
        """Return whether the value is another one now."""
        if raw == self.value:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        if now - self._since < self._hold:
            return False
        self.value = raw
        self._since = None
        return True


class LineWatch:
    def __init__(self):
        self.battery = Debounced(False, BATTERY_ALARM)
        self.reversed = Debounced(False, DEBOUNCE)
        self.loop = Debounced(False, DEBOUNCE)
        self._seized_at = None
        self._no_current_since = None
        self._told = False

    def seized(self, on, now):
        self._seized_at = now if on else None
        self._no_current_since = None
        self._told = False

    def step(self, battery, current, turned, now):
        """Return a list of "line" (something changed) and "hang up"."""
        events = []
        changed = self.battery.step(battery, now)
        changed = self.loop.step(current, now) or changed
        changed = self.reversed.step(turned, now) or changed
        if changed:
            events.append("line")
        if self._seized_at is None or now - self._seized_at < AFTER_SEIZURE:
            return events
        if current:
            self._no_current_since = None
        elif self._no_current_since is None:
            self._no_current_since = now
        elif now - self._no_current_since >= OPEN_LOOP and not self._told:
            self._told = True
            events.append("hang up")
        return events
