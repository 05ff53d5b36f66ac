"""Buttons, lamps, the message lamp and the howler. Times in milliseconds."""

DEBOUNCE = 30
LONG_PRESS = 10000
HELD = 0xFFFF
"""In place of a length: the button has been down for `LONG_PRESS`."""
SLOW, FAST = 1000, 200
"""Periods of a lamp's blinking."""
HOWLER_TONES = (1400, 2060, 2450, 2600)
"""Hz, one after the other, as the sounder has one voice (telephony-reference C2)."""
HOWLER_STEP = 100


class Button:
    def __init__(self):
        self._down_since = None
        self._raw_since = None
        self._raw = False
        self._told = False

    def step(self, down, now):
        """Return the length of a press that has ended, `HELD` once in a long one, or None."""
        if down != self._raw:
            self._raw = down
            self._raw_since = now
        if self._raw_since is None or now - self._raw_since < DEBOUNCE:
            return None
        if self._raw and self._down_since is None:
            self._down_since = self._raw_since
            self._told = False
        elif self._raw and not self._told and now - self._down_since >= LONG_PRESS:
            self._told = True
            return HELD
        elif not self._raw and self._down_since is not None:
            length, told = self._raw_since - self._down_since, self._told
            self._down_since = None
            return None if told else min(length, HELD - 1)
        return None


def led_is_lit(pattern, now):
    """Whether a lamp of pattern 0 off, 1 on, 2 slow, 3 fast is lit at a moment."""
    if pattern == 2:
        return now % SLOW < SLOW // 2
    if pattern == 3:
        return now % FAST < FAST // 2
    return pattern == 1


def lamp_may_light(wanted, ringing, off_hook):
    """The message lamp's 90 V shares the pair with ringing and speech."""
    return wanted and not ringing and not off_hook


def howler_tone(now):
    """Return the howler's frequency at a moment; 0 in its pauses."""
    step = now // HOWLER_STEP
    return 0 if step % 2 else HOWLER_TONES[step // 2 % len(HOWLER_TONES)]
