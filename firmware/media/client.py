"""The switch's side of the media plane: the desired state, and the differences to send.

Theory of operation
-------------------
`MediaClient` holds, for every open port, playback and recording, the command that makes it. While a media
process is attached each change is sent as it happens; when one is attached anew, after either process was
restarted, the whole state is told between Hello and Settled. Ids are never used again, so it does not
matter whether that process knew them.

    detached ──attach──► attached ──detach──► detached

A wait for an answer outlives a restart: ports and recordings not yet confirmed are simply asked for again.
What can't come any more (nobody restarts the process) ends with `abandon`, or by its own time limit.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from firmware.core.ids import PortId, new_port_id
from firmware.core.media import (
    LearnedTone,
    MediaError,
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
from firmware.media import protocol
from firmware.media.client_recordings import ANSWER_SECONDS, ClientRecordings
from firmware.media.handles import ClientPlayback, ClientRecording

logger = logging.getLogger(__name__)

MAX_MEASURED: Final = 1000
"""Ports whose quality is kept, the open ones and those closed last."""

Send = Callable[[protocol.Command], None]
_Open = protocol.OpenRtp | protocol.OpenPcm


class MediaClient:
    """The `MediaPlane` of `firmware.core.media`."""

    def __init__(self) -> None:
        self._send: Send | None = None
        self._ports: dict[PortId, _Open] = {}
        self._opening: dict[PortId, asyncio.Future[protocol.PortOpened]] = {}
        self._failed: set[PortId] = set()
        self._aims: dict[PortId, protocol.AimRtp] = {}
        self._routes: dict[PortId, protocol.Route] = {}
        self._playbacks: dict[str, ClientPlayback] = {}
        self._recordings = ClientRecordings(self._tell)
        self._options: dict[PortId, protocol.Configure] = {}
        self._conferences: dict[str, protocol.Confer] = {}
        self._quality: OrderedDict[PortId, Quality] = OrderedDict()
        self._listeners: dict[PortId, list[PortListener]] = {}

    # The supervisor's side

    def attach(self, send: Send) -> None:
        """A media process answers: tell it everything."""
        self._send = send
        send(protocol.Hello())
        for port_id, command in self._ports.items():
            if port_id not in self._failed:
                send(command)
        for state in (self._aims, self._routes, self._options, self._conferences):
            for told in state.values():
                send(told)
        for playback in self._playbacks.values():
            send(playback.command)
        for wanted in self._recordings.attached():
            send(wanted)
        send(protocol.Settled())

    def detach(self) -> None:
        """The media process is gone; it may come back."""
        self._send = None
        self._recordings.detached()

    def abandon(self, reason: str) -> None:
        """It does not come back for now: nobody shall wait for it."""
        for opening in self._opening.values():
            if not opening.done():
                opening.set_exception(MediaError(reason))
        for playback in list(self._playbacks.values()):
            self._end_playback(playback, reason)

    def receive(self, event: protocol.Event) -> None:
        """Take what the media process says."""
        match event:
            case protocol.PortOpened():
                self._port_opened(event)
            case protocol.PortRefused():
                self._port_refused(event)
            case protocol.PortSaid():
                if isinstance(event.event, PortFailed):
                    self._failed_port(event.port_id, event.event)
                else:
                    self._emit(event.port_id, event.event)
            case protocol.PortMeasured():
                self._quality[event.port_id] = event.quality
                self._quality.move_to_end(event.port_id)
                if len(self._quality) > MAX_MEASURED:
                    self._quality.popitem(last=False)
            case protocol.PlaybackEnded():
                playback = self._playbacks.get(event.player_id)
                if playback is not None:
                    self._end_playback(playback, event.error)
            case protocol.RecordingOpened() | protocol.RecordingClosed():
                self._recordings.receive(event)
            case protocol.Swept() | protocol.Pulse() | protocol.MediaStats():
                return

    def _tell(self, command: protocol.Command) -> None:
        if self._send is not None:
            self._send(command)

    # Ports

    async def open_rtp(self, local_host: str) -> RtpAddress:
        port_id = new_port_id("rtp")
        opened = await self._open(protocol.OpenRtp(port_id, local_host))
        # After a restart the far end still sends to the port it knows.
        self._ports[port_id] = protocol.OpenRtp(port_id, local_host, opened.port)
        return RtpAddress(port_id, opened.host, opened.port)

    async def open_pcm(
        self, device: str, sample_rate: int, *, settle_ms: int = 0, held: bool = False
    ) -> PortId:
        port_id = new_port_id("pcm")
        await self._open(protocol.OpenPcm(port_id, device, sample_rate, settle_ms, held))
        return port_id

    def start_pcm(self, port_id: PortId, settle_ms: int = 0) -> None:
        known = self._ports.get(port_id)
        if isinstance(known, protocol.OpenPcm) and known.held:
            started = msgspec.structs.replace(known, settle_ms=settle_ms, held=False)
            self._ports[port_id] = started
            self._tell(started)

    async def reopen_pcm(self, port_id: PortId, device: str, sample_rate: int) -> None:
        known = self._ports.get(port_id)
        if not isinstance(known, protocol.OpenPcm) or port_id in self._opening:
            raise MediaError(f"{port_id} is no port of a device that could be reopened now")
        command = protocol.OpenPcm(port_id, device, sample_rate, known.settle_ms)
        self._failed.discard(port_id)
        try:
            await self._answered(command)
        except BaseException:
            if port_id in self._ports:
                self._failed.add(port_id)
            raise

    def rest_pcm(self, port_id: PortId) -> None:
        known = self._ports.get(port_id)
        if isinstance(known, protocol.OpenPcm):
            self._failed.discard(port_id)
            self._ports[port_id] = protocol.OpenPcm(port_id, protocol.NO_DEVICE, known.sample_rate)
            self._tell(self._ports[port_id])

    async def _open(self, command: _Open) -> protocol.PortOpened:
        try:
            return await self._answered(command)
        except BaseException:
            self.close_port(command.port_id)
            raise

    async def _answered(self, command: _Open) -> protocol.PortOpened:
        """Have a port opened, and wait until it is."""
        port_id = command.port_id
        opening: asyncio.Future[protocol.PortOpened] = asyncio.get_running_loop().create_future()
        self._opening[port_id] = opening
        self._ports[port_id] = command
        self._tell(command)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await opening
        except TimeoutError as error:
            raise MediaError("the media process doesn't answer") from error
        finally:
            del self._opening[port_id]

    async def learn_tone(self, port_id: PortId, seconds: float = 8.0) -> LearnedTone | None:
        if port_id not in self._ports:
            raise MediaError(f"{port_id} is not open")
        with tempfile.TemporaryDirectory(prefix="zongji-tone-") as folder:
            recording = await self.record(Path(folder) / "tone.wav", port_id, port_id)
            try:
                await asyncio.sleep(seconds)
            finally:
                await recording.close()
            # A second of arithmetic on a small computer: not in the loop.
            return await asyncio.to_thread(_learned_from, recording.path)

    def _port_opened(self, event: protocol.PortOpened) -> None:
        opening = self._opening.get(event.port_id)
        if opening is not None and not opening.done():
            opening.set_result(event)

    def _port_refused(self, event: protocol.PortRefused) -> None:
        opening = self._opening.get(event.port_id)
        if opening is None:
            self._failed_port(event.port_id, PortFailed(event.reason))
        elif not opening.done():
            opening.set_exception(MediaError(event.reason))

    def _failed_port(self, port_id: PortId, event: PortFailed) -> None:
        if port_id in self._ports and port_id not in self._failed:
            if isinstance(self._ports[port_id], protocol.OpenPcm):
                self._failed.add(port_id)
            self._emit(port_id, event)

    def _emit(self, port_id: PortId, event: PortEvent) -> None:
        for listener in list(self._listeners.get(port_id, ())):
            try:
                listener(event)
            except Exception:
                logger.exception("%s: a listener failed on %s", port_id, event)

    def aim_rtp(self, port_id: PortId, remote: RtpRemote) -> None:
        if port_id in self._ports:
            self._aims[port_id] = protocol.AimRtp(port_id, remote)
            self._tell(self._aims[port_id])

    def close_port(self, port_id: PortId) -> None:
        if self._ports.pop(port_id, None) is None:
            return
        self._aims.pop(port_id, None)
        self._routes.pop(port_id, None)
        self._options.pop(port_id, None)
        self._failed.discard(port_id)
        self._listeners.pop(port_id, None)
        for playback in list(self._playbacks.values()):
            if playback.command.port_id == port_id:
                self._end_playback(playback, None)
        self._tell(protocol.ClosePort(port_id))

    def route(self, sink: PortId, sources: Sequence[Source]) -> None:
        if sink in self._ports:
            self._routes[sink] = protocol.Route(sink, tuple(sources))
            self._tell(self._routes[sink])

    def listen(self, port_id: PortId, listener: PortListener) -> Callable[[], None]:
        listeners = self._listeners.setdefault(port_id, [])
        listeners.append(listener)

        def unlisten() -> None:
            if listener in listeners:
                listeners.remove(listener)
            if not listeners and self._listeners.get(port_id) is listeners:
                del self._listeners[port_id]

        return unlisten

    def configure(self, port_id: PortId, options: PortOptions) -> None:
        if port_id in self._ports:
            self._options[port_id] = protocol.Configure(port_id, options)
            self._tell(self._options[port_id])

    def options_of(self, port_id: PortId) -> PortOptions:
        told = self._options.get(port_id)
        return PortOptions() if told is None else told.options

    def confer(self, conference: str, members: Sequence[PortId]) -> None:
        command = protocol.Confer(conference, tuple(dict.fromkeys(members)))
        if command.members:
            self._conferences[conference] = command
        elif self._conferences.pop(conference, None) is None:
            return
        self._tell(command)

    def send_digits(self, port_id: PortId, digits: str, duration_ms: int = 100) -> None:
        if port_id in self._ports:
            self._tell(protocol.SendDigits(port_id, digits, duration_ms))

    def quality(self, port_id: PortId) -> Quality | None:
        return self._quality.get(port_id)

    # Players

    def play(
        self, port_id: PortId, items: Sequence[PlayItem], *, repeat: bool = False, until_key: bool = False
    ) -> ClientPlayback:
        return self._play(protocol.Play(secrets.token_hex(6), port_id, tuple(items), repeat, until_key))

    def play_music(self, port_id: PortId, items: Sequence[PlayItem]) -> ClientPlayback:
        return self._play(protocol.Play(secrets.token_hex(6), port_id, tuple(items), repeat=True, music=True))

    def _play(self, command: protocol.Play) -> ClientPlayback:
        playback = ClientPlayback(self, command)
        if command.port_id not in self._ports:
            playback.end(None)
            return playback
        for other in list(self._playbacks.values()):
            if other.command.port_id == command.port_id:
                self._end_playback(other, None)
        self._playbacks[command.player_id] = playback
        self._tell(command)
        return playback

    def stop_playing(self, playback: ClientPlayback) -> None:
        """Have a playback fall silent; nothing happens when it is over."""
        if playback.command.player_id in self._playbacks:
            self._end_playback(playback, None)
            self._tell(protocol.StopPlaying(playback.command.player_id))

    def _end_playback(self, playback: ClientPlayback, error: str | None) -> None:
        self._playbacks.pop(playback.command.player_id, None)
        playback.end(error)

    # Recordings

    async def record(
        self, path: Path, left: PortId, right: PortId, *, compact: bool = False
    ) -> ClientRecording:
        return await self._recordings.begin(path, left, right, compact=compact)


def _learned_from(path: Path) -> LearnedTone | None:
    # Imported here: a switch that learns no tone does without numpy's 20 MB.
    from firmware.media.learning import learned_from

    return learned_from(path)
