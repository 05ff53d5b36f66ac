"""Outgoing calls on a line that never says whether somebody answered, heard through the real detectors."""

from __future__ import annotations

import numpy as np

from firmware.media.dsp.activity import ActivityBank
from firmware.media.dsp.answer import Answer, AnswerDetector, Sound
from firmware.media.dsp.progress import ProgressBank
from firmware.media.dsp.progress_data import plan_of
from firmware.media.dsp.tones import tone
from firmware.media.dsp.units import I16, to_int16
from tests.media.dsp.signals import at_level, frames, noisy, silence, utterance

RING = np.concatenate((tone((450,), 1000, -20), silence(4)))
HELLO = to_int16(at_level(utterance("en-us", "Hello?"), -20))
MACHINE = to_int16(
    at_level(
        utterance(
            "en-gb", "You have reached the office of Smith and Sons. Nobody can take your call at present."
        ),
        -20,
    )
)


def concluded(*parts: I16) -> list[tuple[Answer, float]]:
    """Return what was concluded and when, in seconds."""
    line = noisy(np.concatenate(parts), -55)
    activity, progress, detector = ActivityBank(1), ProgressBank(1, plan_of("CN")), AnswerDetector()
    found = []
    for index, frame in enumerate(frames(line)):
        activity.feed(frame)
        if any(event.name == "sit" for event in progress.feed(frame)):
            detector.information_tone()
        tone_now = progress.shape[0] >= 0
        sound = Sound.TONE if tone_now else Sound.OTHER if activity.active[0] else Sound.QUIET
        answer = detector.feed(sound)
        if answer is not None:
            found.append((answer, index * 0.02))
    return found


def test_a_person_says_hello_and_waits() -> None:
    found = concluded(silence(1), RING, RING, HELLO, silence(3))
    assert [answer for answer, _ in found] == [Answer.VOICE_HEARD, Answer.SEEMS_PERSON]
    assert found[0][1] < 11 + 0.7


def test_a_machine_goes_on_talking() -> None:
    found = concluded(RING, RING, MACHINE, silence(2))
    assert [answer for answer, _ in found] == [Answer.VOICE_HEARD, Answer.SEEMS_RECORDING]


def test_ringing_alone_is_no_answer() -> None:
    assert concluded(silence(1), RING, RING, RING, RING) == []


def test_ringing_that_stops_is_told() -> None:
    found = concluded(RING, RING, silence(4))
    assert [answer for answer, _ in found] == [Answer.RINGING_STOPPED]


def test_busy_is_no_answer() -> None:
    burst = np.concatenate((tone((450,), 350, -20), silence(0.35)))
    assert concluded(*[burst] * 12) == []


def test_an_announcement_after_the_information_tone_is_a_recording_however_short() -> None:
    sit = np.concatenate([tone((hertz,), 330, -18) for hertz in (950, 1400, 1800)])
    found = concluded(silence(0.5), sit, silence(0.2), HELLO, silence(3))
    assert [answer for answer, _ in found] == [Answer.VOICE_HEARD, Answer.SEEMS_RECORDING]


def test_silence_concludes_nothing() -> None:
    detector = AnswerDetector()
    assert [detector.feed(Sound.QUIET) for _ in range(2000)] == [None] * 2000
