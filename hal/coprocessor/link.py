"""Messages over frames, each delivered once and in order, or the link is down. Runs on both ends.

Theory of operation
-------------------
Stop and wait: one message is on its way, numbered 0 to 7; it is sent again every `RESEND` until
acknowledged, and after
`ATTEMPTS` the link is down. A message that comes again is acknowledged again and dropped.

    DOWN ──our hello acknowledged and theirs received──► UP ──no acknowledgement──► DOWN (hello again)

A hello carries the protocol's version and a number that changes with every start, and whenever we have given
the other side up. Receiving one with another number means that the other side began anew: what it had of ours
is gone, its numbering begins anew, and what we had queued for it is dropped; it is told by `restarted`. (Were
the number the same, the other side would not notice, and say nothing of how things are.) Another version
leaves the link down, and `mismatch` says which one.

This file also runs under MicroPython. Times are milliseconds as ever-growing integers.
"""

from hal.coprocessor.frames import Decoder, encode

VERSION = 1
RESEND = 60
"""Milliseconds: a frame of 53 octets takes 5 at 115,200 baud, the board answers within 10."""
ATTEMPTS = 8
HELLO_PAUSE = 500
"""Milliseconds between hellos while the other side is silent."""
MAX_QUEUE = 32
_DATA, _ACK, _HELLO, _HELLO_ACK = 0x00, 0x40, 0x80, 0xC0
_KIND, _NUMBER = 0xC0, 0x07


class Link:
    """One end.

    Args:
        start_number: 0 to 65535, another one at every start.
        version: Of the protocol; tests lie about it.
    """

    def __init__(self, start_number: int, version: int = VERSION) -> None:
        self.up = False
        self.mismatch: int | None = None
        """The other side's version, when it isn't ours."""
        self.restarted = 0
        """How often the other side has begun anew."""
        self.risen = 0
        """How often the link has come up."""
        self.overflowed = 0
        """Messages dropped because the queue was full or the link down."""
        self._version = version
        self._life = start_number
        self._decoder = Decoder()
        self._out = bytearray()
        self._queue: list[bytes] = []
        self._received: list[bytes] = []
        self._their_hello: bytes | None = None
        self._hello_said = False
        """Since the link went down; what is acknowledged before is another one."""
        self._hello_heard = False
        """Ours was acknowledged."""
        self._next = 0
        self._last_taken: int | None = None
        self._due: int | None = 0
        self._attempts = 0

    @property
    def idle(self) -> bool:
        """Whether the other side has everything we told it."""
        return not self._queue

    @property
    def refused(self) -> int:
        """Frames that were damaged or too long."""
        return self._decoder.refused

    def send(self, message: bytes, now: int) -> None:
        """Queue a message; while the link is down, or the queue full, it is dropped and counted."""
        if not self.up or len(self._queue) >= MAX_QUEUE:
            self.overflowed += 1
            return
        self._queue.append(message)
        if len(self._queue) == 1:
            self._transmit(now)

    def receive_data(self, data: bytes, now: int) -> None:
        """Take octets from the wire."""
        for control, content in self._decoder.feed(data):
            kind, number = control & _KIND, control & _NUMBER
            if kind == _DATA:
                self._take(number, content)
            elif kind == _ACK:
                self._acknowledged(number, now)
            elif kind == _HELLO:
                self._greeted(content, now)
            else:
                self._hello_acknowledged(content, now)

    def data_to_send(self) -> bytes:
        """Return the octets to write, once."""
        data = bytes(self._out)
        self._out = bytearray()
        return data

    def next_message(self) -> bytes | None:
        return self._received.pop(0) if self._received else None

    def get_timer(self) -> int | None:
        """Return when `handle_timer` is wanted."""
        return self._due

    def handle_timer(self, now: int) -> None:
        if self._due is None or now < self._due:
            return
        if not self.up:
            self._out += encode(_HELLO, self._hello())
            self._hello_said = True
            self._due = now + HELLO_PAUSE
        elif self._attempts >= ATTEMPTS:
            self._give_up(now)
        else:
            self._transmit(now)

    def reset(self, now: int) -> None:
        """The wire is another one: begin with a hello."""
        self._out = bytearray()
        self._decoder.forget()
        self._give_up(now)

    # Inside

    def _hello(self) -> bytes:
        return bytes([self._version, self._life >> 8 & 0xFF, self._life & 0xFF])

    def _give_up(self, now: int) -> None:
        self._life += 1
        self._go_down(now)

    def _transmit(self, now: int) -> None:
        self._out += encode(_DATA | self._next, self._queue[0])
        self._attempts += 1
        self._due = now + RESEND

    def _take(self, number: int, content: bytes) -> None:
        if not self.up:
            return
        if number != self._last_taken and len(self._received) >= MAX_QUEUE:
            # Not acknowledged: it comes again when there is room.
            return
        self._out += encode(_ACK | number, b"")
        if number != self._last_taken:
            self._last_taken = number
            self._received.append(content)

    def _acknowledged(self, number: int, now: int) -> None:
        if not self._queue or number != self._next:
            return
        self._queue.pop(0)
        self._next = (self._next + 1) & _NUMBER
        self._attempts = 0
        self._due = None
        if self._queue:
            self._transmit(now)

    def _greeted(self, hello: bytes, now: int) -> None:
        if len(hello) != 3:
            return
        if hello[0] != self._version:
            self.mismatch = hello[0]
            self._go_down(now)
            return
        self.mismatch = None
        if hello != self._their_hello:
            if self._their_hello is not None:
                self.restarted += 1
                self._go_down(now)
            self._their_hello = hello
            self._last_taken = None
        self._out += encode(_HELLO_ACK, self._hello())
        self._rise()

    def _hello_acknowledged(self, hello: bytes, now: int) -> None:
        if len(hello) == 3 and hello[0] == self._version and self._hello_said and not self.up:
            self._hello_heard = True
            if hello != self._their_hello:
                # The acknowledgement is a hello too.
                if self._their_hello is not None:
                    self.restarted += 1
                self._their_hello = hello
                self._last_taken = None
            self._rise()

    def _rise(self) -> None:
        if not self.up and self._hello_heard and self._their_hello is not None:
            self.up = True
            self.risen += 1
            self._attempts = 0
            self._due = None

    def _go_down(self, now: int) -> None:
        self.up = self._hello_said = self._hello_heard = False
        if self._queue:
            # The one on its way may have been taken: the next must not look like its repetition.
            self._next = (self._next + 1) & _NUMBER
            self.overflowed += len(self._queue)
            self._queue = []
        self._attempts = 0
        self._due = now
