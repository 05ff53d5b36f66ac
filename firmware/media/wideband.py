"""G.722 ports where their audio is not simply passed on: mixed, recorded or listened to.

    payload (160 bytes) ─ G.722 ─► 16 kHz ─ half-band filter, every second ─► linear (160 samples)
    out_linear ─ a zero between any two, half-band filter ─► 16 kHz ─ G.722 ─► outgoing payload

Between two phones that both speak it the crosspoint copies the bytes, and none of this is done; what is mixed
has telephone bandwidth.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.media.dsp.g722 import WIDE_FRAME, G722Decoder, G722Encoder
from firmware.media.dsp.units import F32, to_int16
from firmware.media.g711 import I16, U8

TAPS: Final = 47
"""Of the half-band filter: 3.4 kHz passes, 4.6 kHz is 60 dB down."""
KAISER_BETA: Final = 6.0


def _half_band() -> F32:
    """Return a low pass at a quarter of the sample rate, shape (TAPS,), with unit gain."""
    offsets = np.arange(TAPS) - TAPS // 2
    taps = np.sinc(offsets / 2) * np.kaiser(TAPS, KAISER_BETA)
    return np.asarray(taps / taps.sum(), np.float32)


_FILTER: Final = _half_band()


class _Port:
    """One port's codec and the memory of its filters."""

    def __init__(self) -> None:
        self._decoder = G722Decoder()
        self._encoder = G722Encoder()
        self._heard: F32 = np.zeros(TAPS - 1, np.float32)
        self._sent: F32 = np.zeros(TAPS - 1, np.float32)

    def decode(self, words: U8, out: I16) -> None:
        wide = np.empty(WIDE_FRAME, np.int16)
        self._decoder.decode(np.ascontiguousarray(words), wide)
        joined = np.concatenate((self._heard, wide.astype(np.float32)))
        self._heard = joined[-(TAPS - 1) :]
        out[:] = to_int16(np.convolve(joined, _FILTER, "valid")[::2])

    def encode(self, samples: I16, out: U8) -> None:
        wide = np.zeros(WIDE_FRAME, np.float32)
        # Twice as loud, as every second sample is nothing.
        wide[::2] = samples
        wide[::2] *= 2
        joined = np.concatenate((self._sent, wide))
        self._sent = joined[-(TAPS - 1) :]
        words = np.empty(len(out), np.uint8)
        self._encoder.encode(to_int16(np.convolve(joined, _FILTER, "valid")), words)
        out[:] = words


class WidebandPorts:
    """All ports that speak G.722, by row."""

    def __init__(self) -> None:
        self._ports: dict[int, _Port] = {}

    def __len__(self) -> int:
        return len(self._ports)

    def open(self, row: int) -> None:
        """Have a row speak G.722. Repeatable.

        Raises:
            G722Unavailable: The library is missing.
        """
        if row not in self._ports:
            self._ports[row] = _Port()

    def close(self, row: int) -> None:
        """Have a row speak it no longer. Repeatable."""
        self._ports.pop(row, None)

    def decode(self, payload: U8, linear: I16) -> None:
        """Decode this tick's frame of every port.

        Args:
            payload: Of all rows, shape (rows, 160).
            linear: Written at the ports' rows, shape (rows, 160).
        """
        for row, port in self._ports.items():
            port.decode(payload[row], linear[row])

    def encode(self, linear: I16, copied: set[int], payload: U8) -> None:
        """Encode what ports hear, but for those that are passed another's bytes.

        Args:
            linear: Shape (rows, 160).
            copied: Rows whose payload is there already.
            payload: Written, shape (rows, 160).
        """
        for row, port in self._ports.items():
            if row not in copied:
                port.encode(linear[row], payload[row])
