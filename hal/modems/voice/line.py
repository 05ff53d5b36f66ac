"""A V.253 voice modem as a `hal.line.Line`: `SerialLine`, and a PCM device for the audio it decodes.

The modem's one port carries commands and audio, so the media process can't have it; it gets a pseudo-terminal
with plain samples instead (`hal.audio_pipe`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hal.audio_pipe import AudioPipe, PtyPipe
from hal.line import AudioReady, LineEvent
from hal.modems.voice.driver import VoiceDriver
from hal.modems.voice.profile import VoiceModel
from hal.port import Opener, open_serial
from hal.serial_line import SerialLine


class VoiceLine(SerialLine):
    """One PSTN line. Fulfils `hal.line.Line`.

    Args:
        name: As in the board's profile.
        device: The modem's port, by a name that lasts across re-plugging.
        model: The modem's profile.
        country: ISO 3166 code.
        opener: Opens the port; tests hand in wires of their own.
        make_pipe: Makes the PCM device.
    """

    def __init__(
        self,
        name: str,
        device: str,
        model: VoiceModel,
        country: str,
        opener: Opener = open_serial,
        make_pipe: Callable[[], AudioPipe] = PtyPipe,
    ) -> None:
        self._driver = VoiceDriver(name, model, country)
        self._make_pipe = make_pipe
        self._pipe: AudioPipe | None = None
        super().__init__(name, device, self._driver, opener)

    @property
    def expects_dial_tone(self) -> bool:
        """See `hal.line.DialToneLine`."""
        return self._driver.expects_dial_tone

    @expects_dial_tone.setter
    def expects_dial_tone(self, expects: bool) -> None:
        self._driver.expects_dial_tone = expects

    async def start(self) -> None:
        """Begin to keep the line alive; returns at once. Repeating it does nothing."""
        if self._pipe is None:
            self._pipe = self._make_pipe()
            self._pipe.start(self._said)
            self._driver.audio_device = self._pipe.device
        await super().start()

    async def stop(self) -> None:
        """End the call, if any, and let go of the devices."""
        await super().stop()
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None

    def _said(self, samples: bytes) -> None:
        self._driver.say(samples, asyncio.get_running_loop().time())
        self._kept.pump()

    def _take_events(self) -> None:
        super()._take_events()
        heard = self._driver.take_heard()
        if heard and self._pipe is not None:
            self._pipe.hear(heard)

    def _deliver(self, event: LineEvent) -> None:
        if isinstance(event, AudioReady) and self._pipe is not None:
            self._pipe.clear()
        super()._deliver(event)
