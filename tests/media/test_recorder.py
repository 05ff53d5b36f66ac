"""Stereo recordings: what is in them, at every moment, whatever happens."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from firmware.core.media import PCMA
from firmware.media import protocol
from tests.media.rig import EngineRig, heard_frequency, level_db, longest_gap_ms, tone


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


class TestRecorder:
    def test_left_and_right_are_what_came_in(self, rig: EngineRig, tmp_path: Path) -> None:
        alice, bob = rig.phone(), rig.phone(PCMA)
        rig.bridge(alice, bob)
        rig.record(tmp_path / "r.wav", alice.port_id, bob.port_id)
        alice.says(tone(440, 3))
        bob.says(tone(1000, 3))
        rig.run(3)
        rig.engine.apply(protocol.StopRecording("recorder"))
        rig.run(0.04)
        left, right = stereo(tmp_path / "r.wav")
        assert len(left) == 24000
        assert heard_frequency(left[2000:]) == 440
        assert heard_frequency(right[2000:]) == 1000
        assert abs(level_db(left[2000:], tone(440, 3))) < 0.3
        assert longest_gap_ms(left) < 5
        assert rig.happened(protocol.RecordingClosed) == [protocol.RecordingClosed("recorder", 24000)]

    def test_the_file_is_playable_up_to_its_last_second_at_any_moment(
        self, rig: EngineRig, tmp_path: Path
    ) -> None:
        alice = rig.phone()
        rig.record(tmp_path / "r.wav", alice.port_id, alice.port_id)
        for seconds in range(1, 6):
            rig.run(1)
            left, _ = stereo(tmp_path / "r.wav")
            assert seconds * 8000 - 8000 < len(left) <= seconds * 8000

    def test_a_party_that_leaves_is_silence_and_keeps_time(self, rig: EngineRig, tmp_path: Path) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.record(tmp_path / "r.wav", alice.port_id, bob.port_id)
        alice.says(tone(440, 2))
        bob.says(tone(1000, 2))
        rig.run(1)
        rig.engine.apply(protocol.ClosePort(bob.port_id))
        carol = rig.phone()
        assert carol.row == bob.row
        carol.says(tone(2000, 1))
        rig.run(1)
        rig.engine.apply(protocol.StopRecording("recorder"))
        rig.run(0.02)
        left, right = stereo(tmp_path / "r.wav")
        assert len(left) == 16000
        assert left[8000:].any() and not right[8000:].any()

    def test_a_restart_leaves_silence_of_the_right_length(self, rig: EngineRig, tmp_path: Path) -> None:
        alice = rig.phone()
        rig.record(tmp_path / "r.wav", alice.port_id, alice.port_id)
        alice.says(tone(440, 1.6))
        rig.run(1.6)
        second = EngineRig()
        second.now_ns = 2_600_000_000
        again = second.phone()
        second.engine.apply(
            protocol.Record("recorder", str(tmp_path / "r.wav"), again.port_id, again.port_id, 0)
        )
        again.says(tone(1000, 0.8))
        second.run(0.8)
        left, _ = stereo(tmp_path / "r.wav")
        assert len(left) == pytest.approx(3.4 * 8000, abs=400)
        assert heard_frequency(left[2000:12000]) == 440
        assert not left[13000:20700].any()
        assert heard_frequency(left[22000:]) == 1000

    def test_a_missing_folder_is_told_and_the_call_goes_on(self, rig: EngineRig, tmp_path: Path) -> None:
        alice = rig.phone()
        rig.record(tmp_path / "none" / "r.wav", alice.port_id, alice.port_id)
        rig.run(1)
        assert rig.happened(protocol.RecordingClosed) == [
            protocol.RecordingClosed("recorder", 0, "No such file or directory")
        ]
        assert len(alice.packets()) == 50

    def test_a_full_disk_ends_the_recording_not_the_call(self, rig: EngineRig) -> None:
        alice = rig.phone()
        rig.record(Path("/dev/full"), alice.port_id, alice.port_id)
        rig.run(2)
        (closed,) = rig.happened(protocol.RecordingClosed)
        assert isinstance(closed, protocol.RecordingClosed)
        assert closed.error is not None
        assert len(alice.packets()) == 100


def stereo(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, 8000)
        samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2")
    return samples[0::2].astype(np.int16), samples[1::2].astype(np.int16)
