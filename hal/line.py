"""The contract of a phone line: what every driver of a GSM modem, PSTN modem or FXO port offers.

A line has one voice path; a second caller waits (`CallerWaits`) until the line is free, and then rings like
any other, or, on a `HoldingLine`, is taken while the first is on hold with the network. What a line says of
its call concerns the one that has the voice path. It is started once, keeps itself alive from then
on (reopens its device, initialises the modem, registers), and says what happens through events:

    DOWN ──► STARTING ──► READY ◄──► IN_CALL      any state ──► DOWN when the device is gone

A driver calls its listeners from the event loop it was started in, and never raises out of them.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Callable
from typing import Protocol, runtime_checkable


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
class AudioExpected:
    """The call is being answered, and its audio will be at `LineAudio`, which may be opened now; what is said
    into it before `AudioReady` is lost. Not every line knows so early.
    """

    audio: LineAudio


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
    """Where the call's audio is: a serial device with raw signed 16-bit little-endian mono samples, or, as
    `alsa:NAME`, a sound card of the same rate."""

    device: str
    sample_rate: int
    in_band: bool = False
    """Keys, tones and caller ids come as sound only: whoever opens it listens for them, and tells the line
    (an `InBandLine`).
    """
    settle_ms: int = 0
    """What is said into it for so long from now on, the far side doesn't hear."""


@dataclasses.dataclass(frozen=True)
class CallerWaits:
    """A second caller rings while a call stands. After that call's `CallEnded` either `IncomingCall` follows,
    at once, with the same caller, or `WaitingOver` came before.
    """

    number: str | None
    withheld: bool


@dataclasses.dataclass(frozen=True)
class WaitingOver:
    """The second caller is gone without having been served."""

    reason: EndReason
    """LOCAL: told busy by us; REMOTE_HANG_UP: gave up; DEVICE_LOST."""
    detail: str


@dataclasses.dataclass(frozen=True)
class WaiterTaken:
    """The call that stood is on hold with the network; the second caller is connected and is the line's call.
    `AudioReady` follows.
    """


@dataclasses.dataclass(frozen=True)
class CallsSwapped:
    """The call that was on hold is the line's call; one that still stood is on hold instead. `AudioReady`
    follows. Comes by itself after `CallEnded` where another call is on hold.
    """


@dataclasses.dataclass(frozen=True)
class CallsJoined:
    """Both calls of the line hear each other, and the line's audio is both's, until one of them ends.
    The line's call stays the line's call, and the one that was on hold ends with `HeldEnded`.
    """


@dataclasses.dataclass(frozen=True)
class CallsSplit:
    """The two are joined no longer: the line's call has its audio alone, the other is on hold again."""


@dataclasses.dataclass(frozen=True)
class HeldEnded:
    """The call on hold, or joined to the line's call, is over."""

    reason: EndReason
    detail: str


@dataclasses.dataclass(frozen=True)
class CallerIdExpected:
    """A caller id is about to sound on an in-band line, on hook; `InBandLine.caller_heard` wants it."""

    audio: LineAudio


@dataclasses.dataclass(frozen=True)
class KeysWanted:
    """Key these into the call's audio: this line has no tones of its own."""

    digits: str


@dataclasses.dataclass(frozen=True)
class HookFlash:
    """The handset's hook was tapped."""


@dataclasses.dataclass(frozen=True)
class SmsReceived:
    """A message came, its parts joined. Repeated, with the same `ident`, until `sms_stored` is called.

    The SIM keeps the message until then, so a power cut loses none; whoever stores it must not store an
    `ident`
    twice, since the message comes again when the cut falls between storing and clearing the SIM.
    """

    ident: str
    number: str
    """Digits with a leading `+`, or a sender's name: "China Mobile"."""
    text: str
    sent: datetime.datetime | None
    """By the network's clock, with its zone."""
    complete: bool = True
    """False when parts never came; the text then has a mark in their place."""


class SmsOutcome(enum.Enum):
    SENT = "sent"
    """The network took all parts."""
    REFUSED = "refused"
    """For good: trying again won't help."""
    UNCERTAIN = "uncertain"
    """The modem fell silent or vanished after it got the text: a part may have gone out. Sending it again
    may double
    it; a delivery report that still comes tells."""


@dataclasses.dataclass(frozen=True)
class SmsPartSent:
    """The network took one part of an outgoing message; a store that notes it never doubles a part."""

    key: str
    part: int
    """From 1."""
    parts: int
    reference: int
    """0 to 255, in its delivery report too."""


@dataclasses.dataclass(frozen=True)
class SmsSendResult:
    """What became of `send_sms`. While the network is away or busy, the line tries again by itself."""

    key: str
    outcome: SmsOutcome
    detail: str


class SmsDelivery(enum.Enum):
    DELIVERED = "delivered"
    TRYING = "not delivered yet; the network goes on trying"
    FAILED = "the network gave up delivering it"


@dataclasses.dataclass(frozen=True)
class SmsReport:
    """The network's delivery report on one part."""

    number: str
    reference: int
    delivery: SmsDelivery


@dataclasses.dataclass(frozen=True)
class UssdReply:
    """The network's answer to a service code, or a question of its own."""

    text: str
    wants_reply: bool
    """Answer with another `send_ussd`."""
    ended: str
    """Empty when all is well; else why the exchange is over: "the network didn't answer in time"."""


@dataclasses.dataclass(frozen=True)
class NetworkTime:
    """What time it is, by the mobile network."""

    time: datetime.datetime
    """With its zone; seconds exact to about two."""


LineEvent = (
    StateChanged
    | IncomingCall
    | RemoteAlerting
    | CallConnected
    | AudioExpected
    | AudioReady
    | DigitReceived
    | CallEnded
    | CallerWaits
    | WaitingOver
    | WaiterTaken
    | CallsSwapped
    | CallsJoined
    | CallsSplit
    | HeldEnded
    | CallerIdExpected
    | KeysWanted
    | HookFlash
    | SmsReceived
    | SmsPartSent
    | SmsSendResult
    | SmsReport
    | UssdReply
    | NetworkTime
)
LineListener = Callable[[LineEvent], None]


@dataclasses.dataclass(frozen=True)
class Words:
    """The same in the box's languages."""

    zh: str
    en: str


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One step of a line's examination."""

    step: str
    """power, sim, signal, registration, audio … in the order of examination."""
    fine: bool | None
    """None: not known, or not reached."""
    words: Words
    remedy: Words = Words("", "")
    """What a person can do; empty when nothing is to be done."""


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
        is the
        caller's to know.

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
