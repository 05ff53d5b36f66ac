"""Drives the sans-IO agent on an asyncio loop: one timer, packets out, events up.

    with driver.turn() as now:        every use of the agent is a turn
        call.answer(sdp, now)
    ─► packets are sent, events are told, the timer is armed for agent.get_timer()

Turns nest: an event's receiver may take a turn of its own; the outermost does the sending.
"""

from __future__ import annotations

import abc
import asyncio
import logging
from collections.abc import Callable

from extensions.sip.agent import Agent
from extensions.sip.events import Event
from extensions.sip.flow import Flow

logger = logging.getLogger(__name__)


class _Turn:
    """The `with` block of a turn; one object serves all, also nested, since the driver counts them."""

    __slots__ = ("_driver",)

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def __enter__(self) -> float:
        return self._driver._begin()

    def __exit__(self, *_: object) -> None:
        self._driver._end()


class Driver(abc.ABC):
    """One agent on the running loop; subclasses carry the packets.

    Args:
        agent: The core.
        on_event: Told every event, within the turn that caused it.
    """

    def __init__(self, agent: Agent, on_event: Callable[[Event], None]) -> None:
        self.agent = agent
        self._on_event = on_event
        self._depth = 0
        self._turn = _Turn(self)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: float | None = None

    @abc.abstractmethod
    def send(self, data: bytes, flow: Flow) -> None:
        """Put a packet on the wire; one that can't be sent is lost, as any packet may be."""

    @abc.abstractmethod
    async def connect(self, host: str, port: int, transport: str) -> Flow:
        """Return a flow to a peer we address first.

        Raises:
            OSError: It can't be reached.
        """

    @abc.abstractmethod
    async def start(self) -> None:
        """Open the sockets.

        Raises:
            OSError: The address can't be bound.
        """

    @abc.abstractmethod
    async def close(self) -> None:
        """Close the sockets and the timer."""

    def turn(self) -> _Turn:
        """Use the agent: `with driver.turn() as now`; does afterwards what the agent wants done."""
        return self._turn

    def _begin(self) -> float:
        self._depth += 1
        return self._loop_time()

    def _end(self) -> None:
        try:
            if self._depth == 1:
                self._drain()
                self._arm()
        finally:
            self._depth -= 1

    def _loop_time(self) -> float:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop.time()

    def _drain(self) -> None:
        agent = self.agent
        while True:
            packets, events = agent.take_packets(), agent.take_events()
            if not packets and not events:
                return
            for data, flow in packets:
                self.send(data, flow)
            for event in events:
                try:
                    self._on_event(event)
                except Exception:
                    agent.counters["bugs"] += 1
                    logger.exception("an event met a bug: %s", type(event).__name__)

    def _arm(self) -> None:
        deadline = self.agent.get_timer()
        if deadline == self._armed_for:
            return
        self._disarm()
        if deadline is not None:
            self._armed_for = deadline
            self._timer = asyncio.get_running_loop().call_at(deadline, self._wake)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._armed_for = None

    def _wake(self) -> None:
        self._timer = self._armed_for = None
        with self.turn() as now:
            self.agent.handle_timer(now)
