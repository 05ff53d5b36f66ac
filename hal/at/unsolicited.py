"""What a modem says unasked: which lines those are, and their values."""

from __future__ import annotations

from collections.abc import Callable

from hal.at.call_states import parse_call_state
from hal.at.calls import (
    CallerId,
    CallOver,
    CallWaits,
    KeyHeard,
    ListedCall,
    MissedCall,
    Ring,
    VoiceBegin,
    VoiceEnd,
)
from hal.at.network import PinState, Registration

Unsolicited = (
    CallerId
    | CallOver
    | CallWaits
    | KeyHeard
    | ListedCall
    | MissedCall
    | PinState
    | Registration
    | Ring
    | VoiceBegin
    | VoiceEnd
)

_PARSERS: tuple[Callable[[str], Unsolicited | None], ...] = (
    Ring.parse,
    CallerId.parse,
    CallWaits.parse,
    ListedCall.parse,
    VoiceBegin.parse,
    VoiceEnd.parse,
    MissedCall.parse,
    CallOver.parse,
    KeyHeard.parse,
    Registration.parse,
    PinState.parse,
    parse_call_state,
)

# Lines without a leading `+` that are never the bare answer to an identity query (AT+CGMI and the like).
_UNASKED_WORDS = ("RING", "VOICE CALL", "MISSED_CALL", "NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE")
_BOOT_WORDS = ("RDY", "SMS DONE", "PB DONE", "START", "SMS READY", "CALL READY")
_MARKS = ("+", "^", "*", "$")


def parse_unsolicited(line: str) -> Unsolicited | None:
    """Return the line's value; None when it is malformed or of no concern to a telephone line."""
    for parse in _PARSERS:
        value = parse(line)
        if value is not None:
            return value
    return None


def can_be_bare_answer(line: str) -> bool:
    """Whether the line may answer a query whose answer has no prefix, such as AT+CGMM."""
    return not (line.startswith((*_MARKS, *_UNASKED_WORDS)) or line in _BOOT_WORDS)
