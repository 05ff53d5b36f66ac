"""Call-progress tones by country, as data (reference D: ITU-T E.180 supplement 2 and national plans)."""

from __future__ import annotations

import msgspec

from firmware.core.media import PlayTone


class ToneSet(msgspec.Struct, frozen=True):
    """What a country's callers expect to hear."""

    dial: PlayTone
    ringback: PlayTone
    busy: PlayTone
    congestion: PlayTone


def _tone(frequencies: tuple[float, ...], cadence_ms: tuple[int, ...], level_dbm0: float) -> PlayTone:
    return PlayTone(frequencies=frequencies, cadence_ms=cadence_ms, level_dbm0=level_dbm0)


# Levels of the sum: dial -13, ringback -19, busy -24 dBm0 is the North American practice; one-frequency
# plans are played at -15 dBm0 throughout, inside every national window.
COUNTRIES: dict[str, ToneSet] = {
    "CN": ToneSet(
        dial=_tone((450,), (), -15),
        ringback=_tone((450,), (1000, 4000), -15),
        busy=_tone((450,), (350, 350), -15),
        congestion=_tone((450,), (700, 700), -15),
    ),
    "US": ToneSet(
        dial=_tone((350, 440), (), -16),
        ringback=_tone((440, 480), (2000, 4000), -22),
        busy=_tone((480, 620), (500, 500), -27),
        congestion=_tone((480, 620), (250, 250), -27),
    ),
    "GB": ToneSet(
        dial=_tone((350, 440), (), -16),
        ringback=_tone((400, 450), (400, 200, 400, 2000), -22),
        busy=_tone((400,), (375, 375), -19),
        congestion=_tone((400,), (400, 350, 225, 525), -19),
    ),
}


def tones_of(country: str) -> ToneSet:
    """Return the tones of a country by its ISO 3166 code; China's for a country not listed."""
    return COUNTRIES.get(country.upper(), COUNTRIES["CN"])
