"""What can be played to a port."""

from __future__ import annotations

import enum

import msgspec


class PlayFile(msgspec.Struct, frozen=True, tag="file"):
    """A mono 16-bit WAV file at 8000 Hz."""

    path: str
    start_ms: int = 0
    """How much of its beginning is left out; from beyond its end on it is as if it were empty."""


class PlayTone(msgspec.Struct, frozen=True, tag="tone"):
    """A tone of one or more frequencies with a cadence."""

    frequencies: tuple[float, ...]
    """Hz, summed."""
    cadence_ms: tuple[int, ...]
    """On, off, on, off … in milliseconds; empty for a continuous tone."""
    level_dbm0: float = -15.0
    """Of each frequency."""
    duration_ms: int | None = None
    """How long in all; None repeats the cadence until stopped."""
    modulated_by: float = 0.0
    """Hz that its loudness swings with, as some countries' ringback does; 0 for a plain tone."""


class PlaySilence(msgspec.Struct, frozen=True, tag="silence"):
    duration_ms: int


class CallerIdStandard(enum.StrEnum):
    """How caller id is sent on a two-wire line."""

    BELL_202 = "bell202"
    """FSK as in GR-30; China and North America."""
    V23 = "v23"
    """FSK as in EN 300 659, without the alerting signal."""
    DTMF = "dtmf"
    """Digits between A and C."""


class PlayCallerId(msgspec.Struct, frozen=True, tag="caller_id"):
    """Caller id as an exchange sends it to an analog phone, between rings or before the first."""

    number: str | None
    """Digits; None when there is none to show."""
    name: str | None = None
    withheld: bool = False
    month: int = 1
    day: int = 1
    hour: int = 0
    minute: int = 0
    """The moment of the call, in local time, for phones that set their clock by it."""
    standard: CallerIdStandard = CallerIdStandard.BELL_202


PlayItem = PlayFile | PlayTone | PlaySilence | PlayCallerId
