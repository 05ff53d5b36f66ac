"""The handset's hook: off, on, flash, and digits dialled by pulses (telephony-reference C1, C2).

    ON ──off for DEBOUNCE──► OFF ──opens──► BREAK ─┬─ closes within PULSE_MAX: a pulse; a pause ends the digit
                                                   ├─ closes within FLASH_MAX: flash
                                                   └─ stays open for ON_HOOK: hung up
Times in milliseconds.
"""

DEBOUNCE = 12
PULSE_MIN, PULSE_MAX = 15, 110
"""A break of 60 or 67 % at 8 to 11 pulses a second, and contacts that have grown slow."""
FLASH_MAX = 750
ON_HOOK = 800
INTERDIGIT = 250
MAX_PULSES = 10
_ON, _OFF, _BREAK = 0, 1, 2


class HookSwitch:
    def __init__(self):
        self.off = False
        self._state = _ON
        self._since = None
        self._pulses = 0
        self._last_pulse = None

    def step(self, closed, now):
        """Take the loop's level; return "off", "on", "flash", ("digit", d) or None."""
        if self._state == _ON:
            return self._lift(closed, now)
        if self._state == _OFF:
            if not closed:
                self._state = _BREAK
                self._since = now
            elif self._pulses and now - self._last_pulse > INTERDIGIT:
                pulses = self._pulses
                self._pulses = 0
                if pulses <= MAX_PULSES:
                    return ("digit", pulses % 10)
            return None
        return self._in_break(closed, now)

    def tripped(self):
        """It was lifted while it rang."""
        self._state = _OFF
        self.off = True
        self._pulses = 0

    def _lift(self, closed, now):
        if not closed:
            self._since = None
            return None
        if self._since is None:
            self._since = now
        if now - self._since < DEBOUNCE:
            return None
        self._state = _OFF
        self.off = True
        self._pulses = 0
        return ("off", 0)

    def _in_break(self, closed, now):
        length = now - self._since
        if not closed:
            if length < ON_HOOK:
                return None
            self._state = _ON
            self._since = None
            self.off = False
            return ("on", 0)
        self._state = _OFF
        if length < PULSE_MIN:
            return None
        if length <= PULSE_MAX:
            self._pulses += 1
            self._last_pulse = now
            return None
        if length <= FLASH_MAX:
            return ("flash", 0)
        return None
