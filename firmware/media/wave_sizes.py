"""How long the parts of a recording's file are; apart from `wavefile`, whose numpy a switch does without."""

from __future__ import annotations

from typing import Final

HEADER_SIZE: Final = 44
"""Bytes before the first sample of a file that `stereo_header` begins."""
STEREO_FRAME: Final = 4
"""Bytes of one stereo sample."""
