"""Sound cards through ALSA, each in a process of its own (`alsa_card`), which says why.

    tick ── write ─► socket ─► process of the card ─► playback
    tick ◄─ read ─── socket ◄─ process of the card ◄─ capture

    STARTING ──OPENED──► open ──FAILED, ended, silent for SILENT_SECONDS──► gone
       │  └──FAILED, ended, longer than OPEN_SECONDS: refused
       └──the process that had the card before must have ended first

A card's process is killed when the card is given back, whatever it is stuck in; one that not even that ends
waits in the kernel for its device, and only `MAX_STUCK` of them are put up with.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from typing import Final

from firmware.core.media import MediaError
from firmware.media.alsa_wire import AUDIO, FAILED, HEAD, MAX_MESSAGE, OPENED
from firmware.media.g711 import FRAME
from firmware.media.pcm import DeviceGone

PREFIX: Final = "alsa:"
"""Before the PCM's name, in place of a path."""
SILENT_SECONDS: Final = 1.0
OPEN_SECONDS: Final = 3.0
MAX_QUEUED: Final = 25
"""Frames (0.5 s) taken from a card at once; older ones are left out."""
SOCKET_BYTES: Final = 16384
"""In either direction: about half a second of packets, as the kernel counts them."""
MAX_STUCK: Final = 4

_killed: list[tuple[str, subprocess.Popen[bytes]]] = []
"""The cards' processes that haven't ended yet, with the names of their cards."""


def _still_held(name: str) -> bool:
    """Whether a killed process still has the card; forget those that have ended."""
    _killed[:] = [one for one in _killed if one[1].poll() is None]
    return any(one == name for one, _ in _killed)


class AlsaPcm:
    """A sound card's full-duplex mono PCM at 8000 Hz; it is opened by its process, see `ready`.

    Raises:
        MediaError: Too many cards hang already.
    """

    chunk = FRAME
    ahead = 0

    def __init__(self, device: str) -> None:
        self._device = device
        self._name = device.removeprefix(PREFIX)
        _still_held(self._name)
        if len(_killed) >= MAX_STUCK:
            raise MediaError(f"{device}: {len(_killed)} sound cards hang; unplug them, or restart the box")
        self.stalls = 0
        """How often playback ran dry or capture overflowed."""
        self.dropped = 0
        self._refused = 0
        """Frames that the socket didn't take."""
        self._error: str | None = None
        self._open = False
        self._captured: list[bytes] = []
        self._heard = time.monotonic()
        """When the process last gave something, or was wanted."""
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def ready(self) -> bool:
        if self._process is None and not _still_held(self._name):
            self._start()
        self._receive()
        if self._error is not None:
            raise MediaError(f"{self._device}: {self._error}")
        if not self._open and time.monotonic() - self._heard > OPEN_SECONDS:
            raise MediaError(f"{self._device}: it doesn't open")
        return self._open

    def read(self) -> bytes:
        self._receive()
        data = b"".join(self._captured[-MAX_QUEUED:])
        self._captured.clear()
        now = time.monotonic()
        if data:
            self._heard = now
        elif self._error is not None:
            raise DeviceGone(f"{self._device}: {self._error}")
        elif now - self._heard > SILENT_SECONDS:
            raise DeviceGone(f"{self._device}: no audio for {SILENT_SECONDS:.0f} s")
        return data

    def write(self, samples: bytes) -> None:
        try:
            if self._socket is not None:
                self._socket.send(samples)
        except OSError:
            # Full, or the process has ended, which reading finds out.
            self._refused += 1

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            self._process.kill()
            _killed.append((self._name, self._process))
            self._process = None

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
        command = [sys.executable, "-m", "firmware.media.alsa_card", self._name]
        try:
            with theirs:
                self._process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
        except OSError as error:
            ours.close()
            raise MediaError(f"{self._device}: no process for it: {error}") from error
        self._socket = ours
        self._heard = time.monotonic()

    def _receive(self) -> None:
        """Take what the card's process has said."""
        while self._socket is not None and self._error is None:
            try:
                message = self._socket.recv(MAX_MESSAGE)
            except BlockingIOError:
                return
            except OSError as error:
                self._error = str(error)
                return
            if len(message) < HEAD.size:
                self._error = "its process ended"
                return
            kind, self.stalls, overfull = HEAD.unpack_from(message)
            self.dropped = self._refused + overfull
            content = message[HEAD.size :]
            if kind == AUDIO:
                self._captured.append(content)
            elif kind == OPENED:
                self._open = True
                self._heard = time.monotonic()
            elif kind == FAILED:
                self._error = content.decode(errors="replace")
