"""The RP2040's pins: the only file that knows them, but for the UART's (main.py). Wiring: board/README.md."""

from machine import PWM, WDT, Pin

WATCHDOG = 1000
"""Milliseconds: a board that hangs restarts, and the relay falls meanwhile."""
_RING, _BATTERY, _LOOP, _REVERSED, _SHK = 2, 3, 4, 5, 6
_HOOK_RELAY, _POWER_FAIL_RELAY, _RM, _FR, _LAMP, _HOWLER = 7, 8, 9, 10, 11, 12
_LEDS = (13, 14, 15)
_BUTTONS = (16, 17)
_LOUD = 32768
"""Half duty of a 16-bit PWM."""


class Wires:
    def __init__(self):
        self._edges = 0
        self._ring = Pin(_RING, Pin.IN, Pin.PULL_UP)
        self._ring.irq(self._count, Pin.IRQ_FALLING)
        self._levels = [Pin(number, Pin.IN, Pin.PULL_UP) for number in (_BATTERY, _LOOP, _REVERSED)]
        self._shk = Pin(_SHK, Pin.IN)
        self._buttons = [Pin(number, Pin.IN, Pin.PULL_UP) for number in _BUTTONS]
        self._hook, self._relay, self._rm, self._lamp = (
            Pin(number, Pin.OUT, value=0) for number in (_HOOK_RELAY, _POWER_FAIL_RELAY, _RM, _LAMP)
        )
        self._fr = Pin(_FR, Pin.OUT, value=1)
        self._leds = [Pin(number, Pin.OUT, value=0) for number in _LEDS]
        self._howler = PWM(Pin(_HOWLER))
        self._howler.duty_u16(0)
        self._watchdog = None

    def guard(self):
        """Start the watchdog; from now on `apply` must be called in time."""
        self._watchdog = WDT(timeout=WATCHDOG)

    def _count(self, _pin):
        self._edges += 1

    def read(self, inputs):
        """Read all levels. The opto-couplers pull low when active."""
        inputs.ring_edges, self._edges = inputs.ring_edges + self._edges, 0
        inputs.battery, inputs.loop_current, inputs.reversed = (not pin.value() for pin in self._levels)
        inputs.handset_closed = bool(self._shk.value())
        inputs.buttons = [not pin.value() for pin in self._buttons]

    def apply(self, board):
        """Set all levels, and say that we live."""
        self._hook.value(board.line.closed)
        self._relay.value(board.guard.held)
        self._rm.value(board.ringer.ring_mode)
        self._fr.value(board.ringer.forward)
        self._lamp.value(board.lamp)
        for index, pin in enumerate(self._leds):
            pin.value(board.led_levels[index])
        if board.howler:
            self._howler.freq(board.howler)
        self._howler.duty_u16(_LOUD if board.howler else 0)
        if self._watchdog is not None:
            self._watchdog.feed()
