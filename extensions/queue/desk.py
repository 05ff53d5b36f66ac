"""The adapter between queue models and waiting calls: pumps offers, arms the one timer.

A waiting script registers a ticket and reads its offers; whatever changes in a queue calls `pump`, which asks
the model to decide and hands each offer to its ticket. Agents are spread over queues: the desk signs them in
and out of all of theirs at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

import msgspec

from extensions.hunt.script import WhyNot
from extensions.hunt.tally import Tally
from extensions.queue.events import Offer, Span
from extensions.queue.model import QueueModel
from extensions.queue.settings import QueueSettings
from extensions.queue.state import Mode
from firmware.core.errors import UserError

logger = logging.getLogger(__name__)

OnOffer = Callable[[Offer], None]


class AgentNow(msgspec.Struct, frozen=True):
    """An agent in one queue, for the wallboard."""

    queue: str
    agent: str
    mode: Mode
    seconds: float
    """Since when."""
    reason: str


class QueueDesk:
    """All queues of the office.

    Args:
        queues: Their settings; may be replaced while calls wait.
        tally: What agents have done.
        why_not: Why a phone can't be rung now.
    """

    def __init__(self, queues: Iterable[QueueSettings], tally: Tally, why_not: WhyNot) -> None:
        self.queues: dict[str, QueueModel] = {}
        self.on_span: Callable[[str, Span], None] | None = None
        """Told of each stretch of an agent's time when it ends: queue, span."""
        self._tally = tally
        self._why_not = why_not
        self._tickets: dict[str, OnOffer] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.replace(queues)

    def replace(self, queues: Iterable[QueueSettings]) -> None:
        """Put changed settings into force; who waits in a queue that is gone goes on waiting."""
        listed = list(queues)
        for name in set(self.queues) - {settings.name for settings in listed}:
            self._close(name)
        for settings in listed:
            if settings.name in self.queues:
                self.queues[settings.name].replace(settings)
                continue
            model = QueueModel(settings, self._tally, lambda number: self._why_not(number) is None)
            model.on_span = self._teller(settings.name)
            self.queues[settings.name] = model

    def _close(self, name: str) -> None:
        """Let go of a queue that is gone from the settings, once nobody waits or talks in it."""
        if self.queues[name].is_empty():
            timer = self._timers.pop(name, None)
            if timer is not None:
                timer.cancel()
            del self.queues[name]

    # Agents

    def sign_in(self, number: str) -> list[str]:
        """Sign an agent in to all of its queues and return them.

        Raises:
            UserError: It belongs to none.
        """
        return self._each(number, lambda model, now: model.sign_in(number, now))

    def sign_out(self, number: str) -> list[str]:
        """Sign an agent out of all of its queues.

        Raises:
            UserError: It belongs to none.
        """
        return self._each(number, lambda model, now: model.sign_out(number, now))

    def pause(self, number: str, reason: str) -> list[str]:
        """Let an agent take a break, in every queue it is signed in to.

        Raises:
            UserError: It is signed in to none.
        """
        return self._each(number, lambda model, now: model.pause(number, reason, now), signed_in=True)

    def resume(self, number: str) -> list[str]:
        """End an agent's break or wrap-up.

        Raises:
            UserError: It is signed in to none.
        """
        return self._each(number, lambda model, now: model.resume(number, now), signed_in=True)

    def is_signed_in(self, number: str) -> bool:
        return any(
            number in model.agents and model.agents[number].mode is not Mode.OUT
            for model in self.queues.values()
        )

    def agents(self) -> list[AgentNow]:
        """Return every agent in every queue as it is now."""
        now = self.now()
        return [
            AgentNow(name, number, agent.mode, now - agent.since, agent.reason)
            for name, model in self.queues.items()
            for number, agent in model.agents.items()
        ]

    # Waiting scripts

    def attend(self, caller: str, on_offer: OnOffer) -> None:
        """Have a waiting caller's offers handed to its script."""
        self._tickets[caller] = on_offer

    def forget(self, caller: str) -> None:
        """Hand no more offers to a script."""
        self._tickets.pop(caller, None)

    def pump(self, name: str) -> None:
        """Have a queue decide, and arm its timer anew. Called after whatever may change something."""
        model = self.queues[name]
        now = self.now()
        for offer in model.decide(now):
            ticket = self._tickets.get(offer.caller)
            if ticket is None:
                logger.error("%s: nobody attends to %s", name, offer.caller)
                for number in offer.agents:
                    model.missed(offer.caller, number, now, counts=False)
                continue
            ticket(offer)
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
        wake = model.next_wake(now)
        if wake is not None:
            loop = asyncio.get_running_loop()
            self._timers[name] = loop.call_at(max(wake, now + _LEAST_WAIT_SECONDS), self.pump, name)

    def pump_all(self) -> None:
        """Have every queue decide: a phone that was busy elsewhere is free again."""
        for name in self.queues:
            self.pump(name)

    def stop(self) -> None:
        """Disarm the timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def _each(
        self, number: str, act: Callable[[QueueModel, float], None], *, signed_in: bool = False
    ) -> list[str]:
        names = [
            name
            for name, model in self.queues.items()
            if number in model.agents and (not signed_in or model.agents[number].mode is not Mode.OUT)
        ]
        if not names:
            raise UserError(f"{number} is {'signed in to' if signed_in else 'an agent of'} no queue")
        for name in names:
            act(self.queues[name], self.now())
            self.pump(name)
        return names

    def _teller(self, name: str) -> Callable[[Span], None]:
        def tell(span: Span) -> None:
            if self.on_span is not None:
                self.on_span(name, span)

        return tell


# A wake-up that lies in the past must not make the loop spin.
_LEAST_WAIT_SECONDS = 0.05
