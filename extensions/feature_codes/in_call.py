"""Keys and requests during a conversation: what staff's phones ask for, turned into requests to it.

##103   hand on, blind (a pause of `NUMBER_PAUSE` or # ends the number); ###: to the nearest free colleague
*2103   consult 103 while the caller waits; hang up to hand on, *1 to come back, *3 to talk all three
*5      park            *3      record from here on, or stop (never who was not told, or did not agree)
*9      escalate to the next tier
REFER   the phone's own transfer key, blind or attended
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Protocol
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Meta

from firmware.core.leg import DigitPressed, Leg, LegEvent, TransferRequested
from firmware.core.media import PlayTone
from firmware.core.trace.inside import HandOn
from firmware.switch.bridge import Bridge
from firmware.switch.call import Call
from firmware.switch.conversation import Act, Conversation
from firmware.switch.handing_on import HandingOn
from firmware.switch.parking import ParkingLot

# After so long without a key, what was keyed is complete; before a code, it is forgotten.
NUMBER_PAUSE = 3.0
_MOST_KEYS = 20
# What staff hear, and the caller doesn't, when a key may not do what it is for.
_REFUSED = PlayTone(frequencies=(300.0,), cadence_ms=(), duration_ms=400)

Key = Annotated[str, Meta(pattern=r"\A[*#][0-9*#]{0,3}\Z")]


def _help(en: str, zh: str) -> Meta:
    return Meta(description=en, extra={"zh": zh})


class InCallKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What staff key during a call; part of the settings."""

    hand_on: Annotated[Key, _help("Hand the call on.", "盲转。")] = "##"
    consult: Annotated[Key, _help("Consult while the caller waits.", "咨询转接。")] = "*2"
    park: Annotated[Key, _help("Park the call.", "寄存通话。")] = "*5"
    record: Annotated[Key, _help("Start or stop recording.", "开始或停止录音。")] = "*3"
    escalate: Annotated[
        Key,
        _help("Agents: hand the caller to the next tier of the queue.", "坐席：把来电升级到队列的下一级。"),
    ] = "*9"

    def listed(self) -> list[tuple[str, str, str, str]]:
        """Return each key with what is keyed behind it, and its help in English and Chinese."""
        return [
            (self.hand_on, "number", "Hand the call on", "盲转到号码"),
            (self.consult, "extension", "Consult; then hang up, *1 to go back, *3 for all three", "咨询转接"),
            (self.park, "", "Park the call", "寄存通话"),
            (self.record, "", "Start or stop recording", "开始或停止录音"),
            (self.escalate, "", "Agents: hand the caller to the next tier", "坐席：升级到下一级"),
        ]


class Team(Protocol):
    """What an agent's queue knows, as keys during a call need it."""

    def colleague(self, number: str) -> str | None:
        """Return whom an agent hands on to first: a free one of the own pod, else of the queue."""

    def escalate_from(self, conversation: Conversation, by: Leg) -> bool:
        """Have the caller wait for the next tier; false when there is none or something else is under way."""


TellOfRecording = Callable[[Call, Sequence[Leg]], Awaitable[bool]]
"""Tells these parties of a call that it will be recorded, or asks them; returns whether it may be."""


class InCall:
    """Watches conversations; the `Features` of the exchange.

    Args:
        handing_on: Serves transfers.
        lot: Serves parking; None for an office without.
        keys: The office's keys.
        recordings: Where recordings on demand go; None for none.
        team: What agents may do besides; None for an office without queues.
    """

    def __init__(
        self,
        handing_on: HandingOn,
        lot: ParkingLot | None,
        keys: InCallKeys,
        recordings: Path | None,
        team: Team | None = None,
    ) -> None:
        self._team = team
        self.keys = keys
        self.recordings = recordings
        self._handing_on = handing_on
        self._lot = lot
        self.tell_of_recording: TellOfRecording | None = None
        """What the other parties hear before a recording on demand begins; None for nothing."""
        self._keyed: WeakKeyDictionary[Leg, _Keyed] = WeakKeyDictionary()

    def attend(self, call: Call, conversation: Conversation, leg: Leg, event: LegEvent) -> None:
        match event:
            case TransferRequested(number=number, consulted=consulted):
                if consulted is not None:
                    taken = self._handing_on.attended(conversation, leg, consulted)
                else:
                    taken = self._handing_on.blind(conversation, leg, number)
                if taken:
                    leg.accept_transfer()
            case DigitPressed(digit=digit) if call.directory.find(leg.address) is not None:
                keyed = self._keyed.setdefault(leg, _Keyed())
                keyed.add(digit, lambda: self._paused(call, leg))
                self._look(call, conversation, leg, keyed)
            case _:
                pass

    def _paused(self, call: Call, leg: Leg) -> None:
        keyed = self._keyed.pop(leg, None)
        conversation = call.conversation
        if keyed is not None and conversation is not None:
            self._number(call, conversation, leg, keyed.text)

    def _look(self, call: Call, conversation: Conversation, leg: Leg, keyed: _Keyed) -> None:
        """Act as soon as what was keyed is complete."""
        text = keyed.text
        if text == self.keys.park and self._lot is not None:
            self._done(leg)
            self._lot.park(conversation, leg)
        elif text == self.keys.record and self.recordings is not None:
            self._done(leg)
            conversation.ask(Act(functools.partial(self._record, call, leg)))
        elif text == self.keys.escalate and self._team is not None:
            self._done(leg)
            self._team.escalate_from(conversation, leg)
        elif self._team is not None and text in (f"{self.keys.hand_on}#", f"{self.keys.consult}#"):
            self._done(leg)
            colleague = self._team.colleague(leg.address)
            if colleague is not None:
                self._number(call, conversation, leg, text.removesuffix("#") + colleague)
        elif text.startswith((self.keys.hand_on, self.keys.consult)):
            number = text.removeprefix(self.keys.hand_on).removeprefix(self.keys.consult)
            known = call.directory.find(number) is not None and not call.directory.may_grow(number)
            if known or number.endswith("#"):
                self._done(leg)
                self._number(call, conversation, leg, text.removesuffix("#") if number else text)
        elif not any(code.startswith(text) for code in msgspec.structs.astuple(self.keys)):
            self._done(leg)

    def _number(self, call: Call, conversation: Conversation, leg: Leg, text: str) -> None:
        if text.startswith(self.keys.hand_on):
            number = text.removeprefix(self.keys.hand_on)
            if number:
                self._handing_on.blind(conversation, leg, number)
        elif text.startswith(self.keys.consult):
            extension = call.directory.find(text.removeprefix(self.keys.consult))
            if extension is not None:
                self._handing_on.consult(conversation, leg, extension)

    def _done(self, leg: Leg) -> None:
        keyed = self._keyed.pop(leg, None)
        if keyed is not None:
            keyed.stop()

    async def _record(self, call: Call, leg: Leg, bridge: Bridge) -> None:
        if bridge.recorded:
            call.journey.route(HandOn.RECORD_OFF(who=leg.address))
            await bridge.stop_recording()
        elif not call.may_be_recorded:
            call.journey.route(HandOn.RECORD_REFUSED(who=leg.address))
            if leg.port is not None:
                call.media.play(leg.port, [_REFUSED])
        elif self.recordings is not None and await self._others_know(call, leg, bridge):
            call.journey.route(HandOn.RECORD_ON(who=leg.address))
            await bridge.start_recording(self.recordings)

    async def _others_know(self, call: Call, leg: Leg, bridge: Bridge) -> bool:
        """Have the others told, or asked, before anything of them is kept; false when it shall not be."""
        if self.tell_of_recording is None:
            return True
        others = [one for one in bridge.parties if one is not leg]
        telling = asyncio.ensure_future(self.tell_of_recording(call, others))
        leaving = [asyncio.ensure_future(one.ended()) for one in bridge.parties]
        try:
            # Who leaves meanwhile ends the talk, and must not be waited for here.
            await asyncio.wait({telling, *leaving}, return_when=asyncio.FIRST_COMPLETED)
            known = telling.done() and telling.result()
        finally:
            for one in (telling, *leaving):
                one.cancel()
        if not known and leg.ending is None and leg.port is not None:
            call.media.play(leg.port, [_REFUSED])
        return known


class _Keyed:
    """What one party has keyed lately."""

    def __init__(self) -> None:
        self.text = ""
        self._timer: asyncio.TimerHandle | None = None

    def add(self, digit: str, paused: Callable[[], None]) -> None:
        self.text = (self.text + digit)[-_MOST_KEYS:]
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(NUMBER_PAUSE, paused)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
