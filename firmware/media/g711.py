"""ITU-T G.711 by table, two samples per lookup.

Codewords are uint8, linear samples int16 full scale (the 14-bit µ-law and 13-bit A-law values shifted
left), 8000 Hz. Everything works on whole blocks of ports at once and writes into what it is given.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from firmware.core import g711

U8 = npt.NDArray[np.uint8]
I16 = npt.NDArray[np.int16]

FRAME: Final = 160
"""Samples, and G.711 bytes, in the 20 ms that everything here is counted in."""
RATE: Final = 8000
"""Samples a second."""

_WHOLE: Final = np.dtype((np.void, FRAME))
"""A frame of codewords as one element, which numpy moves in one piece."""
ULAW_SILENCE: Final = 0xFF
ALAW_SILENCE: Final = 0xD5


def _nearest(decoded: I16, *, negative_zero: int | None) -> U8:
    """Return, for each uint16 view of a linear sample, the codeword whose value is nearest.

    `negative_zero` is a codeword that decodes to the same value as another and is never produced.
    """
    words = np.argsort(decoded, kind="stable").astype(np.int32)
    if negative_zero is not None:
        words = words[words != negative_zero]
    values = decoded[words].astype(np.int32)
    boundaries = (values[1:] + values[:-1] + 1) // 2
    linear = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    return words[np.searchsorted(boundaries, linear, side="right")].astype(np.uint8)


def _pairs(decoded: I16) -> npt.NDArray[np.uint32]:
    """Return the two samples (as one uint32) of each pair of codewords (as one uint16)."""
    both = np.arange(65536, dtype=np.uint16).view(np.uint8).reshape(-1, 2)
    return np.ascontiguousarray(decoded[both]).view(np.uint32).ravel()


def whole_frames(words: U8) -> npt.NDArray[np.void]:
    """Return a view of codewords, shape (…, 160), of which the last axis is contiguous, with a frame as one
    element, shape (…)."""
    return words.view(_WHOLE)[..., 0]


def side_by_side(first: U8, second: U8) -> npt.NDArray[np.uint16]:
    """Return the codewords of two streams as numbers, the first in the lower half: stereo on this machine.

    They lie in memory in the order of the axes, whatever the order of the codewords.

    Args:
        first: Codewords.
        second: As many, of the same shape.
    """
    pairs = second.astype(np.uint16, order="C")
    # Half the time of a shift and of another type's words.
    pairs *= 256
    pairs += first.astype(np.uint16, order="C")
    return pairs


class Law:
    """One of the two codecs: its tables."""

    def __init__(self, decoded: I16, silence: int, *, negative_zero: int | None) -> None:
        self.decoded = decoded
        self.silence = silence
        self._encoded = _nearest(decoded, negative_zero=negative_zero)
        self._pairs = _pairs(decoded)

    def decode(self, words: U8, out: I16) -> None:
        """Decode C-contiguous codewords, shape (…, even), into `out` of the same shape."""
        self._pairs.take(words.view(np.uint16), out=out.view(np.uint32), mode="clip")

    def decode_pairs(self, pairs: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint32]:
        """Return the samples of pairs of codewords (see `side_by_side`) as numbers, in the same order."""
        return self._pairs.take(pairs, mode="clip")

    def encode(self, linear: I16) -> U8:
        """Return the codewords of C-contiguous samples, same shape."""
        return self._encoded.take(linear.view(np.uint16), mode="clip")


ULAW: Final = Law(np.array(g711.ULAW, np.int16), ULAW_SILENCE, negative_zero=0x7F)
"""0x7F is µ-law's second zero: it survives a copy, but not decode and encode."""
ALAW: Final = Law(np.array(g711.ALAW, np.int16), ALAW_SILENCE, negative_zero=None)

LAWS: Final = {0: ULAW, 8: ALAW}
"""By RTP payload type (RFC 3551, table 4)."""
