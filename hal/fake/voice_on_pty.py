"""A fake voice modem within reach of the firmware: its one port as a pty, driven by asyncio."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hal.fake.pty_port import PtyPort
from hal.fake.voice_modem import FakeVoiceModem, VoiceQuirks
from hal.fake.world import World


class VoiceModemOnPty(World):
    """One telephone line with one voice modem.

    Args:
        link: Lasting name of the port.
        quirks: What this specimen is.
    """

    def __init__(self, link: Path, quirks: VoiceQuirks | None = None) -> None:
        super().__init__()
        self.modem = FakeVoiceModem(self.network, quirks)
        self.port = PtyPort(link)

    def start(self) -> None:
        """Plug in and power on, within the running loop."""
        self._begin()
        self.plug()

    def stop(self) -> None:
        """Unplug. Repeatable."""
        if self._loop is None:
            return
        self.unplug()
        self._end()
        self.port.close()

    @property
    def plugged(self) -> bool:
        return self.port.fileno >= 0

    @property
    def quirks(self) -> VoiceQuirks:
        return self.modem.quirks

    def plug(self) -> None:
        """Appear, under a new device number, and boot. Does nothing when plugged in."""
        if self._loop is None or self.plugged:
            return
        self.port.plug()
        self._loop.add_reader(self.port.fileno, self._read)
        self.act(self.modem.power_on)

    def unplug(self) -> None:
        if self._loop is None or not self.plugged:
            return
        self._loop.remove_reader(self.port.fileno)
        self.act(self.modem.power_off)
        self.port.unplug()

    def commands(self) -> list[tuple[float, str]]:
        return list(self.modem.history)

    def figures(self) -> Mapping[str, object]:
        return {"audio": self.modem.off_hook, "lost_bytes": self.port.lost_bytes}

    def settle(self) -> None:
        self.modem.settle()

    def _send(self) -> None:
        if data := self.modem.data_to_send():
            self.port.write(data)

    def _read(self) -> None:
        data = self.port.read()
        self.act(lambda: self.modem.receive_data(data))
