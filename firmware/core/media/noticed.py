"""What is done with, and listened for in, what comes in at a port; and what is told of it."""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec


class DigitHeard(msgspec.Struct, frozen=True, tag="digit"):
    """A keypress arrived on a port, reported at its beginning."""

    digit: str
    """One of `0`-`9`, `*`, `#`, `A`-`D`."""


class PortFailed(msgspec.Struct, frozen=True, tag="failed"):
    """The port's device or socket is gone; it stays silent until closed."""

    reason: str


class ToneNoticed(msgspec.Struct, frozen=True, tag="tone_noticed"):
    """The network or a fax machine sounds a tone on a port. Told again with every further round."""

    name: str
    """`dial`, `ringback`, `busy`, `congestion`, `sit`, `cng`, `ced`, or the name of a learned pattern."""
    cycles: int
    """Rounds of its cadence heard in succession; 1 for a continuous tone."""


class FellSilent(msgspec.Struct, frozen=True, tag="fell_silent"):
    """Nobody has spoken on a port for as long as its options said."""

    silent_ms: int


class CallerNoticed(msgspec.Struct, frozen=True, tag="caller_noticed"):
    """A line's caller id message, between rings."""

    number: str | None
    name: str | None
    withheld: bool


class AnswerSign(enum.StrEnum):
    """What speaks for an answer on a line that doesn't tell."""

    VOICE_HEARD = "voice_heard"
    """Somebody or something speaks: the call is answered."""
    RINGING_STOPPED = "ringing_stopped"
    """No ringback for longer than its longest pause."""
    SEEMS_PERSON = "seems_person"
    SEEMS_RECORDING = "seems_recording"
    """A guess by the length of the greeting; nothing must be decided by these two."""


class AnswerNoticed(msgspec.Struct, frozen=True, tag="answer_noticed"):
    """The called party of an outgoing call seems to have answered."""

    sign: AnswerSign


class LevelMetered(msgspec.Struct, frozen=True, tag="level_metered"):
    """How loud a port was during the last 200 ms. Silence is -96 dBm0."""

    input_dbm0: float
    """What comes in, after gain and level control."""
    input_peak_dbm0: float
    """Its loudest sample, as the level of a sine with that peak; +3.1 is where it clips."""
    output_dbm0: float
    """What is sent to it."""


PortEvent = DigitHeard | PortFailed | ToneNoticed | FellSilent | CallerNoticed | AnswerNoticed | LevelMetered
PortListener = Callable[[PortEvent], None]


class LearnedTone(msgspec.Struct, frozen=True):
    """A line's own tone, as `MediaPlane.learn_tone` found it."""

    frequencies: tuple[float, ...]
    """Hz; one or two."""
    cadence_ms: tuple[int, int]
    """On and off."""
    name: str = "busy"
    """What `ToneNoticed` shall call it; it takes the place of the country's tone of that name."""


class PortOptions(msgspec.Struct, frozen=True):
    """What is done with, and listened for in, what comes in at a port. All off costs nothing."""

    gain_db: float = 0.0
    """For everybody who hears the port."""
    level_control: bool = False
    """Bring quiet speech to the usual level, slowly."""
    echo_canceller: bool = False
    """Take the line's echo of what we send out of what comes in; for devices only."""
    detect_digits: bool = False
    """Hear DTMF in the audio; RFC 4733 events are heard anyway."""
    tones_of: str | None = None
    """ISO 3166 code of the country whose progress tones (and fax tones) are to be noticed."""
    silence_ms: int = 0
    """Tell `FellSilent` after so long; 0 for never."""
    caller_id: bool = False
    """Listen for caller id, as FSK or digits."""
    learned_tones: tuple[LearnedTone, ...] = ()
    """Noticed besides the tones of `tones_of`, or in place of those of their names."""
    detect_answer: bool = False
    """Tell `AnswerNoticed`, for outgoing calls on lines without answer supervision."""
    meter: bool = False
    """Tell `LevelMetered` five times a second."""
