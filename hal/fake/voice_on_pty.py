"""A fake voice modem within reach of the firmware: its one port as a pty, driven by asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from hal.fake.network import FakeMobileNetwork
from hal.fake.pty_port import PtyPort
from hal.fake.schedule import Schedule
from hal.fake.voice_modem import FakeVoiceModem, VoiceQuirks


class VoiceModemOnPty:
    """One telephone line with one voice modem, running in this event loop.

    Args:
        link: Lasting name of the port.
        quirks: What this specimen is.
    """

    def __init__(self, link: Path, quirks: VoiceQuirks | None = None) -> None:
        self.schedule = Schedule()
        self.network = FakeMobileNetwork(self.schedule)
        self.modem = FakeVoiceModem(self.network, quirks)
        self.port = PtyPort(link)
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Plug in and power on, within the running loop."""
        self._loop = asyncio.get_running_loop()
        self.schedule.now = self._loop.time()
        self.port.plug()
        self._loop.add_reader(self.port.fileno, self._read)
        self.act(self.modem.power_on)

    def stop(self) -> None:
        """Unplug."""
        if self._loop is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self.port.fileno)
        self._loop = None
        self.modem.power_off()
        self.port.close()

    def act(self, action: Callable[[], object]) -> None:
        """Do something to network or modem, at the present moment, and send what comes of it."""
        self._advance()
        action()
        self._flush()

    def _advance(self) -> None:
        if self._loop is not None:
            self.schedule.handle_timer(self._loop.time())

    def _flush(self) -> None:
        if data := self.modem.data_to_send():
            self.port.write(data)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._loop is not None and (when := self.schedule.get_timer()) is not None:
            self._timer = self._loop.call_at(when, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.act(lambda: None)

    def _read(self) -> None:
        data = self.port.read()
        self.act(lambda: self.modem.receive_data(data))
