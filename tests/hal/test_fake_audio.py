"""What simulated parties say and hear."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from hal.fake.audio import FRAME_BYTES, SILENT_FRAME, AudioError, Ear, Voice, check_items


def spoken(voice: Voice, frames: int) -> npt.NDArray[np.int16]:
    return np.frombuffer(b"".join(voice.frame() for _ in range(frames)), dtype="<i2")


def peaks(samples: npt.NDArray[np.int16], count: int) -> list[int]:
    """Return the strongest frequencies in Hz, ascending."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    found: list[int] = []
    for i in np.argsort(spectrum)[::-1]:
        hertz = int(i) * 8000 // len(samples)
        if all(abs(hertz - other) > 60 for other in found):
            found.append(hertz)
        if len(found) == count:
            break
    return sorted(found)


def write_wav(path: Path, samples: npt.NDArray[np.int16], rate: int = 8000, channels: int = 1) -> None:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(samples.astype("<i2").tobytes())


def test_a_tone_has_its_frequency_and_level_and_no_seams() -> None:
    samples = spoken(Voice(["tone:440:-15"]), 200)
    assert peaks(samples, 1) == [440]
    rms_dbm0 = 20 * np.log10(np.sqrt(np.mean(samples.astype(float) ** 2)) / (32767 / np.sqrt(2))) + 3.14
    assert rms_dbm0 == pytest.approx(-15, abs=0.1)
    assert np.max(np.abs(np.diff(samples.astype(int)))) < 2000


def test_keys_sound_as_dtmf_and_then_the_voice_goes_on() -> None:
    voice = Voice(["tone:440"])
    voice.press("5")
    assert peaks(spoken(voice, 5), 2) == pytest.approx([770, 1336], abs=12)
    assert not spoken(voice, 3).any()
    assert peaks(spoken(voice, 50), 1) == [440]


def test_items_follow_each_other_and_end_in_silence(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.full(200, 7, dtype=np.int16))
    voice = Voice([str(tmp_path / "a.wav"), "silence:0.04", str(tmp_path / "a.wav")], delay_s=0.02)
    samples = spoken(voice, 10)
    assert [int(samples[i * 160]) for i in range(10)] == [0, 7, 7, 0, 0, 7, 7, 0, 0, 0]
    assert np.count_nonzero(samples) == 400


def test_a_loop_goes_on(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.full(160, 7, dtype=np.int16))
    assert spoken(Voice([str(tmp_path / "a.wav")], loop=True), 500).all()


def test_saying_nothing_is_silence() -> None:
    assert Voice().frame() == SILENT_FRAME


def test_an_ear_writes_what_it_hears(tmp_path: Path) -> None:
    ear = Ear(str(tmp_path / "heard.wav"))
    for _ in range(3):
        ear.hear(b"\x01\x00" * 160)
    ear.close()
    with wave.open(str(tmp_path / "heard.wav")) as wav:
        assert (wav.getnframes(), wav.getframerate(), wav.getnchannels()) == (480, 8000, 1)
        assert wav.readframes(160) == b"\x01\x00" * 160
    assert len(SILENT_FRAME) == FRAME_BYTES


@pytest.mark.parametrize(
    "item",
    ["tone:abc", "tone:5000", "tone:0", "tone:440:9", "silence:-1", "silence:inf", "/missing.wav", "tone"],
)
def test_items_that_cannot_be_played_are_named(item: str) -> None:
    with pytest.raises(AudioError, match=item.split(":", maxsplit=1)[0]):
        check_items([item])


def test_a_wav_file_of_another_format_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "fast.wav", np.zeros(10, dtype=np.int16), rate=44100)
    write_wav(tmp_path / "stereo.wav", np.zeros(10, dtype=np.int16), channels=2)
    (tmp_path / "text.wav").write_text("no audio at all")
    for name in ("fast.wav", "stereo.wav", "text.wav"):
        with pytest.raises(AudioError, match=name):
            check_items([str(tmp_path / name)])


def test_an_ear_without_a_folder_is_refused() -> None:
    with pytest.raises(AudioError, match="can't be written"):
        Ear("/no/such/folder/heard.wav")
