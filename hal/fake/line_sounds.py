"""What sounds on an analog line, as the exchange and a telephone make and hear it: 8 kHz, frames of 20 ms.

    exchange ── progress tones (450 Hz), caller id (FSK) ──► box          box ── keys ──► KeyEar ──► exchange

Without numpy: a frame is 160 samples, and only sound is looked at.
"""

from __future__ import annotations

import array
import itertools
import math
from collections.abc import Iterator

from hal.fake.audio import FRAME_BYTES, KEYPAD_TONES, RATE, SILENT_FRAME, cut, sines

_TONE_HERTZ = 450
_TONE_DBM0 = -10.0
CADENCES: dict[str, tuple[float, ...]] = {
    "dial": (),
    "special": (0.4, 0.04),
    "stutter": (),
    "ringback": (1.0, 4.0),
    "busy": (0.35, 0.35),
    "congestion": (0.7, 0.7),
    "own": (0.25, 0.25),
}
"""Seconds on and off by tone (GB/T 3380, GF 002-9002: China), and a private exchange's own busy tone; empty
for a steady one.
"""
_LEADS: dict[str, tuple[float, ...]] = {"stutter": (0.1, 0.1) * 3}
"""Seconds on and off before that (Telcordia GR-506: recall dial tone)."""

_MARK, _SPACE, _BAUD = 1200, 2200, 1200
"""Bell 202, as China's caller id (telephony-reference C3)."""
_SEIZURE_BITS, _MARK_BITS = 300, 180
_FSK_DBM0 = -13.5
_MDMF, _NUMBER, _NO_NUMBER, _TIME = 0x80, 0x02, 0x04, 0x01

_KEY_HERTZ = sorted({hertz for pair in KEYPAD_TONES.values() for hertz in pair})
_KEY_FLOOR = 500.0
"""Mean magnitude below which a frame is taken for silence: about -36 dBm0."""
_KEY_SHARE = 0.7
"""Of the frame's energy that a key's two tones hold at least; speech holds less."""
_TONE_SHARE = 0.15
"""That each of the two holds at least."""


def tone(name: str) -> Iterator[bytes]:
    """Yield the frames of a progress tone, for ever."""
    second = list(cut(sines([_TONE_HERTZ], _TONE_DBM0, RATE)))
    spans = CADENCES[name]
    yield from _in_turn(second, _LEADS.get(name, ()))
    if not spans:
        yield from itertools.cycle(second)
    while True:
        yield from _in_turn(second, spans)


def lead_seconds(name: str) -> float:
    """Return how long a tone sounds otherwise before it is itself."""
    return sum(_LEADS.get(name, ()))


def _in_turn(second: list[bytes], spans: tuple[float, ...]) -> Iterator[bytes]:
    """Yield the frames of a tone that is on and off for so many seconds each."""
    for span, sounds in zip(spans, itertools.cycle((True, False)), strict=False):
        frames = itertools.cycle(second) if sounds else itertools.repeat(SILENT_FRAME)
        yield from itertools.islice(frames, round(span * RATE * 2 / FRAME_BYTES))


def caller_id(number: str | None) -> Iterator[bytes]:
    """Yield the frames of a caller id between two rings (MDMF); None for a withheld number."""
    parameters = bytes([_NO_NUMBER, 1]) + b"P"
    if number is not None:
        parameters = bytes([_NUMBER, len(number)]) + number.encode("ascii")
    message = bytes([_MDMF, len(parameters)]) + parameters
    message += bytes([-sum(message) & 0xFF])
    bits = [index % 2 for index in range(_SEIZURE_BITS)] + [1] * _MARK_BITS
    for octet in message:
        bits += [0, *((octet >> place) & 1 for place in range(8)), 1]
    return cut(_fsk([*bits, *[1] * 20]))


def _fsk(bits: list[int]) -> bytes:
    amplitude = 32767 * 10 ** ((_FSK_DBM0 - 3.14) / 20)
    samples = array.array("h")
    phase = 0.0
    for position in range(len(bits) * RATE // _BAUD):
        hertz = _MARK if bits[position * _BAUD // RATE] else _SPACE
        phase += 2 * math.pi * hertz / RATE
        samples.append(round(amplitude * math.sin(phase)))
    return samples.tobytes()


class KeyEar:
    """Hears keys, each once, in what is said into a line."""

    def __init__(self) -> None:
        self._before: str | None = None
        self._told: str | None = None

    def hear(self, frame: bytes) -> str | None:
        """Take 20 ms; return a key when it has sounded for two frames, and not again until it paused."""
        key = _key_in(frame)
        sure = key is not None and key == self._before
        self._before = key
        if key is None:
            self._told = None
        if not sure or key == self._told:
            return None
        self._told = key
        return key


def _key_in(frame: bytes) -> str | None:
    samples = array.array("h", frame)
    if sum(map(abs, samples)) < _KEY_FLOOR * len(samples):
        return None
    energy = sum(sample * sample for sample in samples) * len(samples) / 2
    powers = {hertz: _power(samples, hertz) for hertz in _KEY_HERTZ}
    shares = {key: (powers[low] + powers[high]) / energy for key, (low, high) in KEYPAD_TONES.items()}
    best = max(shares, key=lambda key: shares[key])
    weaker = min(powers[hertz] for hertz in KEYPAD_TONES[best]) / energy
    return best if shares[best] > _KEY_SHARE and weaker > _TONE_SHARE else None


def _power(samples: array.array[int], hertz: int) -> float:
    """Return the energy at a frequency (Goertzel), in the scale of the frame's own."""
    turn = 2 * math.cos(2 * math.pi * hertz / RATE)
    one = two = 0.0
    for sample in samples:
        one, two = sample + turn * one - two, one
    return one * one + two * two - turn * one * two
