"""What the media process and a card's process say to each other, a packet each; imports nothing of ALSA.

To the card: 16-bit mono samples at 8000 Hz, at most a frame. From the card: `HEAD`, and what the kind says.
"""

from __future__ import annotations

import struct
from typing import Final

OPENED: Final = b"O"
"""The card runs; nothing follows."""
AUDIO: Final = b"A"
"""Captured samples follow, at most a frame."""
FAILED: Final = b"F"
"""It can't be opened, or is gone: the reason in UTF-8 follows, and the process ends."""
HEAD: Final = struct.Struct("<cII")
"""The kind, how often the card stalled, how many frames didn't fit it."""
MAX_MESSAGE: Final = 4096
"""Bytes."""
