"""Stereo recordings: what is in them, at every moment, whatever happens."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from firmware.core.media import PCMA
from firmware.media import protocol
from firmware.media.recorder_block import PLACES
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

    @pytest.mark.parametrize("side", [0, 1])
    def test_a_party_that_leaves_is_silence_and_keeps_time(
        self, rig: EngineRig, tmp_path: Path, side: int
    ) -> None:
        parties = [rig.phone(), rig.phone()]
        rig.record(tmp_path / "r.wav", parties[0].port_id, parties[1].port_id)
        for party in parties:
            party.says(tone(440, 2))
        rig.run(1)
        rig.engine.apply(protocol.ClosePort(parties[side].port_id))
        carol = rig.phone()
        assert carol.row == parties[side].row
        carol.says(tone(2000, 1))
        rig.run(1)
        rig.engine.apply(protocol.StopRecording("recorder"))
        rig.run(0.02)
        heard = stereo(tmp_path / "r.wav")
        assert len(heard[0]) == 16000
        assert not heard[side][8000:].any()
        assert heard_frequency(heard[1 - side][8000:]) == 440

    def test_a_restart_leaves_silence_of_the_right_length(self, rig: EngineRig, tmp_path: Path) -> None:
        alice = rig.phone()
        rig.record(tmp_path / "r.wav", alice.port_id, alice.port_id)
        alice.says(tone(440, 1.8))
        rig.run(1.8)
        second = EngineRig()
        second.now_ns = 2_800_000_000
        again = second.phone()
        second.engine.apply(
            protocol.Record("recorder", str(tmp_path / "r.wav"), again.port_id, again.port_id, 0)
        )
        again.says(tone(1000, 0.9))
        second.run(0.9)
        left, _ = stereo(tmp_path / "r.wav")
        assert len(left) == pytest.approx(3.7 * 8000, abs=400)
        assert heard_frequency(left[2000:14000]) == 440
        assert not left[14600:22300].any()
        assert heard_frequency(left[23600:]) == 1000

    def test_many_recorders_keep_to_their_own_whenever_they_come_pause_and_go(
        self, rig: EngineRig, tmp_path: Path
    ) -> None:
        calls = 2 * PLACES + 3
        parties = [(rig.phone(PCMA) if n % 3 else rig.phone(), rig.phone(PCMA)) for n in range(calls)]
        for n, (left, right) in enumerate(parties):
            rig.record(tmp_path / f"{n}.wav", left.port_id, right.port_id, name=f"r{n}")
            left.says(tone(300 + 50 * n, 6))
            right.says(tone(400 + 50 * n, 6))
            rig.run(0.06)
        for paused in ("r5", "r20"):
            rig.engine.apply(protocol.AdjustRecording(paused, paused=True, muted=False))
        rig.engine.apply(protocol.StopRecording("r7"))
        rig.run(0.2)
        rig.engine.apply(protocol.AdjustRecording("r20", paused=False, muted=False))
        rig.run(0.3)
        rig.record(tmp_path / "late.wav", parties[7][0].port_id, parties[7][1].port_id, name="late")
        rig.engine.apply(protocol.AdjustRecording("r5", paused=False, muted=False))
        rig.run(1.0)
        for n in range(calls):
            rig.engine.apply(protocol.StopRecording(f"r{n}"))
        rig.engine.apply(protocol.StopRecording("late"))
        rig.run(0.04)
        lasted = {n: round((calls - n) * 0.06 + 1.5, 2) for n in range(calls)}
        lasted |= {5: lasted[5] - 0.5, 20: lasted[20] - 0.2, 7: lasted[7] - 1.5}
        for n in range(calls):
            left_heard, right_heard = stereo(tmp_path / f"{n}.wav")
            assert len(left_heard) == round(8000 * lasted[n])
            assert heard_frequency(left_heard[-8000:]) == pytest.approx(300 + 50 * n, abs=1)
            assert heard_frequency(right_heard[-8000:]) == pytest.approx(400 + 50 * n, abs=1)
            assert longest_gap_ms(left_heard[800:]) < 5
        left_heard, _ = stereo(tmp_path / "late.wav")
        assert len(left_heard) == 8000
        assert heard_frequency(left_heard) == pytest.approx(650, abs=1)

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
