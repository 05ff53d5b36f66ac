"""What each dialled star code does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from extensions.feature_codes.codes import CodeBook, Feature
from extensions.forwarding import Personal, When
from extensions.queue import QueueDesk
from firmware.core.causes import Cause
from firmware.core.errors import UserError, ZongjiError
from firmware.core.leg import LegState
from firmware.core.records import TransferKind
from firmware.core.trace import known
from firmware.core.trace.calls import Calls, Heard
from firmware.core.trace.inside import Codes, Dialled, HandOn
from firmware.core.trace.outbound import Emergency
from firmware.switch.bridge import Monitor
from firmware.switch.call import Call
from firmware.switch.exchange import Exchange
from firmware.switch.outbound.outbound import Outbound
from firmware.switch.parking import ParkingLot

_FORWARDS = {
    Feature.FORWARD_ALWAYS: When.ALWAYS,
    Feature.FORWARD_BUSY: When.BUSY,
    Feature.FORWARD_NO_ANSWER: When.NO_ANSWER,
}
_MONITORS = {
    Feature.LISTEN: Monitor.LISTEN,
    Feature.WHISPER: Monitor.WHISPER,
    Feature.BARGE: Monitor.BARGE,
}
# While monitoring, a supervisor changes over with these keys.
_MODE_KEYS = {"4": Monitor.LISTEN, "5": Monitor.WHISPER, "6": Monitor.BARGE}


KeepPersonal = Callable[[str, Personal, str], Awaitable[None]]
"""Told whose wishes, the wishes, and who changed them: "phone 101", or "101 on gsm1" from outside."""


class FeatureService:
    """Serves dialled codes.

    Args:
        book: The office's codes.
        exchange: Finds other calls.
        outbound: Tests the emergency path, checks forwarding targets, speaks.
        personal: Members' wishes.
        keep_personal: Keeps a member's changed wishes; they are in `personal` when it returns.
        desk: The queues; None for an office without.
        lot: The parking slots; None for an office without.
        supervisors: Extensions that may listen to calls.
        announce_monitor: Whether the parties are told (the law's setting).
    """

    def __init__(
        self,
        book: CodeBook,
        exchange: Exchange,
        outbound: Outbound,
        personal: Mapping[str, Personal],
        keep_personal: KeepPersonal,
        desk: QueueDesk | None = None,
        lot: ParkingLot | None = None,
        supervisors: frozenset[str] = frozenset(),
        *,
        announce_monitor: bool = True,
    ) -> None:
        self.book = book
        self.supervisors = supervisors
        self.announce_monitor = announce_monitor
        self._exchange = exchange
        self._outbound = outbound
        self._personal = personal
        self._desk = desk
        self._lot = lot
        self._keep_personal = keep_personal
        self.colleagues: Callable[[str], frozenset[str] | None] = lambda _: None
        """Whose calls a phone may pick up without naming them; None for everybody's."""
        self._others: dict[Feature, Callable[[Call, str], Awaitable[None]]] = {}

    def serve_also(self, feature: Feature, handler: Callable[[Call, str], Awaitable[None]]) -> None:
        """Have `handler` serve a feature of another part: told the call and what stands behind the code."""
        self._others[feature] = handler

    async def code(self, call: Call, dialled: str, own: str = "") -> bool:
        """Serve a dialled code or parking slot; false when it is neither.

        Args:
            call: Whose caller dialled it.
            dialled: The code and what stands behind it.
            own: For which extension; the phone's own for "".
        """
        if self._lot is not None and self._lot.is_slot(dialled):
            call.journey.route(HandOn.PARKED_AT(slot=dialled))
            if not await self._lot.fetch(call, dialled):
                await self._say(call, "nothing-parked")
            return True
        read = self.book.read(dialled)
        if read is None:
            return False
        feature, rest = read
        call.journey.route(Dialled.FEATURE(digits=dialled, feature=known(feature)))
        await self._serve(call, feature, rest, own or call.caller.address)
        return True

    async def _serve(self, call: Call, feature: Feature, rest: str, own: str) -> None:
        match feature:
            case Feature.DND_ON | Feature.DND_OFF:
                await self._set(call, own, do_not_disturb=feature is Feature.DND_ON)
            case Feature.FOLLOW_ON | Feature.FOLLOW_OFF:
                await self._set(call, own, follow_me=feature is Feature.FOLLOW_ON)
            case Feature.FORWARD_OFF:
                await self._set(call, own, forward={}, follow_me=False)
            case Feature.FORWARD_ALWAYS | Feature.FORWARD_BUSY | Feature.FORWARD_NO_ANSWER:
                await self._forward(call, own, _FORWARDS[feature], rest)
            case Feature.PICKUP_GROUP | Feature.PICKUP:
                await self._pick_up(call, rest, own)
            case Feature.SIGN_IN | Feature.SIGN_OUT | Feature.PAUSE | Feature.RESUME:
                await self._agent(call, feature, own)
            case Feature.LISTEN | Feature.WHISPER | Feature.BARGE:
                await self._monitor(call, rest, _MONITORS[feature], own)
            case Feature.EMERGENCY_TEST:
                said = self._outbound.emergency.check(self._outbound.plan, self._outbound.settings.lines)
                for line in said:
                    call.journey.route(line)
                works = said[-1].code != Emergency.NO_LINE_AT_ALL.code
                await self._say(call, "emergency-path-works" if works else "lines-busy")
            case other if other in self._others:
                await self._others[other](call, rest)
            case Feature.HELP:
                await call.answer()
                speaker = self._outbound.speaker
                items = speaker.say("feature-help")
                for feature_name, code in self.book.codes.items():
                    items = [
                        *items,
                        *speaker.digits(code),
                        *speaker.say(f"feature-{feature_name.name.lower()}"),
                    ]
                await call.play(Heard.CODES(), items)

    async def _set(self, call: Call, own: str, **changes: object) -> None:
        wishes = msgspec.structs.replace(self._personal.get(own, Personal()), **changes)
        where = call.caller.address
        try:
            await self._keep_personal(own, wishes, f"phone {own}" if where == own else f"{own} on {where}")
        except ZongjiError as error:
            call.journey.route(Calls.NOT_DONE(why=str(error)))
            await self._say(call, "feature-failed")
            return
        await self._say(call, "feature-on" if any(changes.values()) else "feature-off")

    async def _forward(self, call: Call, own: str, when: When, target: str) -> None:
        inside = call.directory.find(target) is not None
        number = self._outbound.plan.read(target)
        allowed = self._outbound.class_of(own).allowed
        if not target or (not inside and number.number_class not in allowed):
            call.journey.route(Codes.MAY_NOT_FORWARD(who=own, number=target))
            await self._say(call, "feature-failed")
            return
        forward = {**self._personal.get(own, Personal()).forward, when: target}
        await self._set(call, own, forward=forward)

    async def _pick_up(self, call: Call, wanted: str, own: str) -> None:
        """Take a call that rings at another phone: at `wanted`, or the one that rings the longest."""
        near = frozenset({wanted}) if wanted else self.colleagues(own)
        other = next(
            (
                one
                for one in self._exchange.calls()
                if one is not call and one.ringing() and (near is None or near & set(one.ringing()))
            ),
            None,
        )
        if other is None:
            call.journey.route(HandOn.NOTHING_RINGS())
            await call.refuse(Cause.NO_USER_RESPONDING)
            return
        rung = other.ringing()[0]
        await call.answer()
        if not other.pick_up(call.caller):
            call.journey.route(HandOn.QUICKER())
            await self._say(call, "feature-failed")
            return
        record = other.journey.transferred(TransferKind.PICKUP, wanted or rung, call.caller.address)
        record.completed = True
        other.journey.route(HandOn.PICKS_UP(who=call.caller.address, to=wanted or rung))
        call.journey.part_of(other.journey.id)
        await call.caller.ended()

    async def _agent(self, call: Call, feature: Feature, own: str) -> None:
        if self._desk is None:
            await self._say(call, "feature-failed")
            return
        try:
            match feature:
                case Feature.SIGN_IN:
                    queues = self._desk.sign_in(own)
                case Feature.SIGN_OUT:
                    queues = self._desk.sign_out(own)
                case Feature.PAUSE:
                    queues = self._desk.pause(own, "break")
                case _:
                    queues = self._desk.resume(own)
        except UserError:
            away = feature in (Feature.PAUSE, Feature.RESUME)
            call.journey.route((Codes.NOT_SIGNED_IN if away else Codes.NO_QUEUE)(who=own))
            await self._say(call, "feature-failed")
            return
        call.journey.route(Codes.QUEUES(feature=known(feature), queues=queues))
        words = {Feature.SIGN_IN: "signed-in", Feature.SIGN_OUT: "signed-out"}
        await self._say(call, words.get(feature, "feature-on"))

    async def _monitor(self, call: Call, wanted: str, mode: Monitor, own: str) -> None:
        """Let a supervisor take part in the call of an extension, until either is over."""
        if own not in self.supervisors:
            call.journey.route(Codes.NO_SUPERVISOR(who=own))
            await call.refuse(Cause.NOT_PERMITTED)
            return
        found = [(c, leg) for c, leg in self._exchange.calls_of(wanted) if c.conversation is not None]
        if not found:
            await call.refuse(Cause.NO_USER_RESPONDING)
            return
        other, staff = found[0]
        conversation = other.conversation
        await call.answer()
        if conversation is None or conversation.over.is_set():
            await self._say(call, "feature-failed")
            return
        other.journey.route(Codes.TAKES_PART(who=own, mode=known(mode)))
        call.journey.part_of(other.journey.id)
        if self.announce_monitor:
            for leg in conversation.bridge.parties:
                if leg.port is not None:
                    other.media.play(leg.port, self._outbound.speaker.say("being-monitored"))
        bridge = conversation.bridge
        bridge.monitor(call.caller, mode, staff)
        over = asyncio.ensure_future(conversation.over.wait())
        try:
            while not over.done():
                key = asyncio.ensure_future(call.next_digit())
                await asyncio.wait({over, key}, return_when=asyncio.FIRST_COMPLETED)
                if key.done() and key.result() in _MODE_KEYS:
                    bridge.monitor(call.caller, _MODE_KEYS[key.result()], staff)
                    other.journey.route(Codes.TAKES_PART(who=own, mode=known(_MODE_KEYS[key.result()])))
                key.cancel()
        finally:
            over.cancel()
            if not conversation.over.is_set():
                bridge.remove(call.caller)

    async def _say(self, call: Call, words: str) -> None:
        if call.caller.state is LegState.ENDED:
            return
        await call.answer()
        await call.play(words, self._outbound.speaker.say(words))
