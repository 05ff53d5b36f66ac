"""All of the board's logic, from levels of pins to levels of pins; knows no pin by number.

    edges, levels ──► ring_detect, line_watch, hook, panel ──messages──► Link ──► box
    box ──► Link ──messages──► outgoing, ringer, panel, guard ──► levels

`step` is called every millisecond. When the relay falls, everything the box had asked for is let go: it
isn't there to
take it back.
"""

from guard import PowerFailGuard
from hook import HookSwitch
from line_watch import LineWatch
from outgoing import Outgoing
from panel import Button, howler_tone, lamp_may_light, led_is_lit
from ring_detect import RingDetector
from ringer import Ringer

from hal.coprocessor import words
from hal.coprocessor.link import Link

LEDS = 3
BUTTONS = 2


class Inputs:
    """Levels read from the pins, all True when active."""

    def __init__(self):
        self.ring_edges = 0
        """Rising edges since the last step."""
        self.battery = False
        self.loop_current = False
        self.reversed = False
        self.handset_closed = False
        self.buttons = [False] * BUTTONS


class Switchboard:
    def __init__(self, start_number):
        self.link = Link(start_number)
        self.ring = RingDetector()
        self.watch = LineWatch()
        self.hook = HookSwitch()
        self.ringer = Ringer()
        self.line = Outgoing()
        self.guard = PowerFailGuard()
        self.buttons = [Button() for _ in range(BUTTONS)]
        self.leds = [words.LED_OFF] * LEDS
        self.howling = False
        self.maintenance = False
        """The box wants to exchange the files."""
        self.lamp_wanted = False
        self.lamp = False
        self.howler = 0
        """Hz; 0 is silence."""
        self.led_levels = [False] * LEDS
        self.malformed = 0
        """Messages of the box that make no sense."""
        self._linked = 0
        """How often the link had come up when we last told how everything is."""

    def step(self, inputs, now):
        """Take the levels; do what is due."""
        self.link.handle_timer(now)
        message = self.link.next_message()
        while message is not None:
            if not self._obey(message, inputs, now):
                self.malformed += 1
            message = self.link.next_message()
        if self.link.up and self._linked != self.link.risen:
            # Whatever concerned a call is over, as it is for the box.
            self._let_go(now)
            self._linked = self.link.risen
            self._tell(now, words.VERSION, words.BOARD_VERSION)
            self._tell(now, words.STATUS, self._status())
        self._watch_line(inputs, now)
        self._watch_handset(inputs, now)
        self._watch_panel(inputs, now)
        if self.guard.step(self.hook.off, now):
            if not self.guard.held:
                self._let_go(now)
            self._tell(now, words.RELAY, int(self.guard.held))

    def _watch_line(self, inputs, now):
        for _ in range(inputs.ring_edges):
            self.ring.edge(now)
        inputs.ring_edges = 0
        rung = self.ring.step(now)
        if rung is not None:
            if rung[0] == "burst":
                length = min(rung[1], 0xFFFF)
                self._tell(now, words.RING, length >> 8, length & 0xFF)
            else:
                self._tell(now, words.RING_OVER)
        pulsing = self.line.busy
        if self.line.step(now):
            self._tell(now, words.SENT)
            # Its own pulses are no news from the exchange.
            self.watch.seized(True, now)
        if pulsing:
            return
        for event in self.watch.step(inputs.battery, inputs.loop_current, inputs.reversed, now):
            if event == "line":
                self._tell(now, words.LINE, self._line_flags())
            else:
                self._tell(now, words.FAR_HANG_UP)

    def _line_flags(self):
        flags = words.LINE_BATTERY if self.watch.battery.value else 0
        flags |= words.LINE_LOOP if self.watch.loop.value else 0
        return flags | (words.LINE_REVERSED if self.watch.reversed.value else 0)

    def _status(self):
        flags = self._line_flags() | (words.STATUS_HELD if self.guard.held else 0)
        return flags | (words.STATUS_OFF_HOOK if self.hook.off else 0)

    def _watch_handset(self, inputs, now):
        if self.ringer.active:
            if not self.ringer.step(inputs.handset_closed, now):
                return
            self._tell(now, words.RING_TRIP)
            # Seen for long enough to be sure: if it is put back at once, that must be told too.
            self.hook.tripped()
            self._tell(now, words.HOOK, 1)
            return
        event = self.hook.step(inputs.handset_closed, now)
        if event is None:
            return
        what, digit = event
        if what == "digit":
            self._tell(now, words.PULSES, digit)
        elif what == "flash":
            self._tell(now, words.FLASH)
        else:
            self.howling = self.howling and what == "off"
            self._tell(now, words.HOOK, int(what == "off"))

    def _watch_panel(self, inputs, now):
        for index, button in enumerate(self.buttons):
            length = button.step(inputs.buttons[index], now)
            if length is not None:
                self._tell(now, words.BUTTON, index, length >> 8, length & 0xFF)
        self.led_levels = [led_is_lit(pattern, now) for pattern in self.leds]
        self.lamp = lamp_may_light(self.lamp_wanted, self.ringer.active, self.hook.off)
        self.howler = howler_tone(now) if self.howling else 0

    def _obey(self, message, inputs, now):
        """Do what the box says; return False when it makes no sense."""
        if not message:
            return False
        word, rest = message[0], message[1:]
        if word == words.HEARTBEAT:
            self.guard.heartbeat(now)
        elif word == words.SEIZE and len(rest) == 1:
            self.line.seize(bool(rest[0]))
            self.watch.seized(bool(rest[0]), now)
        elif word == words.LINE_FLASH and len(rest) == 2:
            return self.line.flash(rest[0] << 8 | rest[1], now)
        elif word == words.DIAL:
            return self.line.dial(rest, now)
        elif word == words.RING_HANDSET and len(rest) >= 5 and len(rest) % 2:
            spans = [rest[i] << 8 | rest[i + 1] for i in range(1, len(rest), 2)]
            return not self.hook.off and self.ringer.start(rest[0], spans, now)
        elif word == words.STOP_RING:
            self.ringer.stop()
        elif word == words.HOWL and len(rest) == 1:
            self.howling = bool(rest[0]) and self.hook.off
        elif word == words.LAMP and len(rest) == 1:
            self.lamp_wanted = bool(rest[0])
        elif word == words.LED and len(rest) == 2 and rest[0] < LEDS and rest[1] <= words.LED_FAST:
            self.leds[rest[0]] = rest[1]
        elif word == words.TEST:
            self._tell(now, words.SELF_TEST, self._test(inputs))
        elif word == words.MAINTENANCE:
            self._let_go(now)
            self.maintenance = True
        else:
            return False
        return True

    def _test(self, inputs):
        found = 0 if inputs.battery else words.TEST_NO_BATTERY
        if inputs.handset_closed and not self.hook.off:
            found |= words.TEST_HOOK_STUCK
        if inputs.ring_edges > 50:
            found |= words.TEST_RING_STUCK
        return found

    def _let_go(self, now):
        self.ringer.stop()
        self.line.seize(False)
        self.watch.seized(False, now)
        self.howling = self.lamp_wanted = False

    def _tell(self, now, *message):
        self.link.send(bytes(message), now)
