"""Ports whose clocks are some hundred parts per million off ours, and what is heard through them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from firmware.media.g711 import FRAME, I16, ULAW
from tests.media.rig import EngineRig, FakePcm, tone

Heard = npt.NDArray[np.int32]
"""Samples, wide enough to be reckoned with."""
SPOKEN_HZ = 975
EDGE = 80
"""Samples at either end of a tone."""
QUIET_SAMPLES = 40
"""After which a tone counts as over."""
WHOLE_SNR_DB = 25.0
"""Of a tone through µ-law, where nothing is left out; a slip by half a period leaves 20."""
KEPT_SECONDS = 10
"""What is kept of what a port was sent, at least."""


class SkewedLine:
    """A device whose clock is `ppm` off ours: it hums a tone, and hears what it is sent at its own pace."""

    def __init__(self, rig: EngineRig, ppm: float, frequency: float, device: FakePcm | None = None) -> None:
        self.port_id, self.device = rig.line(f"/dev/skewed{ppm}{frequency}", device)
        self._rig = rig
        self._rate = 8000 * (1 + ppm / 1e6)
        self._frequency = frequency
        self._began = rig.now_ns
        self._said = 0
        self._forgotten = 0
        """Samples it was sent that are not kept."""

    def step(self) -> None:
        """Deliver the lumps that are due; keep the last seconds of what it was sent."""
        if len(self.device.written) > 2 * KEPT_SECONDS * 16000:
            self._forgotten += KEPT_SECONDS * 8000
            del self.device.written[: KEPT_SECONDS * 16000]
        due = int((self._rig.now_ns - self._began) / 1e9 * self._rate)
        while self._said + FRAME <= due:
            moments = np.arange(self._said, self._said + FRAME)
            # The tone is exact by our clock, so that what is heard can be measured by it.
            phase = 2 * np.pi * self._frequency / self._rate * moments
            self.device.incoming += (8000 * np.sin(phase)).astype("<i2").tobytes()
            self._said += FRAME

    @property
    def written(self) -> float:
        """How many samples it was sent, less what it wanted by its own clock."""
        return self._forgotten + len(self.device.written) / 2 - self._elapsed * self._rate

    @property
    def _elapsed(self) -> float:
        return (self._rig.now_ns - self._began) / 1e9

    def heard_at(self) -> tuple[float, Heard]:
        """Return the last four seconds of what it was sent, and when they began, in seconds by our clock."""
        samples = np.frombuffer(self.device.written[-4 * 16000 :], "<i2").astype(np.int32)
        return self._elapsed - len(samples) / self._rate, samples


class SkewedPhone:
    """A phone whose clock is `ppm` off ours: it says 0.8 s of tone, and pauses for 0.2 s."""

    def __init__(self, rig: EngineRig, ppm: float) -> None:
        self.phone = rig.phone()
        self._rig = rig
        self._period_ns = 20e6 / (1 + ppm / 1e6)
        self._began = rig.now_ns
        self._sent = 0
        # A frame holds half a period too much, so that one left out, or played twice, in a tone is heard.
        both = ULAW.encode(tone(SPOKEN_HZ, 0.04)).tobytes()
        self._tone = both[:FRAME], both[FRAME:]
        self._pause = bytes([ULAW.silence]) * FRAME

    def step(self) -> None:
        """Send the packets that are due; keep the last seconds of what it was sent."""
        if len(self.phone.packets()) > 2 * KEPT_SECONDS * 50:
            del self.phone.packets()[: KEPT_SECONDS * 50]
        while (due := self._began + (self._sent + 1) * self._period_ns) <= self._rig.now_ns:
            self._rig.network.arrived_before[self.phone.row] = (self._rig.now_ns - due) / 1e9
            self.phone.packet(self._pause if self._sent % 50 >= 40 else self._tone[self._sent % 2])
            self._sent += 1

    def heard_at(self) -> tuple[float, Heard]:
        """Return the last four seconds of what it was sent, and when they began, in seconds by our clock."""
        packets = self.phone.packets()[-4 * 50 :]
        words = np.frombuffer(b"".join(packet.payload for packet in packets), np.uint8)
        # A packet's sound begins when it comes.
        began = (self._rig.now_ns - self._began) / 1e9 - 0.02 * (len(packets) - 1)
        return began, ULAW.decoded[words].astype(np.int32)

    def delays(self, began: float, heard: Heard) -> list[float]:
        """Return how long after they were said the beginnings of tones are heard, in seconds."""
        loud = np.abs(heard) > 2000
        onsets = [at for at in np.flatnonzero(loud) if at > 800 and not loud[at - 800 : at].any()]
        second = 50 * self._period_ns / 1e9
        return [(began + at / 8000) % second for at in onsets]


def torn(heard: Heard) -> bool:
    """Whether four seconds of what a `SkewedPhone` says have a gap, a click or a slip in a tone."""
    at = np.flatnonzero(np.abs(heard) > 2000)
    tones = np.split(at, np.flatnonzero(np.diff(at) > QUIET_SAMPLES) + 1)
    # What is cut off at the ends, and where tones swell, is left out.
    whole = [heard[one[0] + EDGE : one[-1] - EDGE] for one in tones if len(one) > 4 * EDGE]
    return len(tones) > 5 or any(worst_snr(one) < WHOLE_SNR_DB for one in whole if len(one) >= 400)


def worst_snr(samples: I16 | Heard) -> float:
    """Return how much stronger than what is no tone a tone is, in the worst 50 ms, in dB.

    A tone of whatever frequency follows from its last two samples; a slip or a click does not. (A clock's
    hundreds of parts per million are nothing to an ear, but would be noise to a fixed frequency.)
    """
    blocks = samples[: len(samples) // 400 * 400].astype(np.float64).reshape(-1, 400)
    middle, outer = blocks[:, 1:-1], blocks[:, 2:] + blocks[:, :-2]
    factors = (middle * outer).sum(axis=1) / (np.square(middle).sum(axis=1) + 1e-9)
    noise = np.square(outer - factors[:, None] * middle).mean(axis=1)
    return float(10 * np.log10(np.square(middle).mean(axis=1) / noise).min())
