"""How long a WAV file really is, whatever its header says, and the header put right.

A recording that was cut off has a header from some moment before the cut. The samples that reached the card
are there all the same: the file's size tells how many. Format: RIFF/WAVE, Multimedia Programming Interface
and Data Specifications 1.0, IBM/Microsoft 1991.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

from firmware.core.errors import DeviceError

_RIFF = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_COUNT = struct.Struct("<I")

_MOST_CHUNKS = 32
"""Our recorder writes two before the samples; a file with more than this is none of ours."""


class WavLength(NamedTuple):
    """What a WAV file holds."""

    duration_ms: int
    data_at: int
    """Where the samples begin, in bytes."""
    data_bytes: int
    """How many bytes of whole frames are in the file."""
    header_is_right: bool
    samples_at: int | None
    """Where the fact chunk counts the samples of a side, in bytes; None where there is none, as with PCM."""
    samples: int
    """How many of a side are in the file."""


def measure(path: Path) -> WavLength:
    """Measure a WAV file by its size.

    Raises:
        DeviceError: It isn't a WAV file, or is cut off before its samples.
        OSError: It can't be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        return _measured(file, size)


def _measured(file: BinaryIO, size: int) -> WavLength:
    riff = file.read(_RIFF.size)
    if len(riff) < _RIFF.size:
        raise DeviceError("cut off in its header")
    name, riff_bytes, form = _RIFF.unpack(riff)
    if (name, form) != (b"RIFF", b"WAVE"):
        raise DeviceError("not a WAV file")
    frame_bytes = rate = counted = 0
    samples_at: int | None = None
    for _ in range(_MOST_CHUNKS):
        chunk = file.read(_CHUNK.size)
        if len(chunk) < _CHUNK.size:
            break
        name, length = _CHUNK.unpack(chunk)
        if name == b"data":
            if frame_bytes == 0 or rate == 0:
                raise DeviceError("no usable format before its samples")
            data_at = file.tell()
            data_bytes = (size - data_at) // frame_bytes * frame_bytes
            samples = data_bytes // frame_bytes
            right = length == data_bytes and riff_bytes == data_at + data_bytes - _CHUNK.size
            right = right and (samples_at is None or counted == samples)
            return WavLength(samples * 1000 // rate, data_at, data_bytes, right, samples_at, samples)
        if name == b"fmt ":
            body = file.read(_FORMAT.size)
            if len(body) < _FORMAT.size:
                break
            _, _, rate, _, frame_bytes, _ = _FORMAT.unpack(body)
            length -= _FORMAT.size
        elif name == b"fact" and length >= _COUNT.size:
            samples_at = file.tell()
            (counted,) = _COUNT.unpack(file.read(_COUNT.size).ljust(_COUNT.size, b"\0"))
            length -= _COUNT.size
        # Chunks are padded to even lengths.
        file.seek(max(0, length) + (length & 1), os.SEEK_CUR)
    raise DeviceError("cut off before its samples")


def mend(path: Path) -> WavLength:
    """Make the header say what the file holds, so that every player plays it to its last sample.

    Raises:
        DeviceError: As `measure`.
        OSError: It can't be read or written.
    """
    length = measure(path)
    if not length.header_is_right:
        counts = {4: length.data_at + length.data_bytes - _CHUNK.size, length.data_at - 4: length.data_bytes}
        if length.samples_at is not None:
            counts[length.samples_at] = length.samples
        with path.open("r+b") as file:
            for position, count in counts.items():
                file.seek(position)
                file.write(_COUNT.pack(count))
            file.flush()
            os.fsync(file.fileno())
    return length
