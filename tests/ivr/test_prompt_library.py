"""The folder of prompts: what is spoken into it, what is played from it."""

from __future__ import annotations

import tomllib
import wave
from pathlib import Path

import numpy as np
import pytest

from firmware.app.outbound import OfficeSpeaker
from firmware.core.media import PlayFile, PlaySilence
from firmware.settings.store import SettingsStore
from ivr.prompts import Prompts, audio, catalogue, speak_missing, speech
from ivr.prompts.audio import RATE, read_wav
from ivr.prompts.catalogue import CATALOGUE, LANGUAGES
from ivr.prompts.library import MISSING
from ivr.prompts.samples import joined, render
from ivr.prompts.spoken import ATOMS, PAUSE


@pytest.fixture
def spoken_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have a synthesiser that says one same vowel at once, and notes what it was given."""
    texts: list[str] = []

    def vowel(words: str, language: str, speed: int) -> audio.Samples:
        texts.append(words)
        hum = np.sin(2 * np.pi * 440 * np.arange(2400) / RATE).astype(np.float32) * np.float32(0.1)
        return np.concatenate((np.zeros(1600, np.float32), hum, np.zeros(3200, np.float32)))

    monkeypatch.setattr(speech, "_spoken", vowel)
    return texts


def test_every_key_of_every_language_gets_its_file_once(tmp_path: Path, spoken_texts: list[str]) -> None:
    told = list(speak_missing(tmp_path))
    assert "en/greeting" in told
    assert f"zh-CN: {len(ATOMS['zh-CN'])} words of spoken values" in told
    for language in LANGUAGES:
        there = {path.stem for path in (tmp_path / language).glob("*.wav")}
        assert there == set(CATALOGUE) | set(ATOMS[language])
    count = len(spoken_texts)
    assert list(speak_missing(tmp_path)) == []
    assert len(spoken_texts) == count


def test_a_lost_file_an_edited_text_and_a_torn_manifest_are_spoken_again(
    tmp_path: Path, spoken_texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    list(speak_missing(tmp_path))
    (tmp_path / "en" / "say-7.wav").unlink()
    monkeypatch.setitem(CATALOGUE["busy"], "en", "That phone is busy.")
    assert list(speak_missing(tmp_path)) == ["en/busy", "en: 1 words of spoken values"]
    (tmp_path / "en" / ".spoken.json").write_bytes(b'{"greeting": ')
    assert f"en: {len(ATOMS['en'])} words of spoken values" in list(speak_missing(tmp_path))


def test_every_sentence_has_one_key_and_both_languages() -> None:
    document = tomllib.loads(Path(catalogue.__file__).with_name("sentences.toml").read_text("utf-8"))
    keys = [key for section in document.values() for key in section]
    assert len(keys) == len(set(keys))
    assert all(len(texts) == 2 and all(texts) for section in document.values() for texts in section.values())


def test_words_to_be_joined_have_no_silence_around_them_and_sentences_a_breath(
    tmp_path: Path, spoken_texts: list[str]
) -> None:
    list(speak_missing(tmp_path))
    word, _ = read_wav(tmp_path / "en" / "say-7.wav")
    sentence, _ = read_wav(tmp_path / "en" / "greeting.wav")
    assert 0.3 <= len(word) / RATE <= 0.34
    assert 0.5 <= len(sentence) / RATE <= 0.56


def test_prompts_are_files_in_order_with_silence_between_groups(
    tmp_path: Path, spoken_texts: list[str]
) -> None:
    list(speak_missing(tmp_path))
    prompts = Prompts(tmp_path, "zh-CN")
    items = prompts("greeting", *prompts.spoken.phone("62345678"))
    names = [Path(item.path).stem if isinstance(item, PlayFile) else "-" for item in items]
    assert names == ["greeting", "say-6", "say-2", "say-3", "say-4", "-", "say-5", "say-6", "say-7", "say-8"]
    assert isinstance(prompts(PAUSE)[0], PlaySilence)


def test_the_offices_own_prompt_goes_before_the_spoken_one(tmp_path: Path, spoken_texts: list[str]) -> None:
    list(speak_missing(tmp_path))
    own = tmp_path / "en" / "own"
    own.mkdir()
    (own / "greeting.wav").write_bytes(b"")
    (own / "spring-sale.wav").write_bytes(b"")
    prompts = Prompts(tmp_path, "zh-CN").in_language("en")
    assert prompts("greeting", "own/spring-sale") == [
        PlayFile(str(own / "greeting.wav")),
        PlayFile(str(own / "spring-sale.wav")),
    ]
    assert prompts("own/summer-sale") == [MISSING]
    assert prompts("own/../../etc/passwd") == [MISSING]


def test_a_key_that_is_nowhere_is_a_mistake_and_a_lost_file_a_tone(tmp_path: Path) -> None:
    prompts = Prompts(tmp_path, "en")
    assert prompts("greeting") == [MISSING]
    with pytest.raises(KeyError):
        prompts("greting")


def test_a_synthesiser_that_is_not_there_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(speech.SpeechError, match="apt install espeak-ng"):
        list(speak_missing(tmp_path))


@pytest.mark.parametrize("language", LANGUAGES)
def test_really_spoken_words_are_connected_and_equally_loud(tmp_path: Path, language: str) -> None:
    keys = Prompts(tmp_path, language).spoken.number(10_526)
    list(speech.speak_atoms({key: ATOMS[language][key] for key in keys}, language, tmp_path))
    loudness = []
    for key in keys:
        with wave.open(str(tmp_path / f"{key}.wav")) as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        word, _ = read_wav(tmp_path / f"{key}.wav")
        assert 0.1 < len(word) / RATE < 1.2
        assert np.abs(word).max() <= 10 ** (audio.PEAK_DBFS / 20) + 1e-3
        loudness.append(20 * np.log10(np.sqrt(np.mean(word**2))))
    assert max(loudness) - min(loudness) < 6
    sentence = joined([PlayFile(str(tmp_path / f"{key}.wav")) for key in keys])
    window = np.abs(sentence[: len(sentence) // 160 * 160]).reshape(-1, 160).max(axis=1)
    quiet = "".join("." if level < 0.003 else "#" for level in window)
    assert "......" not in quiet.strip("."), "a gap of 120 ms inside a number"


@pytest.mark.slow
def test_every_key_and_the_sample_set_are_really_spoken_in_both_languages(tmp_path: Path) -> None:
    told = list(render(tmp_path))
    for language in LANGUAGES:
        for key in [*CATALOGUE, *ATOMS[language]]:
            sound, rate = read_wav(tmp_path / "prompts" / language / f"{key}.wav")
            assert rate == RATE
            # The longest names the nine keys of a mailbox.
            assert 0.1 < len(sound) / RATE < 22, key
            assert np.abs(sound).max() > 0.1, key
        lines = (tmp_path / language / "samples.txt").read_text("utf-8").splitlines()
        assert f"{tmp_path / language}: {len(lines)} samples" in told
        assert {line.split("\t")[0] for line in lines} == {
            p.name for p in (tmp_path / language).glob("*.wav")
        }
    assert "number-10500.wav\t一万零五百" in (tmp_path / "zh-CN" / "samples.txt").read_text("utf-8")


@pytest.mark.parametrize(("chosen", "folder"), [("", "zh-CN"), ("en", "en"), ("zh-CN", "zh-CN")])
def test_the_office_speaks_to_callers_in_the_language_they_chose(
    tmp_path: Path, chosen: str, folder: str
) -> None:
    settings = SettingsStore(tmp_path / "settings.json")
    settings.open()
    for language in LANGUAGES:
        (tmp_path / language).mkdir()
        for key in (*CATALOGUE, *ATOMS[language]):
            (tmp_path / language / f"{key}.wav").touch()
    speaker = OfficeSpeaker(tmp_path, settings).in_language(chosen)
    items = [*speaker.say("queue-position"), *speaker.number(3), *speaker.digits("71")]
    assert {Path(item.path).parent.name for item in items if isinstance(item, PlayFile)} == {folder}
    assert len(items) >= 4
