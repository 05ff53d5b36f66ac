"""What call control asks of the media plane.

The switch keeps the *desired state*: ports, routes, players, recorders. The media process is told the
differences and, after a restart, everything again. So every call below takes effect "as soon as the media
process can", survives its death, and needs no repeating by the caller.

Audio inside is 16-bit linear, 8000 Hz, in frames of 160 samples (20 ms). Levels are in dBm0 as in ITU-T
G.711; gains in dB.
"""

from __future__ import annotations

from firmware.core.media.noticed import (
    AnswerNoticed,
    AnswerSign,
    CallerNoticed,
    DigitHeard,
    FellSilent,
    LearnedTone,
    LevelMetered,
    PortEvent,
    PortFailed,
    PortListener,
    PortOptions,
    ToneNoticed,
)
from firmware.core.media.plane import (
    MediaError,
    MediaPlane,
    Playback,
    PlaybackFailed,
    Quality,
    Recording,
    RecordingResult,
    Source,
)
from firmware.core.media.playing import (
    CallerIdStandard,
    PlayCallerId,
    PlayFile,
    PlayItem,
    PlaySilence,
    PlayTone,
)
from firmware.core.media.rtp import (
    G722,
    PCMA,
    PCMU,
    SRTP_KEY_BYTES,
    RtpAddress,
    RtpRemote,
    SrtpKeys,
    SrtpSuite,
)

__all__ = [
    "G722",
    "PCMA",
    "PCMU",
    "SRTP_KEY_BYTES",
    "AnswerNoticed",
    "AnswerSign",
    "CallerIdStandard",
    "CallerNoticed",
    "DigitHeard",
    "FellSilent",
    "LearnedTone",
    "LevelMetered",
    "MediaError",
    "MediaPlane",
    "PlayCallerId",
    "PlayFile",
    "PlayItem",
    "PlaySilence",
    "PlayTone",
    "Playback",
    "PlaybackFailed",
    "PortEvent",
    "PortFailed",
    "PortListener",
    "PortOptions",
    "Quality",
    "Recording",
    "RecordingResult",
    "RtpAddress",
    "RtpRemote",
    "Source",
    "SrtpKeys",
    "SrtpSuite",
    "ToneNoticed",
]
