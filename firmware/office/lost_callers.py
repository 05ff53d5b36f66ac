"""No caller is forgotten: who rang in and talked with nobody becomes a task until somebody closes it.

    journey closed ─┬─ rang in, talked with nobody, left no message ─► task (one a caller) ─► "we missed you"
                    ├─ rang in again and talked ─────────────────────► closes the caller's own: rang again
                    └─ somebody of the office called and talked ─────► closes it: called back

A caller who left a message is no task: the message is. Calls that ended within a moment are wrong numbers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from firmware.core.clock import Clock
from firmware.core.errors import DeviceError, UserError
from firmware.core.leg import Direction
from firmware.core.lost import LostCaller
from firmware.core.records import Journey, Outcome
from firmware.core.texts import TextSender
from firmware.store.lost_callers import LostCallerStore
from firmware.store.numbers import normalise

logger = logging.getLogger(__name__)

_LOST = frozenset({Outcome.ABANDONED, Outcome.UNANSWERED, Outcome.FAILED, Outcome.INTERRUPTED})
RANG_AGAIN, CALLED_BACK = "rang again", "called back"


class Rules(msgspec.Struct, frozen=True):
    """What counts, and what is sent; as set now."""

    country: str
    shortest_seconds: float = 5.0
    """A call shorter than this is a wrong number."""
    text: str = ""
    """What a mobile is texted; empty for nothing."""


class LostCallers:
    """Makes and closes the tasks.

    Args:
        store: Keeps them.
        rules: Returns what is set now.
        is_inside: Tells whether an address is one of the office's own phones.
        texts: Sends "we missed you"; None where no line can.
        clock: Dates the closing.
        on_changed: Told whenever the list is another than before.
    """

    def __init__(
        self,
        store: LostCallerStore,
        rules: Callable[[], Rules],
        is_inside: Callable[[str], bool],
        texts: TextSender | None,
        clock: Clock,
        on_changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store
        self._rules = rules
        self._is_inside = is_inside
        self._texts = texts
        self._clock = clock
        self._on_changed = on_changed
        self._tasks: set[asyncio.Task[None]] = set()

    def closed(self, journey: Journey) -> None:
        """Take note of a journey that is over; returns at once."""
        task = asyncio.create_task(self._look(journey), name=f"lost callers: {journey.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Wait until all is noted."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self, task: str, by: str, why: str) -> None:
        """Close a task by hand.

        Raises:
            UserError: It is closed already.
            DeviceError: The card refuses.
        """
        if not await self.store.close(task, by, why, self._clock.now().wall_ms):
            raise UserError("That caller's task is closed already.")
        self._on_changed()

    async def _look(self, journey: Journey) -> None:
        try:
            if self._is_inside(journey.line):
                await self._called_out(journey)
            elif journey.talked_ms:
                await self._done(journey.caller, "caller", RANG_AGAIN)
            elif is_lost(journey, self._rules().shortest_seconds):
                await self._lost(journey)
        except DeviceError as error:
            logger.warning("%s: a lost caller could not be noted: %s", journey.id, error)

    async def _called_out(self, journey: Journey) -> None:
        """Somebody of the office called: whoever was reached outside is called back."""
        if not journey.talked_ms:
            return
        for leg in journey.legs:
            outside = leg.direction is Direction.OUTGOING and not self._is_inside(leg.address)
            if outside and leg.answered_ms is not None:
                await self._done(leg.number, journey.line, CALLED_BACK)

    async def _done(self, number: str | None, by: str, why: str) -> None:
        key = normalise(number, self._rules().country)
        if key and await self.store.close_number(key, by, why, self._clock.now().wall_ms):
            self._on_changed()

    async def _lost(self, journey: Journey) -> None:
        rules, now = self._rules(), self._clock.now().wall_ms
        number = normalise(journey.caller, rules.country)
        task = await self.store.lost(
            LostCaller(
                id="",
                number=number,
                shown=journey.caller,
                calls=1,
                first_wall_ms=now,
                last_wall_ms=now,
                last_journey=str(journey.id),
                wanted=wanted(journey),
                why=str(journey.outcome),
            )
        )
        self._on_changed()
        if rules.text and self._texts is not None and number and not task.texted:
            await self._text(task, number, rules.text)

    async def _text(self, task: LostCaller, number: str, text: str) -> None:
        """Tell a caller that it was missed, once a task; a line that carries none is no fault."""
        if self._texts is None:
            return
        try:
            await self._texts.send(task.shown or number, text, purpose="missed call")
        except UserError as error:
            logger.info("%s is not texted: %s", task.id, error)
            return
        await self.store.texted(task.id)


def is_lost(journey: Journey, shortest_seconds: float) -> bool:
    """Tell whether a call from outside left its caller without anybody."""
    return (
        journey.outcome in _LOST
        and not journey.talked_ms
        and not journey.voicemails
        and (journey.duration_ms or 0) >= shortest_seconds * 1000
    )


def wanted(journey: Journey) -> str:
    """Return whom the caller wanted, as far as it said."""
    if journey.queue_waits:
        return journey.queue_waits[-1].queue
    return journey.called or ""
