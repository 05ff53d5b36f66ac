"""What a line says of its call."""

from __future__ import annotations

import dataclasses
import enum


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
    NO_DIAL_TONE = "the exchange doesn't take a number"
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
