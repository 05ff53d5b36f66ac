"""What a line says of a second call beside its own (3GPP TS 22.030, 6.5.5)."""

from __future__ import annotations

import dataclasses

from hal.line.calls import EndReason


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
