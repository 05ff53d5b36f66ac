"""A recording as a browser hears and sees it: ranges of bytes, and a waveform's peaks.

The descriptor comes from the switch (`firmware.control.search`). Everything reads with pread, so several
requests on one file never disturb each other, and nothing is ever wholly in memory.
"""

from __future__ import annotations

import array
import asyncio
import os
import re
import struct
import sys
from collections.abc import AsyncGenerator

import msgspec

CHUNK = 64 * 1024
"""Bytes read at a time."""

PEAKS = 800
"""Points of a waveform: more than it has pixels on most screens."""

_LOOK = 256
"""Frames looked at per point: enough to see speech, and a day costs no more than a minute."""

_HEAD = 4096
"""Bytes of a WAV file in which its data begins."""

_RANGE = re.compile(r"\Abytes=(\d{0,18})-(\d{0,18})\Z")

_PCM = 1
_PCM_EXTENSIBLE = 0xFFFE


class Peaks(msgspec.Struct, frozen=True):
    """A waveform: for each channel, numbers from 0 to 1, evenly spaced over the recording."""

    seconds: float
    channels: list[list[float]]


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return (first, last) of a Range header (RFC 9110, section 14.2); None to send everything.

    Raises:
        ValueError: It lies outside the file.
    """
    found = _RANGE.match(header or "")
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    begin, end = (size - int(last), size - 1) if not first else (int(first), int(last or size - 1))
    begin, end = max(0, begin), min(end, size - 1)
    if begin > end:
        raise ValueError("outside the file")
    return begin, end


async def chunks(descriptor: int, first: int, last: int) -> AsyncGenerator[bytes, None]:
    """Yield the bytes from `first` to `last`, both included; closes the descriptor in the end."""
    try:
        while first <= last:
            data = await asyncio.to_thread(os.pread, descriptor, min(CHUNK, last - first + 1), first)
            if not data:
                return
            first += len(data)
            yield data
    finally:
        os.close(descriptor)


def peaks(descriptor: int, size: int) -> Peaks | None:
    """Return the waveform of a 16-bit PCM WAV file; None for anything else. Blocks.

    Args:
        descriptor: Open for reading; left open.
        size: Bytes of the file. What the header says of the length isn't asked: a running recording's lies.
    """
    found = _format(os.pread(descriptor, _HEAD, 0))
    if found is None:
        return None
    channels, rate, data = found
    frame = 2 * channels
    frames = (size - data) // frame
    points = min(PEAKS, frames)
    waveform: list[list[float]] = [[] for _ in range(channels)]
    for point in range(points):
        begin = frames * point // points
        count = min(_LOOK, frames * (point + 1) // points - begin)
        samples = array.array("h", os.pread(descriptor, count * frame, data + begin * frame)[: count * frame])
        if sys.byteorder == "big":
            samples.byteswap()
        for channel in range(channels):
            mine = samples[channel::channels]
            loudest = max(max(mine, default=0), -min(mine, default=0))
            waveform[channel].append(round(loudest / 32768, 3))
    return Peaks(frames / rate, waveform)


def _format(head: bytes) -> tuple[int, int, int] | None:
    """Return channels, rate and where the data begins, of a PCM WAV file's beginning."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    place, known = 12, None
    while place + 8 <= len(head):
        name, length = head[place : place + 4], struct.unpack_from("<I", head, place + 4)[0]
        if name == b"fmt " and place + 24 <= len(head):
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, place + 8)
            if kind not in (_PCM, _PCM_EXTENSIBLE) or bits != 16 or not 1 <= channels <= 8 or not rate:
                return None
            known = (channels, rate)
        if name == b"data":
            return None if known is None else (*known, place + 8)
        place += 8 + length + length % 2
    return None
