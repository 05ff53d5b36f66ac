"""A fake modem within reach of the firmware: its AT port and its PCM port as ptys, driven by asyncio.

`FakeModem` and its network stay sans-IO; this adapter carries their bytes and runs their schedule. The PCM
port has a thread of its own (`PcmPump`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hal.fake.dialects import SIM7600, Dialect
from hal.fake.modem import FakeModem
from hal.fake.pcm_pump import PcmPump
from hal.fake.pty_port import PtyPort
from hal.fake.quirks import Quirks
from hal.fake.sim_card import SimCard
from hal.fake.world import World

RESTART_SECONDS = 1.0
"""How long the USB device is away after AT+CRESET; a real one takes 10 to 20."""


class ModemOnPtys(World):
    """One network with one modem.

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
        super().__init__()
        self.modem = FakeModem(self.network, sim, quirks, dialect)
        self.modem.on_restart = self._restarts
        self.at = PtyPort(at_link)
        self.pcm = PtyPort(pcm_link)
        self.pump = PcmPump(self.modem, self.pcm)

    def start(self) -> None:
        """Plug in and power on, within the running event loop."""
        self._begin()
        self.pump.start()
        self.plug()

    def stop(self) -> None:
        """Power off, unplug, end the thread. Repeatable."""
        if self._loop is None:
            return
        self.unplug()
        self._end()
        self.pump.stop()
        self.at.close()
        self.pcm.close()

    @property
    def plugged(self) -> bool:
        return self.at.fileno >= 0

    @property
    def quirks(self) -> Quirks:
        return self.modem.quirks

    def plug(self) -> None:
        """Appear, under new device numbers, and boot. Does nothing when plugged in."""
        if self._loop is None or self.plugged:
            return
        with self.pump.lock:
            self.pcm.plug()
        self.at.plug()
        self._loop.add_reader(self.at.fileno, self._read)
        self.act(self.modem.power_on)

    def unplug(self) -> None:
        if self._loop is None or not self.plugged:
            return
        self._loop.remove_reader(self.at.fileno)
        self.act(self.modem.power_off)
        self.at.unplug()
        with self.pump.lock:
            self.pcm.unplug()

    def commands(self) -> list[tuple[float, str]]:
        return list(self.modem.history)

    def figures(self) -> Mapping[str, object]:
        return {
            "audio": self.modem.audio_on,
            "underruns": self.pump.buffer.underruns,
            "dropped_bytes": self.pump.buffer.dropped_bytes,
        }

    def settle(self) -> None:
        self.pump.settle()

    def disturb(self, data: bytes) -> None:
        """Have the AT port say something no modem should."""
        self.at.write(data)

    def _send(self) -> None:
        if data := self.modem.data_to_send():
            self.at.write(data)

    def _read(self) -> None:
        data = self.at.read()
        self.act(lambda: self.modem.receive_data(data))

    def _restarts(self) -> None:
        """The modem was told to restart: its ports go away for a while."""
        if self._loop is not None:
            self._loop.call_soon(self.unplug)
            self._loop.call_later(RESTART_SECONDS, self.plug)
