"""One AT port: commands out one at a time, answers and notifications in.

Theory of operation
-------------------
    IDLE ──send──► AWAITING ──final result──► IDLE
                      └──timeout──► RECOVERING ──late final result, or RECOVERY──► IDLE

At most one command is outstanding; the others wait in a bounded queue. While one is AWAITING, a line is, in
this order: its echo; its final result; one of its information lines (by prefix, or any bare line for identity
queries); else a notification. Notifications may therefore fall anywhere, also between a command and its
result. `NO CARRIER` and its like are a result only for commands that place or take a call, and a notification
otherwise. `+CREG:` lines in the form of a notification stay one even while the query is under way.

Some notifications have two lines: `+CDS:` and its like a PDU, `+CUSD:` the rest of a text with line ends in
it. The
first is held back until the second is there. A command with a `body` sends it at the prompt, with Ctrl-Z; a
prompt
nobody waits for is a modem stuck in message entry, and gets an escape (telephony-reference H7).

A command that isn't answered in time leaves the port RECOVERING for a moment: a late final result is
swallowed there instead of being taken for the next command's.

The core never raises on input. It takes `now` (seconds, monotonic), says by `get_timer` when it wants
`handle_timer`, and hands out bytes by `data_to_send` and events by `next_event`.
"""

from __future__ import annotations

import collections
import dataclasses
import re

from hal.at.calls import CallOver, CallStat, ListedCall
from hal.at.errors import Failure, FailureKind, parse_failure
from hal.at.lines import LineSplitter, Prompt, TextLine
from hal.at.network import REGISTRATION_PREFIXES, Registration
from hal.at.unsolicited import can_be_bare_answer

DEFAULT_TIMEOUT = 3.0
"""Seconds a simple command may take; field drivers use 1 to 5."""
RECOVERY = 1.0
"""Seconds we listen for a late result before the next command goes out."""
MAX_WAITING = 32
"""Commands in the queue; a driver that has more outstanding has lost its way."""
MAX_ANSWER_LINES = 512
"""Information lines of one command that are kept: a memory of 255 messages, two lines each."""
MAX_USSD_LINES = 12
"""Lines of one USSD text; it has at most 182 characters."""

_CONNECTED = frozenset({"CONNECT", "VCON"})
_CTRL_Z, _ESCAPE = b"\x1a", b"\x1b"
_WITH_PDU = ("+CMT:", "+CDS:", "+CBM:")
_USSD = "+CUSD:"
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}", re.ASCII)
# A PDU has more than eight octets, and no final result or notification looks like one.
_USSD_END = re.compile(r'"(?:, *[0-9]{1,3})?$', re.ASCII)


@dataclasses.dataclass(frozen=True)
class Command:
    """One command line, without the leading `AT`."""

    text: str = dataclasses.field(repr=False)
    """Left out of `repr`: it may hold a PIN or a caller's number."""
    timeout: float = DEFAULT_TIMEOUT
    """Seconds until the final result."""
    prefix: str | None = None
    """What its information lines begin with: "+CSQ:"."""
    bare: bool = False
    """Its information lines have no prefix (AT+CGMI)."""
    places_call: bool = False
    """`NO CARRIER`, `BUSY` … are possible final results."""
    pdus: bool = False
    """A PDU in a line of its own follows each information line (AT+CMGL)."""
    body: str | None = dataclasses.field(default=None, repr=False)
    """Sent at the prompt: the PDU of AT+CMGS."""
    connects: bool = False
    """`CONNECT` and `VCON` are possible final results; the line is in `Outcome.lines`."""
    raw: bytes = b""
    """Sent as they are in place of `AT`, text and CR: what ends a voice modem's stream (V.253, 9.1)."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a command."""

    command: Command
    lines: tuple[str, ...] = ()
    """Its information lines."""
    failure: Failure | None = None
    body_sent: bool = False
    """The prompt came and the body went out."""

    @property
    def ok(self) -> bool:
        return self.failure is None


@dataclasses.dataclass(frozen=True)
class Notification:
    """A line nobody asked for."""

    line: str
    pdu: str = ""
    """The PDU in the line after it, where one belongs to it."""


ChannelEvent = Outcome | Notification


class QueueFull(Exception):
    """More commands wait than a sane driver ever has."""


class AtChannel:
    """The sans-IO core of one AT port."""

    def __init__(self) -> None:
        self.last_heard: float | None = None
        """When bytes last came."""
        self.last_sent: float | None = None
        self.swallowed = 0
        """Late or surplus final results that were dropped."""
        self.echoes = 0
        """Commands that came back as they were sent."""
        self._splitter = LineSplitter()
        self._waiting: collections.deque[Command] = collections.deque()
        self._pending: Command | None = None
        self._deadline: float | None = None
        self._recovering_until: float | None = None
        self._lines: list[str] = []
        self._body_due = False
        """The outstanding command has a body that hasn't been sent."""
        self._held = ""
        """The first line of a notification whose second is still to come."""
        self._held_lines = 0
        self._out = bytearray()
        self._events: collections.deque[ChannelEvent] = collections.deque()

    @property
    def refused(self) -> int:
        """Lines that were too long and thrown away."""
        return self._splitter.refused

    def send(self, command: Command, now: float) -> None:
        """Put a command in the queue.

        Raises:
            QueueFull: `MAX_WAITING` commands wait already.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise QueueFull
        self._waiting.append(command)
        self._send_next(now)

    def withdraw(self, command: Command) -> None:
        """Take a command out of the queue, if it hasn't gone out yet."""
        self._waiting = collections.deque(c for c in self._waiting if c is not command)

    def receive_data(self, data: bytes, now: float) -> None:
        """Take bytes from the port."""
        self.last_heard = now
        for token in self._splitter.feed(data):
            match token:
                case Prompt():
                    self._prompted()
                case TextLine(text):
                    if not self._continues(text):
                        self._take(text, now)

    def data_to_send(self) -> bytes:
        """Return the bytes to write, once."""
        data, self._out = bytes(self._out), bytearray()
        return data

    def next_event(self) -> ChannelEvent | None:
        return self._events.popleft() if self._events else None

    def get_timer(self) -> float | None:
        return self._deadline if self._pending is not None else self._recovering_until

    def handle_timer(self, now: float) -> None:
        if self._pending is not None and self._deadline is not None and now >= self._deadline:
            if self._body_due:
                self._out += _ESCAPE
            self._recovering_until = now + RECOVERY
            self._finish(Failure(FailureKind.NO_ANSWER, None, ""))
        if self._recovering_until is not None and now >= self._recovering_until:
            self._recovering_until = None
            self._send_next(now)

    def _send_next(self, now: float) -> None:
        if self._pending is not None or self._recovering_until is not None or not self._waiting:
            return
        self._pending = self._waiting.popleft()
        self._lines = []
        self._deadline = now + self._pending.timeout
        self._body_due = self._pending.body is not None
        self.last_sent = now
        self._out += self._pending.raw or b"AT" + self._pending.text.encode("ascii", "replace") + b"\r"

    def _finish(self, failure: Failure | None) -> None:
        if self._pending is not None:
            self._events.append(Outcome(self._pending, tuple(self._lines), failure, self.body_sent))
        self._pending = self._deadline = None
        self._body_due = False

    @property
    def body_sent(self) -> bool:
        """Whether the outstanding command has sent its body: what became of it is known by its result
        alone."""
        return self._pending is not None and self._pending.body is not None and not self._body_due

    def _prompted(self) -> None:
        if self._body_due and self._pending is not None and self._pending.body is not None:
            self._body_due = False
            self._out += self._pending.body.encode("ascii", "replace") + _CTRL_Z
        else:
            self._out += _ESCAPE

    def _continues(self, line: str) -> bool:
        """Take a line that is the rest of the notification in hand."""
        held, self._held = self._held, ""
        if not held:
            return False
        if line == "OK" or parse_failure(line) is not None:
            # Noise ate the second line; the result must not be lost with it.
            self._events.append(Notification(held))
            return False
        if not held.startswith(_USSD):
            if _HEX.fullmatch(line) is None:
                self._events.append(Notification(held))
                return False
            self._events.append(Notification(held, line))
            return True
        self._held_lines += 1
        whole = f"{held}\n{line}"
        if _USSD_END.search(line) is not None or self._held_lines >= MAX_USSD_LINES:
            self._events.append(Notification(whole))
        else:
            self._held = whole
        return True

    def _notify(self, line: str) -> None:
        if line.startswith(_WITH_PDU) or (line.startswith(_USSD) and _is_open_ussd(line)):
            self._held, self._held_lines = line, 1
        else:
            self._events.append(Notification(line))

    def _take(self, line: str, now: float) -> None:
        """Decide what a line is; see the theory of operation."""
        pending = self._pending
        failure = parse_failure(line)
        if line == "OK" or failure is not None:
            if pending is None:
                self.swallowed += 1
                self._recovering_until = None
            else:
                self._finish(failure)
            self._send_next(now)
        elif pending is None:
            self._notify(line)
        elif line == f"AT{pending.text}":
            self.echoes += 1
        elif pending.connects and line.partition(" ")[0] in _CONNECTED:
            self._lines.append(line)
            self._finish(None)
            self._send_next(now)
        elif pending.places_call and (over := CallOver.parse(line)) is not None:
            self._finish(Failure(FailureKind.CALL_OVER, None, over.word))
            self._send_next(now)
        elif _belongs(line, pending):
            if len(self._lines) < MAX_ANSWER_LINES:
                self._lines.append(line)
        else:
            self._notify(line)


def _is_open_ussd(line: str) -> bool:
    """Whether a `+CUSD:` line has a text that doesn't end in it."""
    _, quote, text = line.partition('"')
    return bool(quote) and _USSD_END.search(text) is None


def _belongs(line: str, pending: Command) -> bool:
    """Whether `line` is one of the information lines `pending` asks for."""
    if pending.bare and can_be_bare_answer(line):
        return True
    if pending.pdus and _HEX.fullmatch(line) is not None:
        return True
    if pending.prefix is None or not line.startswith(pending.prefix):
        return False
    if pending.prefix in REGISTRATION_PREFIXES:
        registration = Registration.parse(line, pending=True)
        return registration is not None and registration.answer
    if pending.prefix == "+CLCC:":
        listed = ListedCall.parse(line)
        return listed is None or listed.stat is not CallStat.RELEASED
    return True
