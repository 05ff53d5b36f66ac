"""How a recording lies in its file, without the samples; no numpy here, which a switch does without.

    RIFF/WAVE ─ fmt ─┬─ 16 bits ────────────── data: 4 bytes a stereo sample
                     └─ A-law, µ-law ─ fact ── data: 2, as they came from the line

Source: Multimedia Programming Interface and Data Specifications 1.0, IBM/Microsoft 1991, and its revision
3.0 of 1994 (formats that aren't PCM bear the length of what follows their description, and a fact chunk).
"""

from __future__ import annotations

import enum
import struct
from pathlib import Path
from typing import Final

_RATE: Final = 8000
_FORM_AT: Final = 20
"""Byte of a header at which its format stands."""
_PCM_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_LAW_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHHH4sII4sI")
_MAX_DATA: Final = 0xFFFFFFFF - _LAW_HEADER.size


class Form(enum.Enum):
    """What a stereo sample at 8000 Hz is; the values are WAVE's."""

    PCM = 1
    """16 bits a side."""
    ALAW = 6
    ULAW = 7

    frame_bytes: int
    """Bytes of one stereo sample."""
    header_size: int
    """Bytes before the first sample."""

    def __init__(self, tag: int) -> None:
        self.frame_bytes = 4 if tag == 1 else 2
        self.header_size = (_PCM_HEADER if tag == 1 else _LAW_HEADER).size

    def header(self, frames: int) -> bytes:
        """Return the header of a file that holds `frames` stereo samples."""
        width = self.frame_bytes
        data = min(frames * width, _MAX_DATA)
        riff = (b"RIFF", self.header_size - 8 + data, b"WAVE", b"fmt ")
        form = (self.value, 2, _RATE, _RATE * width, width, 4 * width)
        if self is Form.PCM:
            return _PCM_HEADER.pack(*riff, 16, *form, b"data", data)
        return _LAW_HEADER.pack(*riff, 18, *form, 0, b"fact", 4, data // width, b"data", data)


LONGEST_HEADER: Final = _LAW_HEADER.size


def form_of(header: bytes) -> Form | None:
    """Return the form of a file that begins like this; None when it is no recording of ours."""
    tag = int.from_bytes(header[_FORM_AT : _FORM_AT + 2], "little")
    form = next((form for form in Form if form.value == tag), None)
    if form is None or len(header) < form.header_size:
        return None
    return form if header[:4] == b"RIFF" and header[8:12] == b"WAVE" else None


def frames_in(path: Path) -> int:
    """Return how many stereo samples a recording's header counts; 0 when there is none."""
    try:
        with path.open("rb") as file:
            header = file.read(LONGEST_HEADER)
    except OSError:
        return 0
    form = form_of(header)
    if form is None:
        return 0
    size = int.from_bytes(header[form.header_size - 4 : form.header_size], "little")
    return size // form.frame_bytes
