"""A media plane without sound, in virtual time: it notes what was asked and does what a test says.

Playbacks last as long as their items would (the durations of real WAV files included), so a script run
under `looptime` waits exactly as long as a caller would. Everything asked is kept: `aims`, `routes`,
`played`, `recordings`, `closed`.

    media = FakeMedia()
    address = await media.open_rtp("127.0.0.1")
    media.press(address.port_id, "5")
    media.fail_port(address.port_id, "modem vanished")
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from firmware.core.ids import PortId, new_port_id
from firmware.core.media import (
    DigitHeard,
    LearnedTone,
    MediaError,
    PlayFile,
    PlayItem,
    PortEvent,
    PortFailed,
    PortListener,
    PortOptions,
    Quality,
    RtpAddress,
    RtpRemote,
    Source,
)
from tests.media.fake_playing import FakePlayback, FakeRecording

_FIRST_RTP_PORT = 40000


class FakeMedia:
    """A `MediaPlane` that remembers; see the module's head."""

    def __init__(self) -> None:
        self.ports: dict[PortId, RtpAddress | str] = {}
        """Open ports: the address of an RTP port, the device of a PCM port."""
        self.closed: list[PortId] = []
        self.aims: dict[PortId, list[RtpRemote]] = {}
        self.routes: dict[PortId, tuple[Source, ...]] = {}
        """What each open port hears now; a port that hears nothing has an empty tuple or no entry."""
        self.played: list[FakePlayback] = []
        """Every playback ever asked for, oldest first."""
        self.recordings: list[FakeRecording] = []
        self.settling: dict[PortId, int | None] = {}
        """How long players of a PCM port wait, in ms, from its opening or start; None while it is held."""
        self.missing_devices: set[str] = set()
        """PCM devices that can't be opened."""
        self.options: dict[PortId, PortOptions] = {}
        self.conferences: dict[str, tuple[PortId, ...]] = {}
        self.digits_sent: list[tuple[PortId, str]] = []
        self.measured: dict[PortId, Quality] = {}
        """What `quality` says; a test fills it."""
        self.reopened: list[PortId] = []
        """PCM ports that were given a device again."""
        self.tones_to_learn: dict[PortId, LearnedTone] = {}
        """What `learn_tone` finds."""
        self.voice: bytes | None = None
        """What recordings hold, 16-bit stereo; None for silence."""
        self.disk_full = False
        """Set it to have `record` refuse."""
        self.rtp_exhausted = False
        """Set it to have `open_rtp` refuse."""
        self._numbers = itertools.count(_FIRST_RTP_PORT, 2)
        self._listeners: dict[PortId, list[PortListener]] = {}

    # What a test does

    def press(self, port_id: PortId, digits: str) -> None:
        """Have the far end of a port key digits."""
        for digit in digits:
            self._emit(port_id, DigitHeard(digit))
            playback = self.playing(port_id)
            if playback is not None and playback.until_key:
                playback.stop()

    def fail_port(self, port_id: PortId, reason: str) -> None:
        """Have a port's device or socket go away."""
        self._emit(port_id, PortFailed(reason))

    def finish_playback(self, port_id: PortId) -> None:
        """Have what plays on a port end now, as if its time were over."""
        playback = self.playing(port_id)
        if playback is not None:
            playback.stop()

    def notice(self, port_id: PortId, event: PortEvent) -> None:
        """Have a port's detectors notice something."""
        self._emit(port_id, event)

    # What a test asks

    def playing(self, port_id: PortId) -> FakePlayback | None:
        """Return what plays on a port now."""
        return next((p for p in reversed(self.played) if p.port_id == port_id and p.running), None)

    def files_played(self, port_id: PortId) -> list[str]:
        """Return the names (without folder) of all files played to a port so far, in order."""
        return [
            Path(item.path).name
            for playback in self.played
            if playback.port_id == port_id
            for item in playback.items
            if isinstance(item, PlayFile)
        ]

    def bridged(self, one: PortId, other: PortId) -> bool:
        """Tell whether two ports hear each other."""
        return self.hears(one, other) and self.hears(other, one)

    def held(self) -> list[PortId]:
        """Return the PCM ports that are open and not started yet."""
        return [port_id for port_id in self.ports if self.settling.get(port_id, 0) is None]

    def hears(self, sink: PortId, source: PortId) -> bool:
        """Tell whether `sink` hears `source`."""
        return any(heard.port_id == source for heard in self.routes.get(sink, ()))

    # MediaPlane

    async def open_rtp(self, local_host: str) -> RtpAddress:
        if self.rtp_exhausted:
            raise MediaError("no RTP port free")
        address = RtpAddress(new_port_id("rtp"), local_host, next(self._numbers))
        self.ports[address.port_id] = address
        return address

    def aim_rtp(self, port_id: PortId, remote: RtpRemote) -> None:
        self.aims.setdefault(port_id, []).append(remote)

    async def open_pcm(
        self, device: str, sample_rate: int, *, settle_ms: int = 0, held: bool = False
    ) -> PortId:
        self._check_device(device, sample_rate)
        port_id = new_port_id("pcm")
        self.ports[port_id] = device
        self.settling[port_id] = None if held else settle_ms
        return port_id

    def start_pcm(self, port_id: PortId, settle_ms: int = 0) -> None:
        if port_id in self.ports and self.settling.get(port_id, 0) is None:
            self.settling[port_id] = settle_ms

    async def reopen_pcm(self, port_id: PortId, device: str, sample_rate: int) -> None:
        if not isinstance(self.ports.get(port_id), str):
            raise MediaError(f"{port_id} is no port of a device")
        self._check_device(device, sample_rate, port_id)
        self.ports[port_id] = device
        self.reopened.append(port_id)

    def rest_pcm(self, port_id: PortId) -> None:
        if isinstance(self.ports.get(port_id), str):
            self.ports[port_id] = ""

    async def learn_tone(self, port_id: PortId, seconds: float = 8.0) -> LearnedTone | None:
        if port_id not in self.ports:
            raise MediaError(f"{port_id} is not open")
        await asyncio.sleep(seconds)
        return self.tones_to_learn.get(port_id)

    def _check_device(self, device: str, sample_rate: int, port_id: PortId | None = None) -> None:
        if any(taken == device for other, taken in self.ports.items() if other != port_id):
            raise MediaError(f"{device}: in use by another program")
        if device in self.missing_devices:
            raise MediaError(f"{device}: no such device")
        if sample_rate != 8000:
            raise MediaError(f"{device}: {sample_rate} Hz isn't supported")

    def close_port(self, port_id: PortId) -> None:
        if self.ports.pop(port_id, None) is None:
            return
        self.closed.append(port_id)
        self.routes.pop(port_id, None)
        self.options.pop(port_id, None)
        self._listeners.pop(port_id, None)
        self.finish_playback(port_id)

    def route(self, sink: PortId, sources: Sequence[Source]) -> None:
        if sink in self.ports:
            self.routes[sink] = tuple(sources)

    def configure(self, port_id: PortId, options: PortOptions) -> None:
        if port_id in self.ports:
            self.options[port_id] = options

    def options_of(self, port_id: PortId) -> PortOptions:
        return self.options.get(port_id, PortOptions())

    def confer(self, conference: str, members: Sequence[PortId]) -> None:
        if members:
            self.conferences[conference] = tuple(dict.fromkeys(members))
        else:
            self.conferences.pop(conference, None)

    def send_digits(self, port_id: PortId, digits: str, duration_ms: int = 100) -> None:
        if port_id in self.ports:
            self.digits_sent.append((port_id, digits))

    def quality(self, port_id: PortId) -> Quality | None:
        return self.measured.get(port_id)

    def play(
        self, port_id: PortId, items: Sequence[PlayItem], *, repeat: bool = False, until_key: bool = False
    ) -> FakePlayback:
        self.finish_playback(port_id)
        playback = FakePlayback(port_id, items, repeat=repeat, until_key=until_key)
        self.played.append(playback)
        if port_id not in self.ports:
            playback.stop()
        return playback

    def play_music(self, port_id: PortId, items: Sequence[PlayItem]) -> FakePlayback:
        playback = self.play(port_id, items, repeat=True)
        playback.music = True
        return playback

    async def record(
        self, path: Path, left: PortId, right: PortId, *, compact: bool = False
    ) -> FakeRecording:
        try:
            if self.disk_full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            recording = FakeRecording(path, left, right, self.voice, compact=compact)
        except OSError as error:
            raise MediaError(f"{path}: {error.strerror}") from error
        self.recordings.append(recording)
        return recording

    def listen(self, port_id: PortId, listener: PortListener) -> Callable[[], None]:
        listeners = self._listeners.setdefault(port_id, [])
        listeners.append(listener)

        def unlisten() -> None:
            if listener in listeners:
                listeners.remove(listener)

        return unlisten

    def _emit(self, port_id: PortId, event: PortEvent) -> None:
        for listener in list(self._listeners.get(port_id, ())):
            listener(event)
