"""Acts on running calls for the pages, through the same parts that phones use for it."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable

from extensions.dial import Office, dial
from extensions.feature_codes import Feature, FeatureService
from extensions.queue import QueueDesk
from extensions.queue.state import Mode as AgentMode
from firmware.app.parts import Parts
from firmware.control.live import (
    ActedReply,
    HangUpCall,
    ListenIn,
    Mode,
    ParkCall,
    PlaceCall,
    TransferCall,
)
from firmware.control.picture import AgentNow, ParkedNow, QueueNow
from firmware.core.causes import Cause
from firmware.core.errors import UserError
from firmware.core.ids import CallId
from firmware.core.leg import Leg, LegEnded, Party
from firmware.core.trace.live import Live
from firmware.switch.call import Call
from firmware.switch.conversation import Conversation
from firmware.switch.directory import Directory
from firmware.switch.exchange import Exchange
from firmware.switch.handing_on import HandingOn
from firmware.switch.parking import ParkingLot

_OWN_PHONE_S = 30.0
"""How long a phone rings for a call its user has just asked for."""

_LONGEST_NUMBER = 40

_MONITORS = {Mode.LISTEN: Feature.LISTEN, Mode.WHISPER: Feature.WHISPER, Mode.BARGE: Feature.BARGE}


class LiveDesk:
    """Answers the requests of `firmware.control.live`.

    Args:
        exchange: Where the calls are.
        directory: Makes legs to people.
        is_registered: Whether an extension has a phone.
        handing_on: Transfers.
        lot: Parks.
        features: Knows supervisors and codes.
        office: What phones can reach now.
    """

    def __init__(
        self,
        exchange: Exchange,
        directory: Directory,
        is_registered: Callable[[str], bool],
        handing_on: HandingOn,
        lot: ParkingLot,
        features: FeatureService,
        office: Callable[[], Office],
    ) -> None:
        self._exchange = exchange
        self._directory = directory
        self._is_registered = is_registered
        self._handing_on = handing_on
        self._lot = lot
        self._features = features
        self._office = office

    async def transfer(self, request: TransferCall) -> ActedReply:
        """Hand a conversation on.

        Raises:
            UserError: Nobody talks in it, or the number makes no sense.
        """
        number = _dialable(request.to)
        call, conversation = self._talking(request.call)
        by = self._staff(conversation)
        if number == by.address:
            raise UserError("That is who talks with the caller already.")
        if not self._handing_on.blind(conversation, by, number):
            raise UserError("Something else is being done with that call; try again in a moment.")
        call.journey.route(Live.HANDED_ON(who=request.by, to=number))
        return ActedReply(call=call.journey.id)

    async def park(self, request: ParkCall) -> ActedReply:
        """Park a caller.

        Raises:
            UserError: Nobody talks in it, or no slot is free.
        """
        call, conversation = self._talking(request.call)
        if not self._lot.park(conversation, self._staff(conversation)):
            raise UserError("No parking slot is free, or something else is being done with that call.")
        call.journey.route(Live.PARKED(who=request.by))
        return ActedReply(call=call.journey.id)

    async def hang_up(self, request: HangUpCall) -> ActedReply:
        """End a call.

        Raises:
            UserError: It is over.
        """
        call = self._call(request.call)
        call.journey.route(Live.ENDED(who=request.by))
        await self._exchange.end(call.journey.id)
        return ActedReply(call=call.journey.id)

    async def place(self, request: PlaceCall) -> ActedReply:
        """Ring somebody's own phone and dial for it.

        Raises:
            UserError: There is no such extension, its phone isn't there, or the number makes no sense.
        """
        return await self._place(request.own, _dialable(request.to), request.by)

    async def listen(self, request: ListenIn) -> ActedReply:
        """Ring a supervisor's phone and let it take part in a call.

        Raises:
            UserError: The extension may not, or nobody talks there.
        """
        if request.own not in self._features.supervisors:
            raise UserError(f"Extension {request.own} is no supervisor's; the settings say who is.")
        code = self._features.book.codes.get(_MONITORS[request.mode])
        if code is None:
            raise UserError("The feature code for that is switched off in the settings.")
        if not any(call.conversation for call, _ in self._exchange.calls_of(request.to)):
            raise UserError("Nobody talks at that extension now.")
        return await self._place(request.own, code + request.to, request.by)

    async def _place(self, own: str, number: str, by: str) -> ActedReply:
        extension = self._directory.find(own)
        if extension is None:
            raise UserError(f"There is no extension {own}.")
        if not self._is_registered(own):
            raise UserError(f"No phone of {own} is registered; it can't ring.")
        script = functools.partial(self._own_phone, number=number, by=by)
        vital = self._office().outbound.plan.emergency.match(number) is not None
        leg = self._directory.leg_to(extension)
        self._exchange.take(leg, script, called=number, vital=vital)
        begun = self._exchange.call_with(leg)
        return ActedReply(call=None if begun is None else begun.journey.id)

    async def _own_phone(self, call: Call, number: str, by: str) -> None:
        call.journey.route(Live.PLACED(who=by, to=number))
        try:
            async with asyncio.timeout(_OWN_PHONE_S):
                await call.caller.ring(Party(number, number))
                await call.caller.answered()
        except (TimeoutError, LegEnded):
            await call.caller.hang_up(Cause.NO_ANSWER)
            return
        await dial(call, number, self._office())

    def _call(self, call_id: str) -> Call:
        for call in self._exchange.calls():
            if call.journey.id == call_id:
                return call
        raise UserError("That call is over.")

    def _talking(self, call_id: str) -> tuple[Call, Conversation]:
        call = self._call(call_id)
        if call.conversation is None or call.conversation.over.is_set():
            raise UserError("Nobody talks with that caller yet; wait until somebody has answered.")
        return call, call.conversation

    def _staff(self, conversation: Conversation) -> Leg:
        """Return the office's side: whom a transfer lets go of."""
        other, caller = conversation.other, conversation.call.caller
        is_inside = self._directory.find(other.address) is not None
        return other if is_inside or self._directory.find(caller.address) is None else caller


class QueuePicture:
    """The queues and their agents as a picture shows them. One object looks again and again, so that a
    moment is the same wall time each time and a picture in which nothing happened stays the same.

    Args:
        desk: The queues.
    """

    def __init__(self, desk: QueueDesk) -> None:
        self._desk = desk
        self._walls: dict[float, int] = {}

    def look(self, wall_ms: int) -> tuple[list[QueueNow], list[AgentNow]]:
        """Return queues and agents at this moment (ms since 1970 UTC)."""
        now = self._desk.now()
        known, self._walls = self._walls, {}

        def wall(moment: float) -> int:
            self._walls[moment] = known.get(moment) or wall_ms - int((now - moment) * 1000)
            return self._walls[moment]

        queues = []
        agents: dict[str, AgentNow] = {}
        for name, model in self._desk.queues.items():
            waiting = model.waiting()
            modes = [agent.mode for agent in model.agents.values()]
            queues.append(
                QueueNow(
                    name=name,
                    waiting=len(waiting),
                    longest_since_wall_ms=min((wall(one.since) for one in waiting), default=None),
                    ready=modes.count(AgentMode.READY),
                    signed_in=len(modes) - modes.count(AgentMode.OUT),
                )
            )
            for number, agent in model.agents.items():
                seen = agents.get(number)
                if agent.mode is AgentMode.OUT or (seen is not None and seen.mode != AgentMode.READY.value):
                    continue
                agents[number] = AgentNow(
                    number=number,
                    mode=agent.mode.value,
                    since_wall_ms=wall(agent.since),
                    reason=agent.reason,
                )
        return queues, list(agents.values())


def parked_now(parked: dict[str, CallId]) -> list[ParkedNow]:
    """Return who waits in which slot."""
    return [ParkedNow(slot, call) for slot, call in parked.items()]


def _dialable(number: str) -> str:
    kept = "".join(digit for digit in number if digit in "0123456789*#+")
    if not kept or len(kept) > _LONGEST_NUMBER or len(kept) < len(number.replace(" ", "").replace("-", "")):
        raise UserError(f"{number[:_LONGEST_NUMBER]} can't be dialled: digits, *, # and + only.")
    return kept


def start(parts: Parts) -> None:
    """Answer the requests from now on."""
    routing = parts.routing
    desk = LiveDesk(
        parts.exchange,
        parts.directory,
        parts.phones.is_registered,
        routing.handing_on,
        routing.lot,
        routing.features,
        routing.office,
    )
    parts.answers.on(TransferCall, desk.transfer)
    parts.answers.on(ParkCall, desk.park)
    parts.answers.on(HangUpCall, desk.hang_up)
    parts.answers.on(PlaceCall, desk.place)
    parts.answers.on(ListenIn, desk.listen)
