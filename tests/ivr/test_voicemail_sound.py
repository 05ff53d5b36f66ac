"""What is cut off a message, and what never is."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from firmware.core.errors import DeviceError
from firmware.core.tones import tones_of
from ivr.prompts.audio import RATE, Samples
from ivr.voicemail.sound import finish, trimmed

CHINA = (tones_of("CN").busy, tones_of("CN").congestion)


def speech(seconds: float, seed: int = 1, level: float = 0.1) -> Samples:
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE)).astype(np.float32)


def silence(seconds: float, level: float = 0.0003) -> Samples:
    return np.random.default_rng(9).normal(0, level, round(seconds * RATE)).astype(np.float32)


def tone(hertz: float, seconds: float, level: float = 0.12) -> Samples:
    moments = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hertz * moments)).astype(np.float32)


def busy(rounds: int) -> Samples:
    return np.concatenate([np.concatenate((tone(450, 0.35), silence(0.35))) for _ in range(rounds)])


def seconds(samples: Samples) -> float:
    return len(samples) / RATE


def test_silence_goes_off_both_ends_and_stays_in_between() -> None:
    said = np.concatenate((silence(3), speech(2), silence(4), speech(1), silence(8)))
    kept, spoken_ms = trimmed(said, CHINA)
    assert seconds(kept) == pytest.approx(7, abs=0.4)
    assert spoken_ms == pytest.approx(3000, abs=100)


def test_the_busy_tone_of_a_caller_who_has_gone_is_cut_off() -> None:
    kept, _ = trimmed(np.concatenate((speech(5), silence(1), busy(6))), CHINA)
    assert seconds(kept) == pytest.approx(5, abs=0.3)


def test_a_tone_in_the_middle_of_what_is_said_stays() -> None:
    kept, _ = trimmed(np.concatenate((speech(2), busy(3), speech(2))), CHINA)
    assert seconds(kept) == pytest.approx(6.1, abs=0.3)


def test_a_short_whistle_at_the_end_is_the_callers() -> None:
    kept, _ = trimmed(np.concatenate((speech(3), tone(450, 0.12))), CHINA)
    assert seconds(kept) == pytest.approx(3.12, abs=0.1)


@pytest.mark.parametrize("nothing", [silence(10), busy(8), np.zeros(0, np.float32)])
def test_where_nothing_is_said_nothing_is_kept(nothing: Samples) -> None:
    kept, spoken_ms = trimmed(nothing, CHINA)
    assert (len(kept), spoken_ms) == (0, 0)


def test_a_recording_whose_header_is_behind_is_kept_to_its_last_sample(tmp_path: Path) -> None:
    path = tmp_path / "message.wav"
    stereo = np.repeat((speech(4) * 32767).astype("<i2"), 2)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(stereo.tobytes())
    content = path.read_bytes()
    path.write_bytes(content[:40] + struct.pack("<I", 1000) + content[44:] + b"\x01")
    sound = finish(path, CHINA, 0.0)
    assert sound.duration_ms == pytest.approx(4000, abs=40)
    with wave.open(str(path)) as heard:
        assert (heard.getnchannels(), heard.getframerate()) == (1, RATE)
    again = finish(path, CHINA, 0.0)
    assert again.duration_ms == sound.duration_ms, "done twice, it is the same"


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\0\0\0\0WAVEfmt " + bytes(60), b"\0" * 1000])
def test_what_is_no_recording_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "message.wav"
    path.write_bytes(content)
    with pytest.raises(DeviceError):
        finish(path, CHINA, 0.0)
    assert path.read_bytes() == content
