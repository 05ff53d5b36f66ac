"""Recordings turned into Ogg Opus: as loud, as long, and never lost on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from firmware.media.archive import ArchiveError, archive, overload, wait_for_calm
from firmware.media.recording_form import Form
from firmware.media.recording_samples import in_form
from tests.media.rig import heard_frequency, level_db, tone

soundfile = pytest.importorskip("soundfile")


def _recording(path: Path, seconds: float = 3, form: Form = Form.PCM) -> Path:
    stereo = np.stack((tone(440, seconds, 6000), tone(1000, seconds, 1500)), axis=1)
    path.write_bytes(form.header(len(stereo)) + in_form(stereo, form).tobytes())
    return path


@pytest.mark.parametrize("form", Form)
def test_both_sides_keep_their_loudness_and_length(tmp_path: Path, form: Form) -> None:
    path = _recording(tmp_path / "r.wav", form=form)
    target, milliseconds = archive(path, between_blocks=lambda: None)
    assert (target.name, milliseconds, path.exists()) == ("r.ogg", 3000, False)
    samples, rate = soundfile.read(str(target), dtype="int16")
    assert rate == 8000 and len(samples) >= 24000
    for side, frequency, level in ((0, 440, 6000), (1, 1000, 1500)):
        heard = samples[4000:20000, side]
        assert heard_frequency(heard) == frequency
        assert abs(level_db(heard, tone(frequency, 2, level))) < 1
    assert target.stat().st_size < 24000 * 4 / 3


def test_what_is_no_recording_is_told_and_left(tmp_path: Path) -> None:
    path = tmp_path / "r.wav"
    path.write_bytes(b"RIFF nonsense")
    with pytest.raises(ArchiveError, match=r"r\.wav"):
        archive(path)
    assert [one.name for one in tmp_path.iterdir()] == ["r.wav"]


def test_a_recording_that_loses_its_end_meanwhile_is_no_archive(tmp_path: Path) -> None:
    path = _recording(tmp_path / "r.wav", seconds=70)
    with pytest.raises(ArchiveError, match=r"r\.wav: 480000 of 560000 samples"):
        archive(path, between_blocks=lambda: os.truncate(path, 44 + 60 * 8000 * 4))
    assert [one.name for one in tmp_path.iterdir()] == ["r.wav"]


def test_a_job_that_is_ended_leaves_the_recording_as_it_was(tmp_path: Path) -> None:
    path = _recording(tmp_path / "r.wav", seconds=70)
    before = path.read_bytes()

    def ended() -> None:
        if (tmp_path / "r.ogg.part").stat().st_size > 1000:
            raise SystemExit(1)

    with pytest.raises(SystemExit):
        archive(path, between_blocks=ended)
    assert [one.name for one in tmp_path.iterdir()] == ["r.wav"]
    assert path.read_bytes() == before


def test_the_recording_goes_only_when_the_archive_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _recording(tmp_path / "r.wav")
    durable: list[tuple[str, bool]] = []

    def fsync(descriptor: int) -> None:
        durable.append((Path(f"/proc/self/fd/{descriptor}").resolve().name, path.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    archive(path, between_blocks=lambda: None)
    assert durable == [("r.ogg.part", True), (tmp_path.name, True)]
    assert [one.name for one in tmp_path.iterdir()] == ["r.ogg"]


_NEVER_SHED = """
import os, sys
from firmware.media import archive
archive.OVERLOAD = float("inf")
code = archive.main()
print("idle" if os.sched_getscheduler(0) == os.SCHED_IDLE else "ordinary", os.nice(0))
sys.exit(code)
"""
"""The job, on a computer that may be busy with other tests, and then how it was scheduled."""


@pytest.mark.timeout(400)
def test_the_job_names_what_it_made_and_fails_for_what_it_could_not(tmp_path: Path) -> None:
    path = _recording(tmp_path / "r.wav")
    command = [sys.executable, "-c", _NEVER_SHED, "--keep", str(path), str(tmp_path / "none.wav")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[0] == f"{tmp_path / 'r.ogg'} 3000"
    assert "none.wav" in lines[1]
    assert lines[2] == "idle 19"
    assert path.exists()


def test_an_overloaded_computer_makes_the_worker_wait_between_blocks_and_nobody_else(tmp_path: Path) -> None:
    pressures = iter([0.9, 0.9, 0.1])
    slept: list[float] = []
    assert wait_for_calm(lambda: next(pressures), slept.append) == 4
    assert slept == [2, 2]
    assert wait_for_calm(lambda: 1.0, slept.append) == 600
    blocks: list[int] = []
    _recording(tmp_path / "r.wav", seconds=70)
    archive(tmp_path / "r.wav", between_blocks=lambda: blocks.append(1))
    assert len(blocks) == 3


def test_overload_is_read_as_the_kernel_tells_it(tmp_path: Path) -> None:
    (tmp_path / "pressure").mkdir()
    (tmp_path / "pressure" / "cpu").write_text("some avg10=61.50 avg60=3.00 avg300=1.00 total=5\n")
    assert overload(tmp_path) == 0.615
    (tmp_path / "pressure" / "cpu").unlink()
    assert overload(tmp_path) == 0
    (tmp_path / "loadavg").write_text(f"{3 * (os.cpu_count() or 1)}.0 1 1 1/2 3\n")
    assert overload(tmp_path) == 2
