"""How long the parts of a recording's file are; apart from `wavefile`, whose numpy a switch does without."""

from __future__ import annotations

from pathlib import Path
from typing import Final

HEADER_SIZE: Final = 44
"""Bytes before the first sample of a file that `stereo_header` begins."""
STEREO_FRAME: Final = 4
"""Bytes of one stereo sample."""


def frames_in(path: Path) -> int:
    """Return how many stereo samples a recording's header counts; 0 when there is none."""
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_SIZE)
    except OSError:
        return 0
    return int.from_bytes(header[40:44], "little") // STEREO_FRAME if len(header) == HEADER_SIZE else 0
