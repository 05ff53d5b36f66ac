"""What the office uploads as a prompt: any format in, a telephone's sound out, and a way back."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from firmware.core.errors import UserError
from firmware.core.media import PlayFile
from ivr.prompts import Prompts, decode
from ivr.prompts.audio import LOUDNESS_DBFS, MAX_SECONDS, PEAK_DBFS, RATE, read_wav, to_telephone
from ivr.prompts.decode import MAX_BYTES
from ivr.prompts.own import OwnPrompts, normalised


def voice(seconds: float, rate: int, level: float = 0.02, channels: int = 1) -> NDArray[np.float32]:
    """Return something like a voice: harmonics of 150 Hz that come and go, and silence on both sides."""
    time = np.arange(round(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * 150 * n * time) / n for n in range(1, 20)) * (1.2 + np.sin(8 * time))
    silence = np.zeros(rate // 2)
    mono = np.concatenate((silence, tone * level, silence)).astype(np.float32)
    return np.repeat(mono[:, None], channels, axis=1)


def file(samples: NDArray[np.float32], rate: int, format_: str, subtype: str | None = None) -> bytes:
    data = io.BytesIO()
    soundfile.write(data, samples, rate, format=format_, subtype=subtype)
    return data.getvalue()


def decibels(value: float) -> float:
    return float(20 * np.log10(value))


@pytest.mark.parametrize(
    ("format_", "subtype", "rate", "channels"),
    [
        ("WAV", "PCM_16", 8000, 1),
        ("WAV", "PCM_24", 44_100, 2),
        ("WAV", "FLOAT", 96_000, 2),
        ("WAV", "ULAW", 8000, 1),
        ("FLAC", "PCM_16", 48_000, 1),
        ("OGG", "VORBIS", 32_000, 2),
        ("OGG", "OPUS", 16_000, 1),
        ("MP3", None, 44_100, 1),
        ("AIFF", "PCM_16", 22_050, 1),
    ],
)
def test_any_format_becomes_a_prompt_of_the_right_length_and_loudness(
    format_: str, subtype: str | None, rate: int, channels: int
) -> None:
    prompt = decode.decode(file(voice(1.0, rate, channels=channels), rate, format_, subtype))
    assert 1.0 <= len(prompt) / RATE <= 1.35
    assert decibels(np.abs(prompt).max()) <= PEAK_DBFS + 0.1
    middle = prompt[RATE // 4 : RATE]
    assert abs(decibels(np.sqrt(np.mean(middle**2))) - LOUDNESS_DBFS) < 4


@pytest.mark.parametrize(
    ("hertz", "passes"), [(50, False), (300, True), (1000, True), (3300, True), (3950, False)]
)
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_only_a_telephones_band_is_kept_and_nothing_folds_into_it(
    hertz: int, passes: bool, rate: int
) -> None:
    tone = np.sin(2 * np.pi * hertz * np.arange(rate) / rate).astype(np.float32)
    heard = to_telephone(tone, rate)
    assert len(heard) == RATE
    level = decibels(np.sqrt(np.mean(heard[800:-800] ** 2)) / np.sqrt(0.5))
    assert abs(level) < 0.2 if passes else level < -30
    folding = np.sin(2 * np.pi * 5000 * np.arange(rate) / rate).astype(np.float32)
    assert np.abs(to_telephone(folding, rate)[800:-800]).max() < 0.003


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "Use WAV, MP3"),
        (b"this is a letter, not a recording" * 50, "Use WAV, MP3"),
        (file(voice(0.5, 8000), 8000, "WAV")[:30], "Use WAV, MP3"),
        (file(np.zeros((8000, 1), np.float32), 8000, "WAV"), "silent. Check the microphone"),
        (file(np.full((8000, 1), np.nan, np.float32), 8000, "WAV", "FLOAT"), "silent"),
        (file(np.zeros((2, 1), np.float32), 2000, "WAV"), "Save it as mono at 8 to 48 kHz"),
        (file(np.zeros((2, 9), np.float32), 8000, "WAV"), "Save it as mono at 8 to 48 kHz"),
        (file(np.zeros(((MAX_SECONDS + 1) * 4000, 1), np.float32), 4000, "FLAC"), "longer than 120 seconds"),
        (bytes(MAX_BYTES + 1), "larger than 20 MB"),
    ],
)
def test_what_can_not_be_used_is_refused_in_plain_words(data: bytes, words: str) -> None:
    with pytest.raises(UserError, match=words):
        decode.decode(data)


def test_the_decoder_runs_in_its_own_process_and_its_words_reach_the_person() -> None:
    prompt = normalised(file(voice(1.0, 16_000), 16_000, "FLAC"), cut_seconds=1.0)
    assert 0.4 <= len(prompt) / RATE <= 0.75
    with pytest.raises(UserError, match="Use WAV, MP3"):
        normalised(b"nonsense")


def test_an_upload_is_played_the_one_before_comes_back_and_a_removed_one_too(tmp_path: Path) -> None:
    own = OwnPrompts(tmp_path)
    path = tmp_path / "en" / "own" / "spring-sale.wav"
    first = own.upload("en", "spring-sale", file(voice(1.0, 8000), 8000, "WAV"))
    assert (first.name, first.undoable) == ("spring-sale", False)
    assert Prompts(tmp_path, "en")("own/spring-sale") == [PlayFile(str(path))]
    own.upload("en", "spring-sale", file(voice(2.0, 8000), 8000, "WAV"))
    assert [round(prompt.seconds) for prompt in own.listed("en")] == [2]
    own.undo("en", "spring-sale")
    assert len(read_wav(path)[0]) / RATE == pytest.approx(first.seconds, abs=0.01)
    own.undo("en", "spring-sale")
    assert [(round(p.seconds), p.undoable) for p in own.listed("en")] == [(2, True)]
    assert own.keys() == {"own/spring-sale"}
    # A caller who chose the other language hears it rather than nothing.
    assert Prompts(tmp_path, "zh-CN")("own/spring-sale") == [PlayFile(str(path))]
    own.remove("en", "spring-sale")
    assert own.listed("en") == []
    own.undo("en", "spring-sale")
    assert [round(prompt.seconds) for prompt in own.listed("en")] == [2]


def test_a_bad_upload_leaves_what_was_there(tmp_path: Path) -> None:
    own = OwnPrompts(tmp_path)
    own.upload("en", "greeting", file(voice(1.0, 8000), 8000, "WAV"))
    before = (tmp_path / "en" / "own" / "greeting.wav").read_bytes()
    with pytest.raises(UserError):
        own.upload("en", "greeting", b"nonsense")
    assert (tmp_path / "en" / "own" / "greeting.wav").read_bytes() == before
    assert [path.name for path in (tmp_path / "en" / "own").iterdir()] == ["greeting.wav"]


@pytest.mark.parametrize(
    ("language", "name", "words"),
    [
        ("en", "../greeting", "small letters"),
        ("en", "a.previous", "small letters"),
        ("en", "", "small letters"),
        ("fr", "greeting", "Choose one of zh-CN, en"),
        ("..", "greeting", "Choose one of zh-CN, en"),
    ],
)
def test_names_and_languages_can_not_leave_the_folder(
    tmp_path: Path, language: str, name: str, words: str
) -> None:
    own = OwnPrompts(tmp_path)
    for act in (own.undo, own.remove, lambda *_: own.keep(language, name, np.zeros(80, np.float32))):
        with pytest.raises(UserError, match=words):
            act(language, name)
    assert list(tmp_path.iterdir()) == []


def test_there_is_nothing_to_undo_or_remove_where_nothing_was(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no version before"):
        OwnPrompts(tmp_path).undo("en", "sale")
    with pytest.raises(UserError, match="none of that name"):
        OwnPrompts(tmp_path).remove("en", "sale")
