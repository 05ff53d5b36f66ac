"""What a line can be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from hal.line.calls import LineState
from hal.line.events import LineListener
from hal.line.verdict import Verdict


class LineError(Exception):
    """The line can't do that now; the text says why."""


class Line(Protocol):
    """A phone line, as call control may use it."""

    @property
    def name(self) -> str:
        """As in the board's profile: "gsm1"."""

    @property
    def state(self) -> LineState:
        """How the line is now."""

    @property
    def detail(self) -> str:
        """The state in an installer's words: "SIM asks for its PIN, 3 tries left"."""

    @property
    def refused_lines(self) -> int:
        """How often the device said what can't be taken for its language: too long, not text."""

    def checkup(self) -> tuple[Verdict, ...]:
        """Return how the line is, step by step, from what is known; nothing is asked of the device."""

    async def start(self) -> None:
        """Begin to keep the line alive; returns at once, the events tell the rest."""

    async def stop(self) -> None:
        """End the call, if any, and let go of the device."""

    def subscribe(self, listener: LineListener) -> Callable[[], None]:
        """Have `listener` called on every event; the returned function ends that."""

    async def answer(self) -> None:
        """Answer the ringing call; returns once the network confirmed.

        Raises:
            LineError: Nothing rings, or the modem refused.
        """

    async def dial(self, number: str, *, emergency: bool = False) -> None:
        """Start a call; returns once the modem accepted the number.

        An emergency call is tried in STARTING too: without SIM, PIN or registration. Whether a number is one
        is the caller's to know.

        Raises:
            LineError: The line isn't ready, the number holds other characters than `+0-9*#`, or the
                modem refused.
        """

    async def hang_up(self) -> None:
        """End or refuse the call, whatever its state; does nothing without one."""

    async def send_digits(self, digits: str) -> None:
        """Send keypresses into the standing call.

        Raises:
            LineError: No call stands, or a character isn't a key.
        """


@runtime_checkable
class WaitingLine(Line, Protocol):
    """A line on which a second caller may wait."""

    async def refuse_waiting(self) -> None:
        """Have the network tell the second caller busy; does nothing without one."""


@runtime_checkable
class HoldingLine(WaitingLine, Protocol):
    """A line whose network may hold one call while another has the voice path (3GPP TS 22.030, 6.5.5). What
    the held party hears is the network's business."""

    @property
    def can_hold(self) -> bool:
        """Whether this model is known to hold and swap."""

    @property
    def can_join(self) -> bool:
        """Whether this model is known to join two calls to a multiparty call."""

    async def swap(self) -> None:
        """Put the line's call on hold and take the other: the one on hold, or the second caller.

        Returns once the network did.

        Raises:
            LineError: It can't hold, there is no other call, or the network refused.
        """

    async def join(self) -> None:
        """Have the line's call and the one on hold in one conversation; nothing more when they are.

        Raises:
            LineError: It can't join, none is on hold, or the network refused.
        """

    async def split(self) -> None:
        """Undo `join`: the other call is on hold again; nothing where they aren't joined.

        Raises:
            LineError: The network refused.
        """

    async def hang_up_held(self) -> None:
        """End the call on hold, or joined to the line's call, alone; does nothing without one."""


@runtime_checkable
class DialToneLine(Line, Protocol):
    """An exchange line: it waits for dial tone before it dials."""

    expects_dial_tone: bool
    """Whether the line has one, as the installer says. Without it calls end as `EndReason.NO_DIAL_TONE`, but
    those for help, which are dialled all the same. From the next call on."""


@runtime_checkable
class RestartableLine(Line, Protocol):
    """A line whose device restarts by a command: a GSM modem."""

    @property
    def has_device(self) -> bool:
        """Whether the device's port is there to be opened, whatever answers at it."""

    async def restart(self, reason: str) -> None:
        """Have the device restart; returns once that is under way.

        Raises:
            LineError: A call stands, or there is no device.
        """


@runtime_checkable
class InBandLine(Line, Protocol):
    """A line that can't hear: its owner listens to its audio (`LineAudio.in_band`) and tells it."""

    def key_heard(self, key: str) -> None:
        """A key sounded in the call."""

    def tone_heard(self, name: str, cycles: int) -> None:
        """A progress tone sounded: "ringback", "busy", "congestion", "dial" …, so many rounds of it."""

    def caller_heard(self, number: str | None, *, withheld: bool) -> None:
        """A caller id sounded between the rings."""

    def answer_heard(self) -> None:
        """What sounds in a call out is an answer: somebody speaks, or the ringing has stopped."""


@runtime_checkable
class HandsetLike(InBandLine, Protocol):
    """The analog handset at the box: a line with one party, who belongs to the office."""

    def message_lamp(self, *, on: bool) -> None:
        """Light its lamp: somebody left a message."""


@runtime_checkable
class MessagingLine(Line, Protocol):
    """A line that carries text too: a GSM modem."""

    async def send_sms(self, key: str, number: str, text: str, parts_done: int = 0) -> None:
        """Put a message in the line's queue; events tell the rest. Kept while the modem is away.

        Args:
            key: Names it in events.
            number: Digits with a leading `+` or without.
            text: At most ten parts.
            parts_done: How many parts `SmsPartSent` has told of before a restart of the firmware.

        Raises:
            LineError: The number or the text can't be sent, or the queue is full.
        """

    async def sms_stored(self, ident: str) -> None:
        """The received message is safe; take it off the SIM. Unknown ones are no matter."""

    async def send_ussd(self, text: str) -> None:
        """Send a service code ("*100#") or the reply to a question; `UssdReply` tells the rest.

        Raises:
            LineError: It can't be sent, or the network refused.
        """

    async def cancel_ussd(self) -> None:
        """End the exchange; does nothing without one."""
