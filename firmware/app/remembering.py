"""What routing knows of the day, kept over a restart: minutes used, turns, agents, promised calls back.

    something changed ─► a moment's pause ─► what differs from what is kept ─► the records' writer

A restart in the middle of the day neither gives a fraud its caps anew nor signs the agents out, and who
was promised a call back keeps the place.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from extensions.hunt import Tally
from extensions.queue import Mode, QueueDesk
from extensions.queue.callback import Promise
from extensions.queue.state import Waiting
from firmware.core.clock import Clock
from firmware.core.errors import DeviceError, UserError
from firmware.core.ids import CallId
from firmware.store.routing_memory import RoutingMemory
from firmware.switch.outbound.guard import Guard, Usage

if TYPE_CHECKING:
    from firmware.app.parts import Parts

logger = logging.getLogger(__name__)

_Kept = TypeVar("_Kept")

# How often it is looked whether something is to be kept: what a crash may forget at most.
LOOK_SECONDS = 2.0
# Two clocks read one after the other differ by less, unless one of them was set.
_CLOCK_WAS_SET_MS = 2000.0


class Day(msgspec.Struct):
    """One person's figures; the last talk's end on the wall clock, because the monotonic one begins anew."""

    calls: int = 0
    talk_seconds: float = 0.0
    last_ended_ms: int | None = None


class Hunted(msgspec.Struct):
    day: str = ""
    people: dict[str, Day] = {}
    last_rung: dict[str, str] = {}


class Agent(msgspec.Struct):
    paused: bool = False
    reason: str = ""


class Place(msgspec.Struct):
    """A promised call back; its time on the wall clock."""

    queue: str
    id: str
    number: str
    since_ms: int
    journey: str
    tries: int = 0
    priority: int = 0
    needs: dict[str, int] = {}
    min_tier: int = 1
    last_agent: str | None = None
    notes: tuple[str, ...] = ()


class Promises(Protocol):
    """What is needed of `extensions.queue.callback.Callbacks`."""

    def promised(self) -> list[Promise]:
        """Return who is still to be called back."""

    def restore(self, promise: Promise) -> bool:
        """Put a caller back in line; false when that can't be any more."""


class Remembering:
    """Keeps and restores.

    Args:
        memory: Where it is kept.
        guard: Minutes and cost used today.
        tally: What people have done.
        desk: Who is signed in.
        callbacks: Who is to be called back.
        clock: Tells the day.
    """

    def __init__(
        self,
        memory: RoutingMemory,
        guard: Guard,
        tally: Tally,
        desk: QueueDesk,
        callbacks: Promises,
        clock: Clock,
    ) -> None:
        self._memory = memory
        self._guard = guard
        self._tally = tally
        self._desk = desk
        self._callbacks = callbacks
        self._clock = clock
        self._kept: dict[str, str] = {}
        self._offset_ms = float("-inf")
        """The wall's milliseconds when the loop's clock was 0."""

    async def restore(self) -> None:
        """Take over what was kept; what can't be read is begun anew."""
        try:
            self._kept = await self._memory.read()
        except DeviceError as error:
            logger.warning("what routing had kept can't be read: %s", error)
            return
        usage = _read(self._kept, "guard", Usage)
        if usage is not None:
            self._guard.usage = usage
        self._restore_people(_read(self._kept, "hunted", Hunted) or Hunted())
        for number, agent in (_read(self._kept, "agents", dict[str, Agent]) or {}).items():
            try:
                self._desk.sign_in(number)
                if agent.paused:
                    self._desk.pause(number, agent.reason)
            except UserError:
                logger.info("%s is an agent no more", number)
        for place in _read(self._kept, "callbacks", list[Place]) or []:
            if not self._callbacks.restore(self._promise(place)):
                logger.warning("%s: %s can't be called back any more", place.queue, place.id)

    def snapshot(self) -> dict[str, str]:
        """Return what is to be kept now."""
        agents = {
            agent.agent: Agent(agent.mode is Mode.PAUSED, agent.reason)
            for agent in self._desk.agents()
            if agent.mode is not Mode.OUT
        }
        parts: dict[str, object] = {"guard": self._guard.usage, "hunted": self._hunted(), "agents": agents}
        parts["callbacks"] = [self._place(one) for one in self._callbacks.promised()]
        return {subject: msgspec.json.encode(value).decode() for subject, value in parts.items()}

    async def keep(self) -> None:
        """Keep what has changed since."""
        changed = {
            subject: value for subject, value in self.snapshot().items() if self._kept.get(subject) != value
        }
        if not changed:
            return
        try:
            await self._memory.write(changed)
        except DeviceError as error:
            logger.warning("routing's memory can't be kept: %s", error)
            return
        self._kept |= changed

    async def run(self) -> None:
        """Keep whatever changes, for ever; at midnight the day's counts begin anew."""
        day = self._today()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if day != self._today():
                day = self._today()
                self._tally.new_day()
            await self.keep()

    def _today(self) -> str:
        return (
            datetime.datetime.fromtimestamp(self._clock.now().wall_ms / 1000).astimezone().date().isoformat()
        )

    def _wall_ms(self, loop_seconds: float) -> int:
        """Return a moment of the loop's clock on the wall's; always the same unless it was set."""
        offset = self._clock.now().wall_ms - asyncio.get_running_loop().time() * 1000
        if abs(offset - self._offset_ms) > _CLOCK_WAS_SET_MS:
            self._offset_ms = offset
        return round(loop_seconds * 1000 + self._offset_ms)

    def _place(self, promise: Promise) -> Place:
        waiting = promise.waiting
        return Place(
            promise.queue,
            waiting.id,
            waiting.number or "",
            self._wall_ms(waiting.since),
            promise.journey,
            promise.tries,
            waiting.priority,
            waiting.needs,
            waiting.min_tier,
            waiting.last_agent,
            waiting.notes,
        )

    def _promise(self, place: Place) -> Promise:
        now = asyncio.get_running_loop().time()
        waited = max(0.0, (self._clock.now().wall_ms - place.since_ms) / 1000)
        waiting = Waiting(
            place.id,
            place.number,
            now - waited,
            now,
            place.priority,
            place.needs,
            min_tier=place.min_tier,
            last_agent=place.last_agent,
            callback=True,
            notes=place.notes,
        )
        return Promise(place.queue, waiting, CallId(place.journey), place.tries)

    def _hunted(self) -> Hunted:
        people = {
            number: Day(
                figures.calls,
                figures.talk_seconds,
                None if figures.last_ended == float("-inf") else self._wall_ms(figures.last_ended),
            )
            for number, figures in self._tally.everybody().items()
        }
        return Hunted(self._today(), people, dict(self._tally.last))

    def _restore_people(self, hunted: Hunted) -> None:
        wall, loop = self._clock.now().wall_ms, asyncio.get_running_loop().time()
        same_day = hunted.day == self._today()
        self._tally.last.update(hunted.last_rung)
        for number, day in hunted.people.items():
            figures = self._tally.of(number)
            if same_day:
                figures.calls, figures.talk_seconds = day.calls, day.talk_seconds
            if day.last_ended_ms is not None:
                figures.last_ended = loop - max(0.0, (wall - day.last_ended_ms) / 1000)


def _read(kept: dict[str, str], subject: str, kind: type[_Kept]) -> _Kept | None:
    """Return what was kept of a subject; None when nothing was, or nothing that can be read."""
    try:
        return msgspec.json.decode(kept[subject], type=kind) if subject in kept else None
    except msgspec.MsgspecError as error:
        logger.warning("what was kept of %s can't be read: %s", subject, error)
        return None


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Restore what was kept and keep what changes."""
    routing = parts.routing
    memory = RoutingMemory(parts.store)
    remembering = Remembering(
        memory, parts.outbound.guard, routing.tally, routing.desk, routing.callbacks, parts.clock
    )
    await remembering.restore()
    task = asyncio.create_task(remembering.run(), name="routing's memory")

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await remembering.keep()

    running.push_async_callback(stop)
