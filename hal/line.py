"""The contract of a phone line: what every driver of a GSM modem, PSTN modem or FXO port offers.

A line carries at most one call (call waiting comes later). It is started once, keeps itself alive from then
on (reopens its device, initialises the modem, registers), and says what happens through events:

    DOWN ──► STARTING ──► READY ◄──► IN_CALL      any state ──► DOWN when the device is gone

A driver calls its listeners from the event loop it was started in, and never raises out of them.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from typing import Protocol


class LineState(enum.Enum):
    DOWN = "down"
    """No device, or it doesn't speak. The driver goes on trying."""
    STARTING = "starting"
    """The device speaks; it is being initialised or isn't registered yet."""
    READY = "ready"
    IN_CALL = "in call"


class EndReason(enum.Enum):
    """How the network or the device ended a call, as far as the line can tell."""

    REMOTE_HANG_UP = "the other side hung up"
    BUSY = "the called party is busy"
    NO_ANSWER = "nobody answered"
    REJECTED = "the network refused the call"
    LOCAL = "hung up by us"
    DEVICE_LOST = "the modem vanished"
    DEVICE_FAULT = "the modem refused a command"


@dataclasses.dataclass(frozen=True)
class StateChanged:
    """The line's state is another one; `detail` is fit for an installer's eyes."""

    state: LineState
    detail: str


@dataclasses.dataclass(frozen=True)
class IncomingCall:
    """A call rings. Sent once a call, when the caller id is known or won't come any more."""

    number: str | None
    """Digits and a leading `+` only; None when withheld or unknown."""
    withheld: bool


@dataclasses.dataclass(frozen=True)
class RemoteAlerting:
    """The party we dialled is being rung."""


@dataclasses.dataclass(frozen=True)
class CallConnected:
    """The call stands, in either direction."""


@dataclasses.dataclass(frozen=True)
class AudioReady:
    """Audio flows at `LineAudio` from now on until `CallEnded`."""

    audio: LineAudio


@dataclasses.dataclass(frozen=True)
class DigitReceived:
    """The other side pressed a key and the modem heard it. One of `0`-`9`, `*`, `#`, `A`-`D`."""

    digit: str


@dataclasses.dataclass(frozen=True)
class CallEnded:
    """The call is over and the line will be READY (or DOWN) again."""

    reason: EndReason
    detail: str
    """What the modem said, word for word where possible: "NO CARRIER"."""


@dataclasses.dataclass(frozen=True)
class LineAudio:
    """Where the call's audio is: a serial device with raw signed 16-bit little-endian mono samples."""

    device: str
    sample_rate: int


LineEvent = (
    StateChanged | IncomingCall | RemoteAlerting | CallConnected | AudioReady | DigitReceived | CallEnded
)
LineListener = Callable[[LineEvent], None]


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

    async def dial(self, number: str) -> None:
        """Start a call; returns once the modem accepted the number.

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
