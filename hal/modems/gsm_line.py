"""A GSM modem on a serial port as a `hal.line.MessagingLine`: `SerialLine` and what only such a modem can."""

from __future__ import annotations

from hal.modems.driver import GsmDriver
from hal.modems.model import Model
from hal.modems.places import Places
from hal.port import Opener, open_serial
from hal.serial_line import SerialLine


class GsmLine(SerialLine):
    """One GSM line. Fulfils `hal.line.MessagingLine`.

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
        self._driver = driver = GsmDriver(name, model, audio_device, pin, imei)
        places = Places(device, audio_device, opener, lambda: driver.wrong_modem, driver.audio_is_at)
        super().__init__(name, device, driver, places.open)

    def give_pin(self, pin: str) -> None:
        """Have the SIM's PIN be this one. It is tried soon if the SIM asks, never as the last attempt."""
        self._driver.give_pin(pin)

    async def refuse_waiting(self) -> None:
        """See `hal.line.WaitingLine`."""
        await self._command(self._driver.refuse_waiting)

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
