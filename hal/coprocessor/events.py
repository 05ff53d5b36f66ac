"""What the coprocessor tells, as values; `parse` reads one message of the link."""

from __future__ import annotations

import dataclasses

from hal.coprocessor import words

HELD = 0xFFFF


@dataclasses.dataclass(frozen=True)
class LinkUp:
    """Box and board understand each other; everything the board was told before is forgotten there."""


@dataclasses.dataclass(frozen=True)
class LinkDown:
    reason: str
    """In an installer's words."""


@dataclasses.dataclass(frozen=True)
class RingBurst:
    """One burst of a cadence has rung on the exchange line."""

    seconds: float


@dataclasses.dataclass(frozen=True)
class RingOver:
    """The caller gave up, or somebody else answered."""


@dataclasses.dataclass(frozen=True)
class LineChanged:
    battery: bool
    """The exchange feeds the line."""
    loop: bool
    """Current flows."""
    reversed: bool


@dataclasses.dataclass(frozen=True)
class FarHangUp:
    """The exchange opened the loop."""


@dataclasses.dataclass(frozen=True)
class HandsetHook:
    off: bool


@dataclasses.dataclass(frozen=True)
class HandsetFlash:
    """The hook was tapped."""


@dataclasses.dataclass(frozen=True)
class HandsetDigit:
    """Dialled by pulses."""

    digit: str


@dataclasses.dataclass(frozen=True)
class RingTrip:
    """The ringing handset was lifted."""


@dataclasses.dataclass(frozen=True)
class ButtonPressed:
    button: int
    seconds: float | None
    """None: it has been held for ten seconds."""


@dataclasses.dataclass(frozen=True)
class RelayMoved:
    """The power-fail relay."""

    held: bool
    """True: line and handset are ours. False: they are tied together."""


@dataclasses.dataclass(frozen=True)
class SelfTested:
    no_battery: bool
    hook_stuck: bool
    ring_stuck: bool


@dataclasses.dataclass(frozen=True)
class DialledOut:
    """The line's pulses or flash are out."""


@dataclasses.dataclass(frozen=True)
class BoardStatus:
    """How everything is; comes after every `LinkUp`."""

    line: LineChanged
    held: bool
    """The relay has line and handset tied to the box."""
    off_hook: bool
    """The handset."""


@dataclasses.dataclass(frozen=True)
class BoardVersion:
    """Which files the board runs; the box's own are `words.BOARD_VERSION`."""

    version: int


CoprocessorEvent = (
    LinkUp
    | BoardStatus
    | BoardVersion
    | LinkDown
    | RingBurst
    | RingOver
    | LineChanged
    | FarHangUp
    | HandsetHook
    | HandsetFlash
    | HandsetDigit
    | RingTrip
    | ButtonPressed
    | RelayMoved
    | SelfTested
    | DialledOut
)

_WITHOUT_VALUE: dict[int, CoprocessorEvent] = {
    words.RING_OVER: RingOver(),
    words.FAR_HANG_UP: FarHangUp(),
    words.FLASH: HandsetFlash(),
    words.RING_TRIP: RingTrip(),
    words.SENT: DialledOut(),
}


def parse(message: bytes) -> CoprocessorEvent | None:
    """Read a message; None when it makes no sense."""
    if not message:
        return None
    word, rest = message[0], message[1:]
    if not rest:
        return _WITHOUT_VALUE.get(word)
    first = rest[0]
    match word, len(rest):
        case words.RING, 2:
            return RingBurst((first << 8 | rest[1]) / 1000)
        case words.LINE, 1:
            return _line(first)
        case words.STATUS, 1:
            held, off_hook = bool(first & words.STATUS_HELD), bool(first & words.STATUS_OFF_HOOK)
            return BoardStatus(_line(first), held, off_hook)
        case words.VERSION, 1:
            return BoardVersion(first)
        case words.HOOK, 1:
            return HandsetHook(bool(first))
        case words.PULSES, 1 if first <= 9:
            return HandsetDigit(str(first))
        case words.BUTTON, 3:
            length = rest[1] << 8 | rest[2]
            return ButtonPressed(first, None if length == HELD else length / 1000)
        case words.RELAY, 1:
            return RelayMoved(bool(first))
        case words.SELF_TEST, 1:
            return SelfTested(
                bool(first & words.TEST_NO_BATTERY),
                bool(first & words.TEST_HOOK_STUCK),
                bool(first & words.TEST_RING_STUCK),
            )
        case _:
            return None


def _line(flags: int) -> LineChanged:
    return LineChanged(
        bool(flags & words.LINE_BATTERY), bool(flags & words.LINE_LOOP), bool(flags & words.LINE_REVERSED)
    )
