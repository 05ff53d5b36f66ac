"""The payload types a port may have, and their silence."""

from __future__ import annotations

from typing import Final

from firmware.core.media import G722, PCMA, PCMU
from firmware.media.g711 import ALAW_SILENCE, ULAW_SILENCE

G722_SILENCE: Final = 0xFF
"""Smallest steps in both bands: a decoder given only these lets what it played die away within 20 ms, without
a click."""
SILENCE: Final = {PCMU: ULAW_SILENCE, PCMA: ALAW_SILENCE, G722: G722_SILENCE}
"""By RTP payload type. All of them have 160 bytes, and 160 units of RTP time, in 20 ms (RFC 3551 section
4.5.2 for G.722)."""
