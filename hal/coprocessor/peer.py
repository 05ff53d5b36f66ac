"""The box's end of the coprocessor link, sans-IO.

Theory of operation
-------------------
A thin layer over `Link`: commands become messages, messages become events. While the link is up a heartbeat
goes out every
`HEARTBEAT_PERIOD`; it is driven by the owner's timer, so a firmware whose loop hangs stops beating, and the
board's
power-fail relay ties the line to the handset. Lamps are told again at every `LinkUp`, since a board that
restarted has
forgotten them; whatever concerns a call isn't: the call is over.

Times are seconds, monotonic.
"""

from __future__ import annotations

import collections
import struct
from collections.abc import Sequence

from hal.coprocessor import words
from hal.coprocessor.events import CoprocessorEvent, LinkDown, LinkUp, parse
from hal.coprocessor.link import Link

MAX_EVENTS = 256


class CoprocessorPeer:
    """One board.

    Args:
        start_number: 0 to 65535, another one at every start of the firmware.
    """

    def __init__(self, start_number: int) -> None:
        self.malformed = 0
        """Messages of the board that make no sense."""
        self._link = Link(start_number)
        self._events: collections.deque[CoprocessorEvent] = collections.deque(maxlen=MAX_EVENTS)
        self._was_up = False
        self._restarts = 0
        self._next_beat = 0
        self._lamps: dict[bytes, bytes] = {}

    @property
    def up(self) -> bool:
        return self._link.up

    @property
    def idle(self) -> bool:
        """Whether the board has acknowledged every command, or is away."""
        return self._link.idle

    @property
    def refused(self) -> int:
        """Frames and messages that couldn't be read."""
        return self._link.refused + self.malformed

    # In

    def receive_data(self, data: bytes, now: float) -> None:
        self._link.receive_data(data, _milliseconds(now))
        self._follow(now)

    def handle_timer(self, now: float) -> None:
        moment = _milliseconds(now)
        self._link.handle_timer(moment)
        if self._link.up and moment >= self._next_beat:
            self._next_beat = moment + words.HEARTBEAT_PERIOD
            self._link.send(bytes([words.HEARTBEAT]), moment)
        self._follow(now)

    def lost(self, reason: str, now: float) -> None:
        """The port is gone; the link begins anew on the next one."""
        self._link.reset(_milliseconds(now))
        if self._was_up:
            self._was_up = False
            self._events.append(LinkDown(reason))

    def rest(self, seconds: float, now: float) -> None:
        """Send no heartbeat for so long: a test of the power-fail relay, which falls meanwhile."""
        self._next_beat = _milliseconds(now + seconds)

    def seize(self, now: float, *, on: bool) -> None:
        """Take the exchange line off hook, or hang up."""
        self._send(now, words.SEIZE, int(on))

    def flash_line(self, seconds: float, now: float) -> None:
        """Tap the exchange line's hook."""
        self._send(now, words.LINE_FLASH, *struct.pack(">H", round(seconds * 1000)))

    def dial_pulses(self, digits: str, now: float) -> None:
        self._send(now, words.DIAL, *digits.encode("ascii"))

    def ring_handset(self, hertz: int, cadence: Sequence[float], now: float) -> None:
        """Ring until stopped or lifted; the cadence is on, off, on, off … in seconds, at most eight spans."""
        spans = b"".join(struct.pack(">H", round(span * 1000)) for span in cadence)
        self._send(now, words.RING_HANDSET, hertz, *spans)

    def stop_ringing(self, now: float) -> None:
        self._send(now, words.STOP_RING)

    def howl(self, now: float, *, on: bool) -> None:
        self._send(now, words.HOWL, int(on))

    def message_lamp(self, now: float, *, on: bool) -> None:
        self._light(now, bytes([words.LAMP]), bytes([int(on)]))

    def led(self, lamp: int, pattern: int, now: float) -> None:
        """Set a lamp of the panel; the patterns are `words.LED_*`."""
        self._light(now, bytes([words.LED, lamp]), bytes([pattern]))

    def test(self, now: float) -> None:
        """Have the board test itself; `SelfTested` tells."""
        self._send(now, words.TEST)

    def maintain(self, now: float) -> None:
        """Have the board restart with a prompt, for new files."""
        self._send(now, words.MAINTENANCE)

    # Out

    def data_to_send(self) -> bytes:
        return self._link.data_to_send()

    def next_event(self) -> CoprocessorEvent | None:
        return self._events.popleft() if self._events else None

    def get_timer(self) -> float | None:
        timers = [
            t for t in (self._link.get_timer(), self._next_beat if self._link.up else None) if t is not None
        ]
        return min(timers) / 1000 if timers else None

    # Inside

    def _send(self, now: float, *message: int) -> None:
        self._link.send(bytes(message), _milliseconds(now))

    def _light(self, now: float, lamp: bytes, value: bytes) -> None:
        self._lamps[lamp] = value
        if self._link.up:
            self._link.send(lamp + value, _milliseconds(now))

    def _follow(self, now: float) -> None:
        """Turn what has happened on the link into events."""
        restarted, self._restarts = self._link.restarted != self._restarts, self._link.restarted
        if self._was_up and (restarted or not self._link.up):
            self._was_up = False
            self._events.append(LinkDown(self._why(restarted=restarted)))
        while (message := self._link.next_message()) is not None:
            event = parse(message)
            if event is None:
                self.malformed += 1
            else:
                self._rise(now)
                self._events.append(event)
        self._rise(now)

    def _rise(self, now: float) -> None:
        if self._link.up and not self._was_up:
            self._was_up = True
            self._next_beat = _milliseconds(now)
            self._events.append(LinkUp())
            for lamp, value in self._lamps.items():
                self._link.send(lamp + value, _milliseconds(now))

    def _why(self, *, restarted: bool) -> str:
        if self._link.mismatch is not None:
            return f"the board speaks version {self._link.mismatch} of the protocol: flash it anew"
        return "the board restarted" if restarted else "the board doesn't answer"


def _milliseconds(now: float) -> int:
    # Rounded up: a timer that fires exactly on time must not be early by a rounding.
    return int(-(-now * 1000 // 1))
