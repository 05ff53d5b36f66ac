"""Whether somebody has answered, on lines that don't say so: analog trunks without line reversal.

Theory of operation. What is fed is a row's judgement frame by frame: a tone of the network, some other
sound, or quiet.

    waiting ── tone ──► ringing ── quiet for longer than any pause of the ringback ──► RingingStopped
       └────── sound that is no tone for 240 ms of the last 600 ──────┴──► greeting ──► VoiceHeard
    greeting ── 900 ms of quiet after at most 2.6 s of sound ──► SeemsPerson
             └─ more sound than that ──► SeemsRecording

VoiceHeard is the moment to count the call as answered, and sure enough to bridge by. The last two are a
guess from the habit that a person says "hello?" and waits, while a machine or an announcement goes on
talking; talkative people and terse machines are guessed wrong, so nothing must be *decided* by it. A
special information tone before (SIT) makes it a recording.

Sources: practice of answering-machine detection; thresholds between Asterisk's AMD defaults (2.5 s
greeting, 0.8 s silence).
"""

from __future__ import annotations

import enum
from collections import deque
from typing import Final

from firmware.media.dsp.units import FRAME_MS

VOICE_FRAMES: Final = 240 // FRAME_MS
VOICE_SPAN: Final = 600 // FRAME_MS
PERSON_MS: Final = 2600
PAUSE_MS: Final = 900
RINGBACK_MARGIN: Final = 1.3


class Sound(enum.Enum):
    """What a frame of the line was."""

    QUIET = "quiet"
    TONE = "tone"
    OTHER = "other"


class Answer(enum.Enum):
    """What was concluded."""

    VOICE_HEARD = "voice heard"
    RINGING_STOPPED = "ringing stopped"
    SEEMS_PERSON = "seems a person"
    SEEMS_RECORDING = "seems a recording"


class _State(enum.Enum):
    WAITING = "waiting"
    RINGING = "ringing"
    GREETING = "greeting"
    DONE = "done"


class AnswerDetector:
    """One outgoing call's ear.

    Args:
        longest_pause_ms: Longest pause of the country's ringback.
    """

    def __init__(self, longest_pause_ms: int = 4000) -> None:
        self._limit_ms = longest_pause_ms * RINGBACK_MARGIN
        self._state = _State.WAITING
        self._recent: deque[Sound] = deque(maxlen=VOICE_SPAN)
        self._quiet_ms = 0
        self._greeting_ms = 0
        self._announced = False

    def information_tone(self) -> None:
        """Tell that a special information tone was heard: a recording follows."""
        self._announced = True

    def feed(self, sound: Sound) -> Answer | None:
        """Take one frame's judgement; return a conclusion when there is one."""
        self._recent.append(sound)
        self._quiet_ms = 0 if sound is not Sound.QUIET else self._quiet_ms + FRAME_MS
        if self._state is _State.GREETING:
            return self._greeting(sound)
        if self._state is _State.DONE:
            return None
        if self._recent.count(Sound.OTHER) >= VOICE_FRAMES:
            self._state = _State.GREETING
            self._greeting_ms = VOICE_FRAMES * FRAME_MS
            return Answer.VOICE_HEARD
        if sound is Sound.TONE:
            self._state = _State.RINGING
        elif self._state is _State.RINGING and self._quiet_ms > self._limit_ms:
            self._state = _State.WAITING
            return Answer.RINGING_STOPPED
        return None

    def _greeting(self, sound: Sound) -> Answer | None:
        if sound is Sound.OTHER:
            self._greeting_ms += FRAME_MS
        if self._announced or self._greeting_ms > PERSON_MS:
            self._state = _State.DONE
            return Answer.SEEMS_RECORDING
        if self._quiet_ms >= PAUSE_MS:
            self._state = _State.DONE
            return Answer.SEEMS_PERSON
        return None
