"""Prompts, tones, music and caller id, to the sample."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from firmware.core.media import PlayFile, PlaySilence, PlayTone
from firmware.media import protocol
from firmware.media.dsp.units import level_of
from firmware.media.g711 import I16, ULAW
from tests.media.rig import EngineRig, tone


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


def _prompt(path: Path, samples: np.ndarray, rate: int = 8000, channels: int = 1) -> PlayFile:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(samples.astype("<i2").tobytes())
    return PlayFile(str(path))


def _words(samples: I16) -> bytes:
    """Return how a phone hears these samples."""
    return ULAW.encode(np.ascontiguousarray(samples)).tobytes()


class TestPlayers:
    def test_a_prompt_is_heard_to_the_sample_and_its_end_is_told(
        self, rig: EngineRig, tmp_path: Path
    ) -> None:
        alice = rig.phone()
        samples = tone(440, 0.505)
        name = rig.play(alice.port_id, _prompt(tmp_path / "p.wav", samples))
        rig.run(1)
        assert _words(samples) in alice.words()
        assert rig.happened(protocol.PlaybackEnded) == [protocol.PlaybackEnded(name)]

    def test_items_follow_each_other_without_a_gap(self, rig: EngineRig, tmp_path: Path) -> None:
        alice = rig.phone()
        one, other = tone(440, 0.123), tone(1000, 0.077)
        rig.play(
            alice.port_id,
            _prompt(tmp_path / "1.wav", one),
            PlaySilence(50),
            _prompt(tmp_path / "2.wav", other),
        )
        rig.run(1)
        silence = np.zeros(400, np.int16)
        assert _words(np.concatenate((one, silence, other))) in alice.words()

    def test_repeating_goes_on_until_stopped(self, rig: EngineRig, tmp_path: Path) -> None:
        alice = rig.phone()
        samples = tone(440, 0.1)
        name = rig.play(alice.port_id, _prompt(tmp_path / "p.wav", samples), repeat=True)
        rig.run(1)
        assert _words(np.tile(samples, 8)) in alice.words()
        rig.engine.apply(protocol.StopPlaying(name))
        before = len(alice.words())
        rig.run(0.1)
        assert set(alice.words()[before:]) == {ULAW.silence}

    def test_a_tone_has_its_frequencies_cadence_and_level(self, rig: EngineRig) -> None:
        alice = rig.phone()
        rig.play(alice.port_id, PlayTone((450,), (100, 200), level_dbm0=-15, duration_ms=600))
        rig.run(1)
        heard = alice.heard()
        start = int(np.flatnonzero(heard)[0]) - 1
        on = heard[start : start + 800]
        assert not heard[start + 800 : start + 2400].any()
        assert heard[start + 2401 : start + 3200].any()
        assert not heard[start + 4800 :].any()
        assert level_of(on[100:700]) == pytest.approx(-15, abs=0.1)
        # No edge is steeper than the tone itself: what clicks is heard in the whole band.
        assert np.abs(np.diff(heard.astype(np.int32))).max() <= 1.05 * np.abs(np.diff(on[100:700])).max()

    def test_a_tone_that_is_cut_off_in_its_midst_does_not_click(self, rig: EngineRig) -> None:
        alice = rig.phone()
        rig.play(alice.port_id, PlayTone((450,), (), level_dbm0=-10, duration_ms=103))
        rig.run(0.5)
        heard = alice.heard().astype(np.int32)
        loud = np.flatnonzero(heard)
        assert loud[-1] - loud[0] == pytest.approx(103 * 8, abs=8)
        steps = np.abs(np.diff(heard))
        assert steps.max() <= 1.05 * steps[loud[0] + 100 : loud[0] + 700].max()

    def test_a_message_is_taken_up_where_it_was_left(self, rig: EngineRig, tmp_path: Path) -> None:
        alice = rig.phone()
        first, second = tone(440, 0.75), tone(1000, 0.25)
        message = _prompt(tmp_path / "m.wav", np.concatenate((first, second)))
        rig.play(alice.port_id, PlayFile(message.path, start_ms=750))
        rig.run(0.5)
        assert alice.words().strip(bytes([ULAW.silence])) == _words(second).strip(bytes([ULAW.silence]))

    def test_a_second_prompt_takes_the_place_of_the_first(self, rig: EngineRig) -> None:
        alice = rig.phone()
        first = rig.play(alice.port_id, PlayTone((440,), ()))
        rig.run(0.5)
        rig.play(alice.port_id, PlayTone((1000,), ()))
        rig.run(0.5)
        assert rig.happened(protocol.PlaybackEnded) == [protocol.PlaybackEnded(first)]
        spectrum = np.abs(np.fft.rfft(alice.heard()[-2000:] * np.hanning(2000)))
        assert spectrum[250] > 1000 * spectrum[110]

    def test_a_tone_is_heard_on_top_of_the_other_party(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        alice.says(tone(400, 1, 4000))
        rig.play(bob.port_id, PlayTone((1000,), (), duration_ms=1000))
        rig.run(1)
        spectrum = np.abs(np.fft.rfft(bob.heard()[2400:6400].astype(float)))
        assert spectrum[200] > 100 * spectrum[300]
        assert spectrum[500] > 100 * spectrum[300]

    @pytest.mark.parametrize(("rate", "channels", "words"), [(16000, 1, "16000 Hz"), (8000, 2, "2 channels")])
    def test_a_file_of_another_format_fails_with_the_reason(
        self, rig: EngineRig, tmp_path: Path, rate: int, channels: int, words: str
    ) -> None:
        alice = rig.phone()
        rig.play(alice.port_id, _prompt(tmp_path / "p.wav", tone(440, 0.1), rate, channels))
        rig.run(0.1)
        (ended,) = rig.happened(protocol.PlaybackEnded)
        assert isinstance(ended, protocol.PlaybackEnded)
        assert ended.error is not None and words in ended.error

    def test_a_missing_file_or_impossible_tone_fails_after_what_came_before(self, rig: EngineRig) -> None:
        alice = rig.phone()
        rig.play(alice.port_id, PlayTone((450,), (), duration_ms=100), PlayFile("/nowhere/p.wav"))
        rig.run(0.2)
        rig.play(alice.port_id, PlayTone((5000,), ()))
        rig.run(0.1)
        errors = [
            event.error
            for event in rig.happened(protocol.PlaybackEnded)
            if isinstance(event, protocol.PlaybackEnded)
        ]
        assert errors[0] == "/nowhere/p.wav: No such file or directory"
        assert "5000" in str(errors[1])
        assert alice.heard().any()

    def test_repeating_nothing_ends_instead_of_spinning(self, rig: EngineRig) -> None:
        alice = rig.phone()
        rig.play(alice.port_id, PlaySilence(0), repeat=True)
        rig.run(0.1)
        assert rig.happened(protocol.PlaybackEnded)
