"""ITU-T G.722 at 64 kbit/s, through Debian's libspandsp2.

One byte carries two samples at 16 kHz: a frame of 20 ms is 320 samples and 160 bytes. The library is loaded
when the first codec is made, by ctypes (its plain C calls need no more), so that everything else works
where it is missing.

Its RTP clock runs at 8000 although the audio runs at 16000 (RFC 3551 section 4.5.2): a historical error
that is now the rule.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from firmware.media.dsp.spandsp import G722Unavailable, spandsp
from firmware.media.dsp.units import I16

U8 = npt.NDArray[np.uint8]

WIDE_RATE: Final = 16000
WIDE_FRAME: Final = 320
"""Samples of 20 ms."""
BIT_RATE: Final = 64000
_NO_OPTIONS: Final = 0


class _Codec:
    """A state of the library's, freed with its owner."""

    def __init__(self, side: str) -> None:
        library = spandsp()
        self._run = getattr(library, f"g722_{side}")
        self._free = getattr(library, f"g722_{side}_free")
        self._state: int | None = getattr(library, f"g722_{side}_init")(None, BIT_RATE, _NO_OPTIONS)
        if self._state is None:
            raise G722Unavailable("no memory for a codec")

    def close(self) -> None:
        """Free it; repeatable."""
        if self._state is not None:
            self._free(self._state)
            self._state = None

    def __del__(self) -> None:
        if getattr(self, "_state", None) is not None:
            self.close()

    def _convert(self, target: npt.NDArray[np.generic], source: npt.NDArray[np.generic]) -> None:
        if self._state is None:
            raise ValueError("codec is closed")
        if not (source.flags.c_contiguous and target.flags.c_contiguous):
            raise ValueError("arrays must be contiguous")
        self._run(self._state, target.ctypes.data, source.ctypes.data, source.size)


class G722Encoder(_Codec):
    """One direction of one call.

    Raises:
        G722Unavailable: The library is missing.
    """

    def __init__(self) -> None:
        super().__init__("encode")

    def encode(self, samples: I16, out: U8) -> None:
        """Encode samples at 16 kHz.

        Args:
            samples: Shape (n,), n even, contiguous.
            out: Shape (n / 2,), contiguous.

        Raises:
            ValueError: Shapes don't fit or the codec is closed.
        """
        if samples.dtype != np.int16 or out.dtype != np.uint8 or samples.size != 2 * out.size:
            raise ValueError("G.722 makes one byte of two int16 samples")
        self._convert(out, samples)


class G722Decoder(_Codec):
    """One direction of one call.

    Raises:
        G722Unavailable: The library is missing.
    """

    def __init__(self) -> None:
        super().__init__("decode")

    def decode(self, words: U8, out: I16) -> None:
        """Decode to samples at 16 kHz.

        Args:
            words: Shape (n,), contiguous.
            out: Shape (2 n,), contiguous.

        Raises:
            ValueError: Shapes don't fit or the codec is closed.
        """
        if words.dtype != np.uint8 or out.dtype != np.int16 or out.size != 2 * words.size:
            raise ValueError("G.722 makes two int16 samples of one byte")
        self._convert(out, words)
