"""What the board does to the exchange line: hook, flash, pulse dialling. Times in milliseconds."""

BREAK, MAKE = 60, 40
"""Ten pulses a second, 60 % break: accepted by all exchanges that still take pulses."""
INTERDIGIT = 750
MAX_DIGITS = 32
FLASH_LIMITS = (50, 1000)


class Outgoing:
    def __init__(self):
        self.seized = False
        self.closed = False
        """The loop relay."""
        self._spans = []
        """Lengths to go, the loop alternately open and closed, beginning with open."""
        self._began = 0
        self._open = False

    @property
    def busy(self):
        return bool(self._spans)

    def seize(self, on):
        self.seized = self.closed = on
        self._spans = []

    def flash(self, length, now):
        """Open the loop once; return False when it isn't ours to open."""
        if not self.seized or self.busy or not FLASH_LIMITS[0] <= length <= FLASH_LIMITS[1]:
            return False
        self._start([length, MAKE], now)
        return True

    def dial(self, digits, now):
        """Send ASCII digits; return False when it can't be done."""
        if not self.seized or self.busy or not 0 < len(digits) <= MAX_DIGITS:
            return False
        spans = []
        for digit in digits:
            if not 0x30 <= digit <= 0x39:
                return False
            pulses = digit - 0x30 or 10
            spans.extend([BREAK, MAKE] * (pulses - 1) + [BREAK, INTERDIGIT])
        self._start(spans, now)
        return True

    def step(self, now):
        """Move on; return True when the last pulse is out."""
        if not self._spans or now - self._began < self._spans[0]:
            return False
        self._spans.pop(0)
        self._began = now
        self._open = not self._open
        self.closed = self.seized and not self._open
        if self._spans:
            return False
        self.closed = self.seized
        return True

    def _start(self, spans, now):
        self._spans = spans
        self._began = now
        self._open = True
        self.closed = False
