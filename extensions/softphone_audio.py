"""The test phone's voice and ear: A-law RTP every 20 ms on one UDP socket (RFC 3550, RFC 3551).

WAV or tone ─► A-law ─► 20 ms packets ─► peer        peer ─► A-law ─► linear ─► WAV
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import secrets
import struct
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from firmware.core import g711

RATE_HZ = 8000
FRAME = 160
FRAME_S = FRAME / RATE_HZ
_HEADER = struct.Struct("!BBHII")
_VERSION_2 = 0x80
_PCMA = 8
# Most audio kept of a call, in seconds: a forgotten test phone must not fill the memory.
_MOST_HEARD_S = 600
_TONE_AMPLITUDE = 9830  # -10 dB of full scale, a loud voice


class AudioError(ValueError):
    """A WAV file that can't be played."""


def tone(hertz: float) -> bytes:
    """Return one second of a sine as 16-bit samples; whole periods for whole hertz, so it loops."""
    step = 2 * math.pi * hertz / RATE_HZ
    return struct.pack(
        f"<{RATE_HZ}h", *(round(_TONE_AMPLITUDE * math.sin(step * index)) for index in range(RATE_HZ))
    )


def read_wav(path: Path) -> bytes:
    """Return the samples of a mono 16-bit WAV at 8000 Hz.

    Raises:
        AudioError: It is of another kind.
        OSError: It can't be read.
    """
    try:
        with wave.open(str(path), "rb") as wav:
            if (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) != (1, 2, RATE_HZ):
                raise AudioError(f"{path} is not mono, 16 bits, {RATE_HZ} Hz")
            return wav.readframes(wav.getnframes())
    except (wave.Error, EOFError) as error:
        raise AudioError(f"{path} is no WAV file") from error


class Voice(asyncio.DatagramProtocol):
    """One RTP socket: sends `samples` over and over to the peer, keeps what the peer sends.

    Args:
        samples: 16-bit little-endian samples at 8000 Hz; empty sends silence.
    """

    def __init__(self, samples: bytes) -> None:
        self._frames = _frames_of(samples)
        self._transport: asyncio.DatagramTransport | None = None
        self._peer: tuple[str, int] | None = None
        self._task: asyncio.Task[None] | None = None
        self._heard = bytearray()
        self._last_sequence: int | None = None

    @classmethod
    async def open(cls, host: str, samples: bytes) -> Voice:
        """Open a socket on `host`.

        Raises:
            OSError: The address can't be bound.
        """
        loop = asyncio.get_running_loop()
        _, voice = await loop.create_datagram_endpoint(lambda: cls(samples), local_addr=(host, 0))
        return voice

    @property
    def port(self) -> int:
        return 0 if self._transport is None else int(self._transport.get_extra_info("sockname")[1])

    @property
    def heard_s(self) -> float:
        """How much was heard, in seconds."""
        return len(self._heard) / RATE_HZ

    def speak_to(self, host: str, port: int) -> None:
        """Send there from now on."""
        self._peer = (host, port)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._speak())

    def hush(self) -> None:
        """Stop sending."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def close(self) -> None:
        task = self._task
        self.hush()
        if task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._transport is not None:
            self._transport.close()

    def write_heard(self, path: Path) -> None:
        """Write what was heard so far as a WAV file.

        Raises:
            OSError: It can't be written.
        """
        with wave.open(str(path), "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(RATE_HZ)
            wav.writeframes(g711.decode_alaw(bytes(self._heard)))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) < _HEADER.size or data[0] & 0xC0 != _VERSION_2 or data[1] & 0x7F != _PCMA:
            return
        sequence = int.from_bytes(data[2:4], "big")
        if self._last_sequence is not None and (sequence - self._last_sequence) & 0xFFFF >= 0x8000:
            return  # late or a copy: its place has been passed
        self._last_sequence = sequence
        if len(self._heard) < _MOST_HEARD_S * RATE_HZ:
            self._heard += data[_HEADER.size + 4 * (data[0] & 0x0F) :]

    async def _speak(self) -> None:
        loop = asyncio.get_running_loop()
        sequence, stamp = secrets.randbits(15), secrets.randbits(31)
        source = secrets.randbits(32)
        deadline = loop.time()
        marker = 0x80
        for payload in self._frames_forever():
            if self._transport is not None and self._peer is not None:
                header = _HEADER.pack(_VERSION_2, _PCMA | marker, sequence, stamp, source)
                self._transport.sendto(header + payload, self._peer)
            marker = 0
            sequence = (sequence + 1) & 0xFFFF
            stamp = (stamp + FRAME) & 0xFFFFFFFF
            deadline += FRAME_S
            await asyncio.sleep(deadline - loop.time())

    def _frames_forever(self) -> Iterator[bytes]:
        while True:
            yield from self._frames


def _frames_of(samples: bytes) -> list[bytes]:
    """Return A-law frames of 20 ms, the last filled up with silence; one of silence for no samples."""
    size = FRAME * 2
    padded = samples + bytes(-len(samples) % size) or bytes(size)
    coded = g711.encode_alaw(padded)
    return [coded[start : start + FRAME] for start in range(0, len(coded), FRAME)]
