"""A GSM modem on a serial port as a `hal.line.Line`: the thin asyncio adapter around `GsmDriver`.

Theory of operation
-------------------
One task keeps the port open: open by its lasting name (the by-id symlink, never ttyUSBn), hand the bytes to
the core, and when the port dies or the core gives it up, close it, wait `REOPEN_PAUSE` and open again, under
whatever number the modem came back. Bytes and timers go into the core as they come; after each, `_pump`
writes what the core wants written, arms one timer and delivers the events.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable

import serial
from serial_asyncio_fast import create_serial_connection

from hal.line import LineError, LineEvent, LineListener, LineState, Verdict
from hal.modems.driver import GsmDriver, Reopen, Settled
from hal.modems.model import Model

logger = logging.getLogger(__name__)

REOPEN_PAUSE = 0.5
"""Seconds between attempts to open the port."""
STOP_PATIENCE = 3.0
"""Seconds a call may take to be hung up when the firmware stops."""
BAUD_RATE = 115_200
"""Of a UART HAT; USB modems don't care."""

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


class GsmLine:
    """One GSM line. Fulfils `hal.line.MessagingLine`.

    Args:
        name: As in the board's profile.
        device: The AT port, by a name that lasts across re-plugging.
        audio_device: The PCM port, likewise.
        model: The modem's profile.
        pin: The SIM's PIN, or None.
        opener: Opens the AT port; tests hand in wires of their own.
    """

    def __init__(
        self,
        name: str,
        device: str,
        audio_device: str,
        model: Model,
        pin: str | None = None,
        opener: Opener = open_serial,
    ) -> None:
        self.name = name
        self.state = LineState.DOWN
        self.detail = "not started"
        self._device = device
        self._opener = opener
        self._driver = GsmDriver(name, model, audio_device, pin)
        self._listeners: list[LineListener] = []
        self._tickets = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._gone: asyncio.Future[str] | None = None

    def __repr__(self) -> str:
        return f"<GsmLine {self.name} {self.state.value}>"

    @property
    def refused_lines(self) -> int:
        """Lines from the modem that were too long, since the start."""
        return self._driver.refused_lines

    def checkup(self) -> tuple[Verdict, ...]:
        """See `hal.line.Line`."""
        return self._driver.checkup()

    # The contract

    async def start(self) -> None:
        """Begin to keep the line alive; returns at once. Repeating it does nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep_open(), name=f"line {self.name}")

    async def stop(self) -> None:
        """End the call, if any, and let go of the device."""
        if self._task is None:
            return
        if self.state is LineState.IN_CALL:
            try:
                async with asyncio.timeout(STOP_PATIENCE):
                    await self.hang_up()
            except TimeoutError:
                logger.warning("%s: the call didn't end in time", self.name)
        task, self._task = self._task, None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def subscribe(self, listener: LineListener) -> Callable[[], None]:
        """Have `listener` called on every event; the returned function ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    async def answer(self) -> None:
        """See `hal.line.Line`."""
        await self._command(self._driver.answer)

    async def dial(self, number: str, *, emergency: bool = False) -> None:
        """See `hal.line.Line`."""
        await self._command(lambda ticket, now: self._driver.dial(ticket, number, now, emergency=emergency))

    async def hang_up(self) -> None:
        """See `hal.line.Line`."""
        await self._command(self._driver.hang_up)

    async def send_digits(self, digits: str) -> None:
        """See `hal.line.Line`."""
        await self._command(lambda ticket, now: self._driver.send_digits(ticket, digits, now))

    async def send_sms(self, key: str, number: str, text: str, parts_done: int = 0) -> None:
        """See `hal.line.MessagingLine`."""
        await self._command(
            lambda ticket, now: self._driver.send_sms(ticket, key, number, text, parts_done, now)
        )

    async def sms_stored(self, ident: str) -> None:
        """See `hal.line.MessagingLine`."""
        await self._command(lambda ticket, now: self._driver.sms_stored(ticket, ident, now))

    async def send_ussd(self, text: str) -> None:
        """See `hal.line.MessagingLine`."""
        await self._command(lambda ticket, now: self._driver.send_ussd(ticket, text, now))

    async def cancel_ussd(self) -> None:
        """See `hal.line.MessagingLine`."""
        await self._command(self._driver.cancel_ussd)

    # Inside

    async def _command(self, give: Callable[[int, float], None]) -> None:
        ticket = next(self._tickets)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting[ticket] = done
        try:
            give(ticket, loop.time())
            self._pump()
            await done
        finally:
            self._waiting.pop(ticket, None)

    async def _keep_open(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                reason = await self._serve_once(loop)
                logger.debug("%s: %s", self.name, reason)
                await asyncio.sleep(REOPEN_PAUSE)
        finally:
            self._driver.lost("stopped", loop.time())
            self._pump()

    async def _serve_once(self, loop: asyncio.AbstractEventLoop) -> str:
        """Open the port and serve it until it dies; return why."""
        gone: asyncio.Future[str] = loop.create_future()
        self._gone = gone
        try:
            self._transport = await self._opener(self._device, _Port(self, gone))
        except (OSError, serial.SerialException) as error:
            missing = isinstance(error, FileNotFoundError) or getattr(error, "errno", None) == 2
            why = "no modem is plugged in" if missing else "the modem's port can't be opened"
            self._driver.absent(why, loop.time())
            self._pump()
            return f"{why}: {error}"
        try:
            self._driver.opened(loop.time())
            self._pump()
            reason = await gone
        finally:
            # pyserial-asyncio takes a second close for an error.
            if not self._transport.is_closing():
                self._transport.abort()
            self._transport = None
        self._driver.lost(reason, loop.time())
        self._pump()
        return reason

    def feed(self, data: bytes) -> None:
        """Take bytes from the port."""
        if self._transport is None:
            return
        self._guarded(lambda now: self._driver.receive_data(data, now))

    def _wake(self) -> None:
        self._timer = None
        self._guarded(self._driver.handle_timer)

    def _guarded(self, step: Callable[[float], None]) -> None:
        """Run a step of the core; a bug in it costs this modem a new start, and nobody else anything."""
        try:
            step(asyncio.get_running_loop().time())
        except Exception:
            logger.exception("%s: the driver failed; opening the port anew", self.name)
            self._give_up("the driver failed")
            return
        self._pump()

    def _give_up(self, reason: str) -> None:
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(reason)

    def _pump(self) -> None:
        """Write, arm the timer, deliver."""
        self.state, self.detail = self._driver.state, self._driver.detail
        data = self._driver.data_to_send()
        if data and self._transport is not None:
            self._transport.write(data)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (when := self._driver.get_timer()) is not None:
            self._timer = asyncio.get_running_loop().call_at(when, self._wake)
        while (event := self._driver.next_event()) is not None:
            match event:
                case Settled(ticket, error):
                    self._settle(ticket, error)
                case Reopen(reason):
                    self._give_up(reason)
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


class _Port(asyncio.Protocol):
    """Carries one opened port's bytes to the line, and its end."""

    def __init__(self, line: GsmLine, gone: asyncio.Future[str]) -> None:
        self._line = line
        self._gone = gone

    def data_received(self, data: bytes) -> None:
        if not self._gone.done():
            self._line.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._gone.done():
            self._gone.set_result("the modem vanished")
