"""The contract of a phone line: what every driver of a GSM modem, PSTN modem or FXO port offers.

A line has one voice path; a second caller waits (`CallerWaits`) until the line is free, and then rings like
any other, or, on a `HoldingLine`, is taken while the first is on hold with the network. What a line says of
its call concerns the one that has the voice path. It is started once, keeps itself alive from then
on (reopens its device, initialises the modem, registers), and says what happens through events:

    DOWN ──► STARTING ──► READY ◄──► IN_CALL      any state ──► DOWN when the device is gone

A driver calls its listeners from the event loop it was started in, and never raises out of them.
"""

from __future__ import annotations

from hal.line.calls import (
    AudioExpected,
    AudioReady,
    CallConnected,
    CallEnded,
    CallerIdExpected,
    DigitReceived,
    EndReason,
    HookFlash,
    IncomingCall,
    KeysWanted,
    LineAudio,
    LineState,
    RemoteAlerting,
    StateChanged,
)
from hal.line.contract import (
    DialToneLine,
    HandsetLike,
    HoldingLine,
    InBandLine,
    Line,
    LineError,
    MessagingLine,
    RestartableLine,
    WaitingLine,
)
from hal.line.events import (
    LineEvent,
    LineListener,
)
from hal.line.messages import (
    NetworkTime,
    SmsDelivery,
    SmsOutcome,
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
from hal.line.verdict import (
    Verdict,
    Words,
)

__all__ = [
    "AudioExpected",
    "AudioReady",
    "CallConnected",
    "CallEnded",
    "CallerIdExpected",
    "CallerWaits",
    "CallsJoined",
    "CallsSplit",
    "CallsSwapped",
    "DialToneLine",
    "DigitReceived",
    "EndReason",
    "HandsetLike",
    "HeldEnded",
    "HoldingLine",
    "HookFlash",
    "InBandLine",
    "IncomingCall",
    "KeysWanted",
    "Line",
    "LineAudio",
    "LineError",
    "LineEvent",
    "LineListener",
    "LineState",
    "MessagingLine",
    "NetworkTime",
    "RemoteAlerting",
    "RestartableLine",
    "SmsDelivery",
    "SmsOutcome",
    "SmsPartSent",
    "SmsReceived",
    "SmsReport",
    "SmsSendResult",
    "StateChanged",
    "UssdReply",
    "Verdict",
    "WaiterTaken",
    "WaitingLine",
    "WaitingOver",
    "Words",
]
