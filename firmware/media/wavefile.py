"""Just enough of RIFF/WAVE to read a prompt.

The standard library's `wave` wants a file object; a prompt is already in memory when it is looked at.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from firmware.core.media import MediaError
from firmware.media.g711 import I16, RATE

_PCM: Final = 1
_EXTENSIBLE: Final = 0xFFFE


def mono_samples(content: bytes) -> I16:
    """Return the samples of a mono 16-bit file at 8000 Hz, without copying them.

    Raises:
        MediaError: It is something else; the text says what.
    """
    if len(content) < 12 or content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise MediaError("not a WAV file")
    position = 12
    form: tuple[int, int, int, int] | None = None
    while position + 8 <= len(content):
        name = content[position : position + 4]
        size = int.from_bytes(content[position + 4 : position + 8], "little")
        start = position + 8
        if name == b"fmt " and size >= 16 and start + 16 <= len(content):
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", content, start)
            form = (kind, channels, rate, bits)
        elif name == b"data":
            if form is None:
                raise MediaError("samples before their format")
            kind, channels, rate, bits = form
            if kind not in (_PCM, _EXTENSIBLE) or (channels, rate, bits) != (1, RATE, 16):
                raise MediaError(
                    f"{channels} channels of {bits} bits at {rate} Hz; must be mono, 16 bits, {RATE} Hz"
                )
            available = min(size, len(content) - start) // 2
            return np.frombuffer(content, dtype="<i2", count=available, offset=start)
        position = start + size + (size & 1)
    raise MediaError("no samples in it")
