"""A device of 16 kHz as one of 8: the plane's rate. What lies above 3.4 kHz, no telephone beyond hears."""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.media.dsp.halfband import Decimator, Interpolator
from firmware.media.pcm import PcmDevice
from firmware.media.pcm_stream import SampleAligner

WIDE_RATE: Final = 16000


class WideDevice:
    """A `PcmDevice` around one that runs at `WIDE_RATE`.

    Args:
        device: Its samples and chunks are those of 16 kHz.
    """

    def __init__(self, device: PcmDevice) -> None:
        self._device = device
        self._aligner = SampleAligner()
        """Torn samples must be mended before they are filtered."""
        self._decimator = Decimator()
        self._interpolator = Interpolator()

    @property
    def dropped(self) -> int:
        return self._device.dropped

    @property
    def chunk(self) -> int:
        return self._device.chunk // 2

    @property
    def ahead(self) -> int:
        return self._device.ahead // 2

    def ready(self) -> bool:
        return self._device.ready()

    def read(self) -> bytes:
        return self._decimator.process(self._aligner.feed(self._device.read())).tobytes()

    def write(self, samples: bytes) -> None:
        self._device.write(self._interpolator.process(np.frombuffer(samples, "<i2")).tobytes())

    def close(self) -> None:
        self._device.close()
