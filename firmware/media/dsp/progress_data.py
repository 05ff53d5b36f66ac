"""Call-progress tones to listen for, by country, as data (reference D; ITU-T E.180 supplement 2).

What a country plays is `firmware.core.tones`; this is what a detector must know: frequencies without
levels, and cadences. Where sources disagree (Japan's and Singapore's ringback) every frequency named is
listed: the cadence tells tones apart.
"""

from __future__ import annotations

from typing import Final

import msgspec


class TonePattern(msgspec.Struct, frozen=True):
    """One tone as a network sends it."""

    name: str
    """`dial`, `ringback`, `busy`, `congestion`, `waiting`, `unobtainable`, `sit`, `cng`, `ced`, `learned`."""
    frequencies: tuple[float, ...]
    """Hz; summed, modulated or near each other."""
    cadence_ms: tuple[int, ...] = ()
    """On, off, on, off …; empty for a continuous tone."""
    cycles: int = 2
    """How often the cadence must be heard before it is believed."""
    settle_ms: int | None = None
    """How long its last part must have lasted to be believed; None means nine tenths of a pause, and for a
    continuous tone longer than any burst of the same frequencies."""
    in_turn: bool = False
    """Whether the frequencies follow one another, `cadence_ms` each, instead of sounding together."""


class TonePlan(msgspec.Struct, frozen=True):
    """Everything one row listens for."""

    patterns: tuple[TonePattern, ...]

    def with_pattern(self, pattern: TonePattern) -> TonePlan:
        """Return a plan with one pattern more, or in place of the one of that name; it is matched first."""
        rest = tuple(known for known in self.patterns if known.name != pattern.name)
        return TonePlan((pattern, *rest))


SIT_HZ: Final = (950.0, 1400.0, 1800.0)
"""Special information tone: three in a row (E.180)."""
SIT_MS: Final = 330
SIT: Final = TonePattern("sit", SIT_HZ, (SIT_MS, SIT_MS, SIT_MS), 1, settle_ms=200, in_turn=True)
CED_HZ: Final = 2100.0
"""Fax or modem answers (T.30 CED, V.25 ANS, V.8 ANSam)."""
CNG: Final = TonePattern("cng", (1100.0,), (500, 3000), 1, settle_ms=100)
"""Fax calls (T.30): its first burst counts, as the called side has few seconds to react."""
CED: Final = TonePattern("ced", (CED_HZ,), settle_ms=1000)
FAX: Final = (CNG, CED)


def _ringback(frequencies: tuple[float, ...], *cadence_ms: int) -> TonePattern:
    return TonePattern("ringback", frequencies, cadence_ms, 1)


def _plan(
    dial: tuple[float, ...],
    ringback: TonePattern,
    busy: tuple[float, ...],
    busy_ms: tuple[int, ...],
    congestion_ms: tuple[int, ...],
    *more: TonePattern,
    dial_ms: tuple[int, ...] = (),
) -> TonePlan:
    return TonePlan(
        (
            TonePattern("dial", dial, dial_ms),
            ringback,
            TonePattern("busy", busy, busy_ms),
            TonePattern("congestion", busy, congestion_ms),
            *more,
        )
    )


_NORTH_AMERICA: Final = ((350.0, 440.0), (440.0, 480.0), (480.0, 620.0))
_HALF: Final = (500, 500)
_QUARTER: Final = (250, 250)

COUNTRIES: Final[dict[str, TonePlan]] = {
    "CN": _plan(
        (450,),
        _ringback((450,), 1000, 4000),
        (450,),
        (350, 350),
        (700, 700),
        TonePattern("waiting", (450,), (400, 4000)),
        TonePattern("unobtainable", (450,), (100, 100, 100, 100, 100, 100, 400, 400)),
    ),
    "US": _plan(
        _NORTH_AMERICA[0], _ringback(_NORTH_AMERICA[1], 2000, 4000), _NORTH_AMERICA[2], _HALF, _QUARTER
    ),
    "GB": _plan(
        (350, 440), _ringback((400, 450), 400, 200, 400, 2000), (400,), (375, 375), (400, 350, 225, 525)
    ),
    "HK": _plan(
        _NORTH_AMERICA[0],
        _ringback(_NORTH_AMERICA[1], 400, 200, 400, 3000),
        _NORTH_AMERICA[2],
        _HALF,
        _QUARTER,
    ),
    "TW": _plan(
        _NORTH_AMERICA[0], _ringback(_NORTH_AMERICA[1], 1000, 2000), _NORTH_AMERICA[2], _HALF, _QUARTER
    ),
    "MO": _plan((425,), _ringback((425,), 1000, 4000), (425,), _HALF, _QUARTER),
    "SG": _plan((425,), _ringback((401, 425, 449), 400, 200, 400, 2000), (425,), (750, 750), _QUARTER),
    "DE": _plan((425,), _ringback((425,), 1000, 4000), (425,), (480, 480), (240, 240)),
    "JP": _plan((400,), _ringback((384, 400, 416), 1000, 2000), (400,), _HALF, _HALF),
    "KR": _plan(
        _NORTH_AMERICA[0], _ringback(_NORTH_AMERICA[1], 1000, 2000), _NORTH_AMERICA[2], _HALF, (300, 200)
    ),
    "FR": _plan((440,), _ringback((440,), 1500, 3500), (440,), _HALF, _QUARTER),
    "IT": _plan(
        (425,), _ringback((425,), 1000, 4000), (425,), _HALF, (200, 200), dial_ms=(200, 200, 600, 1000)
    ),
    # Congestion is 425 Hz in bursts of alternating loudness with busy's cadence, and reported as busy.
    "AU": _plan((413, 438), _ringback((413, 438), 400, 200, 400, 2000), (425,), (375, 375), (375, 375)),
    "IN": _plan(
        (375, 400, 425), _ringback((375, 400, 425), 400, 200, 400, 2000), (400,), (750, 750), _QUARTER
    ),
    "MY": _plan((425,), _ringback((425,), 400, 200, 400, 2000), (425,), _HALF, _HALF),
}
"""By ISO 3166 code. Two tones of one cadence are reported by the first one's name. India's congestion, which
reference D lacks, is E.180's."""


def plan_of(country: str) -> TonePlan:
    """Return what to listen for in a country, fax tones included; China's for a country not listed."""
    plan = COUNTRIES.get(country.upper(), COUNTRIES["CN"])
    return TonePlan((*plan.patterns, SIT, *FAX))
