"""Where a modem is: one port by its name, or, for one of several equal modems, any port of a pattern.

    at = "/dev/zongji/usb-*-at", pcm = "/dev/zongji/usb-*-pcm", imei = "860000000000001"

What stands for the `*` (a USB port's path, "1-1.2") pairs the two ports of one modem. Which port has the
right one only the modem can tell, so the ports are tried in turn until the IMEI is the line's (`GsmDriver`).
A port that another line has open is locked and passed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import serial

from hal.port import Opener

ANY = "*"


class Places:
    """The ports of one line's modem.

    Args:
        at: The AT port, or a pattern with one `*`.
        pcm: The audio device; a `*` stands for the same as in `at`.
        opener: Opens one port.
        wrong: Whether the modem opened last was another one than the line's.
        found: Told where the audio of the opened modem is.
    """

    def __init__(
        self, at: str, pcm: str, opener: Opener, wrong: Callable[[], bool], found: Callable[[str], None]
    ) -> None:
        self._at = at
        self._pattern = Path(at)
        self._pcm = pcm
        self._opener = opener
        self._wrong = wrong
        self._found = found
        self._last = ""

    async def open(self, device: str, protocol: asyncio.Protocol) -> asyncio.Transport:
        """Open the first port that can be; an `Opener`.

        Raises:
            OSError: None can be.
        """
        error: Exception = FileNotFoundError(2, "No such file or directory", device)
        for candidate in self._candidates():
            try:
                transport = await self._opener(candidate, protocol)
            except (OSError, serial.SerialException) as refused:
                error = refused
                continue
            self._last = candidate
            self._found(self._pcm.replace(ANY, self._middle(candidate)))
            return transport
        raise error

    def _candidates(self) -> list[str]:
        """Return the ports to try: the one that was right again first, one that was wrong last."""
        if ANY not in self._at:
            return [self._at]
        ports = sorted(map(str, self._pattern.parent.glob(self._pattern.name)))
        after = [port for port in ports if port > self._last or (port == self._last and not self._wrong())]
        return after + [port for port in ports if port not in after]

    def _middle(self, candidate: str) -> str:
        before, star, behind = self._at.partition(ANY)
        return candidate[len(before) : len(candidate) - len(behind)] if star else ""
