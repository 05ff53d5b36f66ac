"""Everything a line may say."""

from __future__ import annotations

from collections.abc import Callable

from hal.line.calls import (
    AudioExpected,
    AudioReady,
    CallConnected,
    CallEnded,
    CallerIdExpected,
    DigitReceived,
    HookFlash,
    IncomingCall,
    KeysWanted,
    RemoteAlerting,
    StateChanged,
)
from hal.line.messages import (
    NetworkTime,
    SmsPartSent,
    SmsReceived,
    SmsReport,
    SmsSendResult,
    UssdReply,
)
from hal.line.two_calls import (
    CallerWaits,
    CallsJoined,
    CallsSplit,
    CallsSwapped,
    HeldEnded,
    WaiterTaken,
    WaitingOver,
)

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
