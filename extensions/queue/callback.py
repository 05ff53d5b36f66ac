"""Calls back who kept a place: the agent is rung first, and calls out on its own authority.

    the caller's turn ─► the agent's phone rings ─► answered, presses 1 ─► the number is dialled ─► talk
                                                 └─ not ─► the place is kept, another agent

A caller can't cause an outside call by this: only an agent who takes it does, within the agent's own rights
and caps, and only to numbers an office calls every day. A promise stands until the two talk or the number was
tried too often; what is `promised` may be kept over a restart and given back to `restore`.
"""

from __future__ import annotations

import asyncio
import functools
import logging

import msgspec

from extensions.queue.desk import QueueDesk
from extensions.queue.events import Offer
from extensions.queue.state import End, Waiting
from firmware.core.causes import Cause
from firmware.core.ids import CallId
from firmware.core.leg import LegEnded, Party
from firmware.core.trace.calls import Heard, of_cause
from firmware.core.trace.queues import Queues
from firmware.switch.call import Call
from firmware.switch.directory import Directory
from firmware.switch.exchange import Exchange
from firmware.switch.numbering import NumberClass
from firmware.switch.outbound.outbound import Outbound

logger = logging.getLogger(__name__)

_CALLABLE = frozenset({NumberClass.LOCAL, NumberClass.NATIONAL, NumberClass.MOBILE})
# How often a number that doesn't answer is tried before the place is given up.
TRIES = 3
_TAKE_KEY = "1"


class Promise(msgspec.Struct):
    """A caller who was told to be called back."""

    queue: str
    waiting: Waiting
    journey: CallId
    """The call in which it was promised."""
    tries: int = 0
    """How often the number was dialled in vain."""


class Callbacks:
    """The callers who hung up and kept their places.

    Args:
        desk: The queues.
        exchange: Where the agents' calls run.
        directory: Makes the legs to agents.
        outbound: Dials.
    """

    def __init__(self, desk: QueueDesk, exchange: Exchange, directory: Directory, outbound: Outbound) -> None:
        self._desk = desk
        self._exchange = exchange
        self._directory = directory
        self._outbound = outbound
        self._promises: dict[str, Promise] = {}

    def keep(self, queue: str, waiting: Waiting, journey: CallId) -> None:
        """Attend to a caller's turn from now on."""
        self._attend(Promise(queue, waiting, journey))

    def promised(self) -> list[Promise]:
        """Return who is still to be called back, those an agent is dialling included."""
        return list(self._promises.values())

    def restore(self, promise: Promise) -> bool:
        """Put a caller from before a restart back in line; false when that can't be any more."""
        model, waiting = self._desk.queues.get(promise.queue), promise.waiting
        if model is None or waiting.id in self._promises or not self.may_call(waiting.number or ""):
            return False
        model.restore(waiting)
        self._attend(promise)
        self._desk.pump(promise.queue)
        return True

    def may_call(self, number: str) -> bool:
        """Tell whether an office may call this number back."""
        return self._outbound.plan.read(number).number_class in _CALLABLE

    def _attend(self, promise: Promise) -> None:
        self._promises[promise.waiting.id] = promise
        self._desk.attend(promise.waiting.id, functools.partial(self._offered, promise))

    def _offered(self, promise: Promise, offer: Offer) -> None:
        number, waiting = offer.agents[0], promise.waiting
        model = self._desk.queues[promise.queue]
        for other in offer.agents[1:]:
            model.missed(waiting.id, other, self._desk.now(), counts=False)
        extension = self._directory.find(number)
        if extension is None:
            model.missed(waiting.id, number, self._desk.now())
            return
        leg = self._directory.leg_to(extension)
        script = functools.partial(self._call_back, promise=promise, agent=number)
        self._exchange.take(leg, script, called=waiting.number)

    async def _call_back(self, call: Call, promise: Promise, agent: str) -> None:
        queue, waiting, desk = promise.queue, promise.waiting, self._desk
        model = desk.queues[queue]
        call.journey.route(
            Queues.CALL_BACK(queue=queue, agent=agent, number=waiting.number or "", call=promise.journey)
        )
        taken = False
        try:
            taken = await self._taken(call, waiting, model.settings.ring_seconds)
            if not taken:
                return
            model.answered(waiting.id, agent, desk.now())
            desk.forget(waiting.id)
            call.when_talking = functools.partial(self._kept, waiting.id)
            cause = await self._outbound.dial(call, self._outbound.plan.read(waiting.number or ""), agent)
            if cause is not Cause.NORMAL:
                call.journey.route(Queues.NOT_REACHED(why=of_cause(cause)))
                self._again(promise)
        finally:
            if taken:
                model.done(agent, desk.now())
            else:
                model.missed(waiting.id, agent, desk.now())
            desk.pump(queue)

    async def _taken(self, call: Call, waiting: Waiting, seconds: float) -> bool:
        """Ring the agent; true when it answers and presses the key."""
        try:
            async with asyncio.timeout(seconds):
                await call.caller.ring(Party(waiting.number, "call back"))
                await call.caller.answered()
        except (TimeoutError, LegEnded):
            await call.caller.hang_up(Cause.NO_ANSWER)
            return False
        keyed = await call.collect(
            Heard.ASKED_TO_CALL_BACK(),
            self._outbound.speaker.say("callback-here"),
            is_complete=lambda digits: len(digits) == 1,
            first_seconds=8.0,
            next_seconds=1.0,
        )
        return keyed == _TAKE_KEY

    def _kept(self, caller: str) -> None:
        """The two talk: the promise is kept."""
        self._promises.pop(caller, None)

    def _again(self, promise: Promise) -> None:
        """Put a caller who couldn't be reached in line once more, up to `TRIES` times."""
        queue, waiting = promise.queue, promise.waiting
        promise.tries += 1
        model = self._desk.queues[queue]
        if promise.tries >= TRIES:
            self._promises.pop(waiting.id, None)
            model.ends[End.CALLBACK_FAILED] += 1
            logger.warning("%s: %s could not be called back in %d tries", queue, waiting.id, TRIES)
            return
        model.rejoin(waiting, self._desk.now())
        self._attend(promise)
