"""A fake modem within reach of the firmware: its AT port and its PCM port as ptys, driven by asyncio.

`FakeModem` and its network stay sans-IO; this adapter carries their bytes and runs their schedule. The PCM
port has a thread of its own (`PcmPump`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from hal.fake.dialects import SIM7600, Dialect
from hal.fake.modem import FakeModem, Quirks
from hal.fake.network import FakeCall, FakeMobileNetwork, PartyScript
from hal.fake.pcm_pump import PcmPump
from hal.fake.pty_port import PtyPort
from hal.fake.schedule import Schedule
from hal.fake.sim_card import SimCard

RESTART_SECONDS = 1.0
"""How long the USB device is away after AT+CRESET; a real one takes 10 to 20."""


class ModemOnPtys:
    """One network with one modem, running in this event loop.

    Args:
        at_link: Lasting name of the AT port.
        pcm_link: Lasting name of the PCM port.
        sim: The card; None for one without a PIN.
        quirks: What this specimen does wrong.
        dialect: Which model it is.
    """

    def __init__(
        self,
        at_link: Path,
        pcm_link: Path,
        sim: SimCard | None = None,
        quirks: Quirks | None = None,
        dialect: Dialect = SIM7600,
    ) -> None:
        self.schedule = Schedule()
        self.network = FakeMobileNetwork(self.schedule)
        self.modem = FakeModem(self.network, sim, quirks, dialect)
        self.modem.on_restart = self._restarts
        self.at = PtyPort(at_link)
        self.pcm = PtyPort(pcm_link)
        self.pump = PcmPump(self.modem, self.pcm)
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Plug in and power on, within the running event loop."""
        self._loop = asyncio.get_running_loop()
        self.schedule.now = self._loop.time()
        self.pump.start()
        self.plug()

    def stop(self) -> None:
        """Power off, unplug, end the thread. Repeatable."""
        if self._loop is None:
            return
        self.unplug()
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()
        self.pump.stop()
        self.at.close()
        self.pcm.close()

    def plug(self) -> None:
        """Appear, under new device numbers, and boot. Does nothing when plugged in."""
        if self._loop is None or self.at.fileno >= 0:
            return
        with self.pump.lock:
            self.pcm.plug()
        self.at.plug()
        self._loop.add_reader(self.at.fileno, self._read)
        self.act(self.modem.power_on)

    def unplug(self) -> None:
        """Vanish in the middle of whatever goes on. Does nothing when unplugged."""
        if self._loop is None or self.at.fileno < 0:
            return
        self._loop.remove_reader(self.at.fileno)
        self.act(self.modem.power_off)
        self.at.unplug()
        with self.pump.lock:
            self.pcm.unplug()

    def call(self, script: PartyScript) -> FakeCall:
        """Have a party dial the modem.

        Raises:
            AudioError: Something of the script can't be played or written.
        """
        self._advance()
        call = self.network.call(script)
        self.flush()
        return call

    def disturb(self, data: bytes) -> None:
        """Have the AT port say something no modem should."""
        self.at.write(data)

    def act(self, action: Callable[[], None]) -> None:
        """Do something to network or modem, at the present moment, and send what comes of it."""
        self._advance()
        action()
        self.flush()

    def flush(self) -> None:
        """Send what the modem wants to say and arm the timer."""
        if data := self.modem.data_to_send():
            self.at.write(data)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._loop is not None and (when := self.schedule.get_timer()) is not None:
            self._timer = self._loop.call_at(when, self._wake)

    def _advance(self) -> None:
        if self._loop is not None:
            self.schedule.handle_timer(self._loop.time())

    def _wake(self) -> None:
        self._timer = None
        self._advance()
        self.flush()

    def _read(self) -> None:
        data = self.at.read()
        self._advance()
        self.modem.receive_data(data)
        self.flush()

    def _restarts(self) -> None:
        """The modem was told to restart: its ports go away for a while."""
        if self._loop is not None:
            self._loop.call_soon(self.unplug)
            self._loop.call_later(RESTART_SECONDS, self.plug)
