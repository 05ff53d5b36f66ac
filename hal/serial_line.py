"""A phone line whose driver is a sans-IO core on a serial port: tickets, listeners, and nothing else.

The port is kept open by `hal.port`; the core (`Driver`) does the line's work. A command gets a ticket, and is
over when the core has settled it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import logging
from collections.abc import Callable
from typing import Protocol

from hal.line import LineError, LineEvent, LineListener, LineState, Verdict
from hal.port import Core, KeptPort, Opener, open_serial

logger = logging.getLogger(__name__)

STOP_PATIENCE = 3.0
"""Seconds a call may take to be hung up when the firmware stops."""


@dataclasses.dataclass(frozen=True)
class Settled:
    """A command has come to its end."""

    ticket: int
    error: str | None
    """Why it failed; None when it succeeded."""


@dataclasses.dataclass(frozen=True)
class Reopen:
    """The device is dead to us: close the port and open it again."""

    reason: str


DriverEvent = LineEvent | Settled | Reopen


class Driver(Core, Protocol):
    """The core of one line."""

    state: LineState
    detail: str

    @property
    def refused_lines(self) -> int: ...

    def checkup(self) -> tuple[Verdict, ...]: ...

    def answer(self, ticket: int, now: float) -> None: ...

    def dial(self, ticket: int, number: str, now: float, *, emergency: bool = False) -> None: ...

    def hang_up(self, ticket: int, now: float) -> None: ...

    def send_digits(self, ticket: int, digits: str, now: float) -> None: ...

    def next_event(self) -> DriverEvent | None: ...


class SerialLine:
    """One line. Fulfils `hal.line.Line`.

    Args:
        name: As in the board's profile.
        device: The port, by a name that lasts across re-plugging.
        driver: The core.
        opener: Opens the port; tests hand in wires of their own.
    """

    def __init__(self, name: str, device: str, driver: Driver, opener: Opener = open_serial) -> None:
        self.name = name
        self.state = LineState.DOWN
        self.detail = "not started"
        self._core = driver
        self._listeners: list[LineListener] = []
        self._tickets = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._kept = KeptPort(name, device, driver, self._take_events, opener)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {self.state.value}>"

    @property
    def refused_lines(self) -> int:
        """Lines from the device that were too long, since the start."""
        return self._core.refused_lines

    @property
    def has_device(self) -> bool:
        """See `hal.line.RestartableLine`."""
        return self._kept.is_there

    def checkup(self) -> tuple[Verdict, ...]:
        """See `hal.line.Line`."""
        return self._core.checkup()

    async def start(self) -> None:
        """Begin to keep the line alive; returns at once. Repeating it does nothing."""
        self._kept.start()

    async def stop(self) -> None:
        """End the call, if any, and let go of the device."""
        if not self._kept.running:
            return
        if self.state is LineState.IN_CALL:
            try:
                async with asyncio.timeout(STOP_PATIENCE):
                    await self.hang_up()
            except TimeoutError:
                logger.warning("%s: the call didn't end in time", self.name)
        await self._kept.stop()

    def subscribe(self, listener: LineListener) -> Callable[[], None]:
        """Have `listener` called on every event; the returned function ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    async def answer(self) -> None:
        """See `hal.line.Line`."""
        await self._command(self._core.answer)

    async def dial(self, number: str, *, emergency: bool = False) -> None:
        """See `hal.line.Line`."""
        await self._command(lambda ticket, now: self._core.dial(ticket, number, now, emergency=emergency))

    async def hang_up(self) -> None:
        """See `hal.line.Line`."""
        await self._command(self._core.hang_up)

    async def send_digits(self, digits: str) -> None:
        """See `hal.line.Line`."""
        await self._command(lambda ticket, now: self._core.send_digits(ticket, digits, now))

    async def _command(self, give: Callable[[int, float], None]) -> None:
        ticket = next(self._tickets)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting[ticket] = done
        try:
            give(ticket, loop.time())
            self._kept.pump()
            await done
        finally:
            self._waiting.pop(ticket, None)

    def _take_events(self) -> None:
        self.state, self.detail = self._core.state, self._core.detail
        while (event := self._core.next_event()) is not None:
            match event:
                case Settled(ticket, error):
                    self._settle(ticket, error)
                case Reopen(reason):
                    self._kept.give_up(reason)
                case _:
                    self._deliver(event)

    def _settle(self, ticket: int, error: str | None) -> None:
        done = self._waiting.get(ticket)
        if done is None or done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(LineError(error))

    def _deliver(self, event: LineEvent) -> None:
        for listener in list(self._listeners):
            try:
                listener(event)
            except Exception:
                logger.exception("%s: a listener failed on %s", self.name, type(event).__name__)
