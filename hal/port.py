"""A serial port kept open for a sans-IO core: the thin asyncio adapter of every device on a wire.

Theory of operation
-------------------
    (closed) ──open──► serving ──gone, or given up──► (closed, REOPEN_PAUSE) ──► open again

One task keeps the port open: by its lasting name (the by-id symlink, never ttyUSBn), under whatever number
the device came back. Bytes and timers go into the core as they come; after each, `pump` writes what the core
wants written, arms one timer and has the owner deliver the events. A bug in the core costs its device a new
start, and nobody else anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

import serial
from serial_asyncio_fast import create_serial_connection

logger = logging.getLogger(__name__)

REOPEN_PAUSE = 0.5
"""Seconds between attempts to open the port."""
BAUD_RATE = 115_200
"""Of a UART HAT and of a voice modem; USB modems don't care."""

Opener = Callable[[str, asyncio.Protocol], Awaitable[asyncio.Transport]]


async def open_serial(device: str, protocol: asyncio.Protocol) -> asyncio.Transport:
    """Open a serial port raw, 8N1, for ourselves alone.

    Raises:
        OSError: It is missing or somebody else has it.
    """
    transport, _ = await create_serial_connection(
        asyncio.get_running_loop(), lambda: protocol, device, baudrate=BAUD_RATE, exclusive=True
    )
    port: asyncio.Transport = transport
    return port


class Core(Protocol):
    """What a port is kept open for. All times are seconds, monotonic."""

    def opened(self, now: float) -> None:
        """The port is open; nothing is known about what is behind it."""

    def absent(self, reason: str, now: float) -> None:
        """The port couldn't be opened."""

    def lost(self, reason: str, now: float) -> None:
        """The port is gone, or was given up."""

    def receive_data(self, data: bytes, now: float) -> None: ...

    def handle_timer(self, now: float) -> None: ...

    def data_to_send(self) -> bytes: ...

    def get_timer(self) -> float | None: ...


class KeptPort:
    """One port with its core.

    Args:
        name: For the log.
        device: By a name that lasts across re-plugging.
        core: Is fed.
        deliver: Called after each step of the core, for its events; must not raise.
        opener: Opens the port; tests hand in wires of their own.
        noun: What an installer calls the device.
    """

    def __init__(
        self,
        name: str,
        device: str,
        core: Core,
        deliver: Callable[[], None],
        opener: Opener = open_serial,
        noun: str = "modem",
    ) -> None:
        self.device = device
        self.is_there = False
        """Whether the port could be opened last, and hasn't vanished since; whatever answers there."""
        self._name = name
        self._core = core
        self._deliver = deliver
        self._opener = opener
        self._noun = noun
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._gone: asyncio.Future[str] | None = None

    @property
    def running(self) -> bool:
        """Whether `start` was called and `stop` wasn't."""
        return self._task is not None

    def start(self) -> None:
        """Begin to keep the port open. Repeating it does nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep_open(), name=f"port of {self._name}")

    async def stop(self) -> None:
        """Let go of the port. Repeatable."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def give_up(self, reason: str) -> None:
        """Close the port and open it again after a pause."""
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(reason)

    def pump(self) -> None:
        """Write, arm the timer, deliver."""
        data = self._core.data_to_send()
        if data and self._transport is not None:
            self._transport.write(data)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (when := self._core.get_timer()) is not None:
            self._timer = asyncio.get_running_loop().call_at(when, self._wake)
        self._deliver()

    def feed(self, data: bytes) -> None:
        """Take bytes from the port."""
        if self._transport is not None:
            self._guarded(lambda now: self._core.receive_data(data, now))

    async def _keep_open(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                reason = await self._serve_once(loop)
                logger.debug("%s: %s", self._name, reason)
                await asyncio.sleep(REOPEN_PAUSE)
        finally:
            self._core.lost("stopped", loop.time())
            self.pump()

    async def _serve_once(self, loop: asyncio.AbstractEventLoop) -> str:
        """Open the port and serve it until it dies; return why."""
        gone: asyncio.Future[str] = loop.create_future()
        self._gone = gone
        try:
            self._transport = await self._opener(self.device, _Port(self, gone, f"the {self._noun} vanished"))
        except (OSError, serial.SerialException) as error:
            self.is_there = False
            missing = isinstance(error, FileNotFoundError) or getattr(error, "errno", None) == 2
            why = f"no {self._noun} is plugged in" if missing else f"the {self._noun}'s port can't be opened"
            self._core.absent(why, loop.time())
            self.pump()
            return f"{why}: {error}"
        self.is_there = True
        try:
            self._core.opened(loop.time())
            self.pump()
            reason = await gone
        finally:
            # pyserial-asyncio takes a second close for an error.
            if not self._transport.is_closing():
                self._transport.abort()
            self._transport = None
        self._core.lost(reason, loop.time())
        self.pump()
        return reason

    def _wake(self) -> None:
        self._timer = None
        self._guarded(self._core.handle_timer)

    def _guarded(self, step: Callable[[float], None]) -> None:
        try:
            step(asyncio.get_running_loop().time())
        except Exception:
            logger.exception("%s: the driver failed; opening the port anew", self._name)
            self.give_up("the driver failed")
            return
        self.pump()


class _Port(asyncio.Protocol):
    """Carries one opened port's bytes to its keeper, and its end."""

    def __init__(self, keeper: KeptPort, gone: asyncio.Future[str], vanished: str) -> None:
        self._keeper = keeper
        self._gone = gone
        self._vanished = vanished

    def data_received(self, data: bytes) -> None:
        if not self._gone.done():
            self._keeper.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._gone.done():
            self._keeper.is_there = False
            self._gone.set_result(self._vanished)
