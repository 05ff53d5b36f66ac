"""Two clocks that disagree play to each other for hours."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.media.dsp.clockline import ClockLine
from firmware.media.dsp.resampler import AsyncResampler
from firmware.media.dsp.units import FRAME, I16, RATE, to_int16
from tests.media.dsp.signals import tone_fit

BOOT = 86400.0
"""Nothing may depend on the monotonic clock beginning at 0."""


def exact_hertz(part: I16, near: float) -> float:
    """Return a tone's frequency from its advance between two halves: steering moves it by some ppm."""
    half = len(part) // 2
    turning = np.exp(-2j * np.pi * near / RATE * np.arange(len(part))) * part
    window = np.hanning(half)
    advance = np.angle(np.sum(window * turning[half:]) * np.conj(np.sum(window * turning[:half])))
    return near + float(advance) * RATE / (2 * np.pi * half)


class TwoClocks:
    """A device of its own clock pushes a tone, our tick pulls."""

    def __init__(self, ppm: float, jitter_ms: float, *, hertz: float = 1000.0, target: int = 320) -> None:
        self.resampler = AsyncResampler(target)
        self.true_hertz = hertz * (1 + ppm * 1e-6)
        self._hertz = hertz
        self._period = FRAME / RATE / (1 + ppm * 1e-6)
        self._jitter = jitter_ms / 1000
        self._dice = np.random.default_rng(7)
        self._frames = 0
        self._ticks = 0
        self._next = self._period
        self.silent_ticks = 0
        self.stalled = False

    def run(self, duration: float, *, listen: bool = True) -> I16:
        """Let time pass; return what was pulled."""
        heard = []
        out = np.zeros(FRAME, np.int16)
        for _ in range(round(duration * RATE / FRAME)):
            self._ticks += 1
            now = self._ticks * FRAME / RATE
            while self._next <= now:
                self._frames += 1
                if not self.stalled:
                    self.resampler.push(self._tone(), BOOT + self._next)
                late = abs(self._dice.normal(0, self._jitter))
                self._next = max(self._next, (self._frames + 1) * self._period + late)
            woken = BOOT + now + abs(self._dice.normal(0, 0.0003))
            self.silent_ticks += not self.resampler.pull(FRAME, woken, out)
            if listen:
                heard.append(out.copy())
        return np.concatenate(heard) if heard else np.zeros(0, np.int16)

    def _tone(self) -> I16:
        moments = np.arange((self._frames - 1) * FRAME, self._frames * FRAME)
        return to_int16(10000 * np.sin(2 * np.pi * self._hertz / RATE * moments))

    def worst_snr_db(self, heard: I16) -> float:
        """Return the worst quarter second's; a click anywhere shows."""
        return min(
            tone_fit(part, exact_hertz(part, self.true_hertz))[1] for part in heard.reshape(-1, RATE // 4)
        )


@pytest.mark.parametrize("jitter_ms", [0.5, 5.0])
@pytest.mark.parametrize("ppm", [-300.0, -50.0, 300.0])
def test_minutes_at_any_deviation_are_clean_and_exact(ppm: float, jitter_ms: float) -> None:
    clocks = TwoClocks(ppm, jitter_ms)
    first = clocks.run(30)[RATE:]
    clocks.run(240, listen=False)
    last = clocks.run(10)
    assert clocks.worst_snr_db(first) > 55
    assert clocks.worst_snr_db(last) > 70
    assert clocks.resampler.ppm == pytest.approx(ppm, abs=0.5)
    assert clocks.silent_ticks <= 5
    assert 100 < clocks.resampler.fill < 420
    assert clocks.resampler.delay == pytest.approx(320, abs=4)
    assert clocks.resampler.underruns == clocks.resampler.overflows == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("ppm", [-300.0, 300.0])
def test_two_hours_add_no_delay_and_no_click(ppm: float) -> None:
    clocks = TwoClocks(ppm, 2.0)
    fills = []
    for _ in range(24):
        heard = clocks.run(300)
        assert clocks.worst_snr_db(heard[RATE:]) > 55
        fills.append(clocks.resampler.fill)
    assert clocks.resampler.ppm == pytest.approx(ppm, abs=0.5)
    assert max(fills) - min(fills) < 200
    assert clocks.silent_ticks <= 5
    assert clocks.resampler.underruns == clocks.resampler.overflows == 0


@pytest.mark.parametrize("hertz", [300.0, 1000.0, 2000.0, 3000.0, 3400.0])
def test_the_filter_is_flat_and_clean_over_the_telephone_band(hertz: float) -> None:
    clocks = TwoClocks(100.0, 0.2, hertz=hertz)
    clocks.run(60, listen=False)
    heard = clocks.run(2)
    level, snr = tone_fit(heard, exact_hertz(heard, clocks.true_hertz))
    assert snr > 65
    assert level == pytest.approx(20 * np.log10(10000 / 22301), abs=0.1)


def test_a_device_that_stalls_fades_out_and_in_again() -> None:
    clocks = TwoClocks(50.0, 0.5)
    clocks.run(20, listen=False)
    clocks.stalled = True
    gap = clocks.run(0.4)
    clocks.stalled = False
    after = clocks.run(1.0)
    steepest = 10000 * 2 * np.pi * 1000 / RATE
    assert np.abs(np.diff(np.concatenate((gap, after)).astype(int))).max() < 1.1 * steepest
    assert not gap[-800:].any()
    assert clocks.resampler.underruns == 1
    assert clocks.worst_snr_db(after[-RATE // 2 :]) > 50
    clocks.run(60, listen=False)
    assert clocks.resampler.fill < 420
    assert clocks.resampler.ppm == pytest.approx(50, abs=5)


def test_a_puller_that_stood_still_finds_no_old_sound() -> None:
    resampler = AsyncResampler(320)
    for index in range(500):
        resampler.push(np.full(FRAME, index, np.int16), index * 0.02)
    out = np.zeros(FRAME, np.int16)
    assert resampler.overflows > 0
    for index in range(20):
        resampler.pull(FRAME, 10 + index * 0.02, out)
        resampler.push(np.full(FRAME, 500, np.int16), 10 + index * 0.02)
    assert out[-1] >= 490
    resampler.push(np.zeros(100_000, np.int16), 11.0)
    assert resampler.fill < 8000


def test_blocks_of_other_sizes_and_a_device_that_pulls_at_its_own_pace() -> None:
    """The playback direction: our ticks push, the device takes 128 samples whenever it likes."""
    ppm = -120.0
    resampler = AsyncResampler(400)
    dice = np.random.default_rng(3)
    pulled, pushed, heard = 0, 0, []
    period = 128 / RATE / (1 + ppm * 1e-6)
    out = np.zeros(128, np.int16)
    while pulled < 8000:
        wanted = (pulled + 1) * period
        while (pushed + 1) * 0.02 < wanted:
            moments = np.arange(pushed * FRAME, (pushed + 1) * FRAME)
            pushed += 1
            resampler.push(to_int16(10000 * np.sin(2 * np.pi * 0.125 * moments)), BOOT + pushed * 0.02)
        resampler.pull(128, BOOT + wanted + abs(dice.normal(0, 0.001)), out)
        pulled += 1
        heard.append(out.copy())
    assert resampler.ppm == pytest.approx(-ppm, abs=1)
    end = np.concatenate(heard[-100:])
    assert tone_fit(end, exact_hertz(end, 1000.0))[1] > 60


def test_a_clock_line_survives_lateness_and_lost_samples() -> None:
    line = ClockLine(8000)
    assert line.at(5.0) == 0
    assert not line.started
    count = 0.0
    for index in range(6000):
        count += 160 * (1 + 80e-6)
        late = 0.9 if index % 500 == 499 else 0.0
        line.observe(count, BOOT + index * 0.02 + late)
    assert line.ppm == pytest.approx(80, abs=1)
    count -= 8000
    for index in range(6000, 9000):
        count += 160 * (1 + 80e-6)
        line.observe(count, BOOT + index * 0.02)
    assert line.restarts == 1
    assert line.ppm == pytest.approx(80, abs=1)
    assert line.at(BOOT + 8999 * 0.02) == pytest.approx(count, abs=10)
    assert line.uncertainty_ppm < 1
