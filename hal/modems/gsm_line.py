"""A GSM modem on a serial port as a `hal.line.MessagingLine`: `SerialLine` and what only such a modem can."""

from __future__ import annotations

import asyncio
import contextlib

from hal.line import LineError
from hal.modems.driver import GsmDriver
from hal.modems.model import Model
from hal.modems.places import Places
from hal.port import Opener, open_serial
from hal.serial_line import STOP_PATIENCE, SerialLine


class GsmLine(SerialLine):
    """One GSM line. Fulfils `hal.line.MessagingLine`, `HoldingLine` and `RestartableLine`.

    Args:
        name: As in the board's profile.
        device: The AT port, by a name that lasts across re-plugging, or a pattern (places.py).
        audio_device: The PCM port, likewise.
        model: The modem's profile.
        pin: The SIM's PIN, or None.
        opener: Opens the AT port; tests hand in wires of their own.
        imei: Of the one modem that is this line's; empty for whichever is there.
    """

    def __init__(
        self,
        name: str,
        device: str,
        audio_device: str,
        model: Model,
        pin: str | None = None,
        opener: Opener = open_serial,
        imei: str = "",
    ) -> None:
        self._model = model
        self._driver = driver = GsmDriver(name, model, audio_device, pin, imei)
        places = Places(device, audio_device, opener, lambda: driver.wrong_modem, driver.audio_is_at)
        super().__init__(name, device, driver, places.open)

    async def stop(self) -> None:
        """End the calls, if any, and let go of the device."""
        with contextlib.suppress(TimeoutError, LineError):
            async with asyncio.timeout(STOP_PATIENCE):
                await self.hang_up_held()
        await super().stop()

    def give_pin(self, pin: str) -> None:
        """Have the SIM's PIN be this one. It is tried soon if the SIM asks, never as the last attempt."""
        self._driver.give_pin(pin)

    async def restart(self, reason: str) -> None:
        """See `hal.line.RestartableLine`."""
        await self._command(lambda ticket, now: self._driver.restart(ticket, reason, now))

    async def refuse_waiting(self) -> None:
        """See `hal.line.WaitingLine`."""
        await self._command(self._driver.refuse_waiting)

    @property
    def can_hold(self) -> bool:
        return self._model.call.hold

    @property
    def can_join(self) -> bool:
        return self._model.call.multiparty

    async def swap(self) -> None:
        """See `hal.line.HoldingLine`."""
        await self._command(self._driver.swap)

    async def join(self) -> None:
        """See `hal.line.HoldingLine`."""
        await self._command(self._driver.join)

    async def split(self) -> None:
        """See `hal.line.HoldingLine`."""
        await self._command(self._driver.split)

    async def hang_up_held(self) -> None:
        """See `hal.line.HoldingLine`."""
        await self._command(self._driver.hang_up_held)

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
