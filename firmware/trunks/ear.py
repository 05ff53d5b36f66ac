"""Listens to an in-band line between its rings, for the caller id that only sounds.

CallerIdExpected ─► port opened, caller id wanted ─► CallerNoticed ─► line.caller_heard ─► IncomingCall
                                                      nothing in time: the line goes on by itself
"""

from __future__ import annotations

import asyncio
import logging

from firmware.core.media import CallerNoticed, MediaError, MediaPlane, PortEvent, PortOptions
from hal.line import CallEnded, CallerIdExpected, InBandLine, IncomingCall, LineEvent

logger = logging.getLogger(__name__)


class CallerEar:
    """One line's; told of the line's events."""

    def __init__(self, line: InBandLine, media: MediaPlane) -> None:
        self._line = line
        self._media = media
        self._task: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    def on_line(self, event: LineEvent) -> None:
        """Begin to listen, or stop."""
        match event:
            case CallerIdExpected(audio):
                self._over.clear()
                self._task = asyncio.create_task(self._listen(audio.device, audio.sample_rate))
            case IncomingCall() | CallEnded():
                self._over.set()
            case _:
                pass

    async def _listen(self, device: str, sample_rate: int) -> None:
        try:
            port = await self._media.open_pcm(device, sample_rate)
        except MediaError as error:
            logger.warning("%s: no caller id: %s", self._line.name, error)
            return
        try:
            self._media.configure(port, PortOptions(caller_id=True))
            self._media.listen(port, self._heard)
            await self._over.wait()
        finally:
            self._media.close_port(port)

    def _heard(self, event: PortEvent) -> None:
        if isinstance(event, CallerNoticed):
            self._line.caller_heard(event.number, withheld=event.withheld)
