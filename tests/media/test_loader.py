"""Prompts on their way into memory: read once, anew when they changed, never more than there is room for."""

from __future__ import annotations

import os
import wave
from pathlib import Path

import numpy as np
import pytest

from firmware.core.media import PlayFile
from firmware.media import loader, protocol
from firmware.media.g711 import I16
from tests.media.rig import EngineRig, heard_frequency, tone

MINUTE = 60


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


def prompt(path: Path, samples: I16) -> PlayFile:
    """Put a prompt in its place, as an upload does: whole, under another name first."""
    part = path.with_suffix(".part")
    with wave.open(str(part), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(samples.astype("<i2").tobytes())
    part.replace(path)
    return PlayFile(str(path))


class _Disk:
    """Counts what is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes_read = 0
        real = os.read

        def read(descriptor: int, size: int) -> bytes:
            data = real(descriptor, size)
            self.bytes_read += len(data)
            return data

        monkeypatch.setattr(os, "read", read)


def test_a_prompt_is_read_once_however_often_it_is_played(
    rig: EngineRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = _Disk(monkeypatch)
    alice = rig.phone()
    item = prompt(tmp_path / "p.wav", tone(440, 0.2))
    for _ in range(5):
        rig.play(alice.port_id, item)
        rig.run(0.3)
    assert disk.bytes_read == Path(item.path).stat().st_size
    assert heard_frequency(alice.heard()[-2200:-600]) == 440


def test_a_prompt_recorded_anew_is_heard_from_the_next_time_on(rig: EngineRig, tmp_path: Path) -> None:
    alice = rig.phone()
    item = prompt(tmp_path / "p.wav", tone(440, 0.2))
    rig.play(alice.port_id, item)
    rig.run(0.3)
    prompt(tmp_path / "p.wav", tone(1000, 0.2))
    rig.play(alice.port_id, item)
    rig.run(0.3)
    assert heard_frequency(alice.heard()[-2200:-600]) == 1000


def test_what_is_kept_is_what_was_played_last_and_no_more_than_8_mb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = loader.FileLoader()
    items = [prompt(tmp_path / f"{number}.wav", np.ones(MINUTE * 8000, np.int16)) for number in range(12)]
    wanted = [files.request(item.path) for item in items]
    files.load_wanted()
    files.poll()
    assert all(one.samples is not None and len(one.samples) == MINUTE * 8000 for one in wanted)
    disk = _Disk(monkeypatch)
    size = Path(items[0].path).stat().st_size
    for item, read in (
        (items[-1], 0),
        (items[-8], 0),
        (items[0], size),
        (items[-8], size),
        (items[-7], 2 * size),
    ):
        files.request(item.path)
        files.load_wanted()
        assert disk.bytes_read == read


def test_a_prompt_recorded_anew_time_and_again_takes_no_room_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = loader.FileLoader()
    minute = np.ones(MINUTE * 8000, np.int16)
    other = prompt(tmp_path / "other.wav", minute)
    files.request(other.path)
    for _ in range(12):
        files.request(prompt(tmp_path / "anew.wav", minute).path)
        files.load_wanted()
    disk = _Disk(monkeypatch)
    files.request(other.path)
    files.load_wanted()
    assert disk.bytes_read == 0


def test_an_hour_of_music_is_played_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = loader.FileLoader()
    item = prompt(tmp_path / "music.wav", np.ones(2 * MINUTE * 8000, np.int16))
    disk = _Disk(monkeypatch)
    for times in (1, 2):
        files.request(item.path)
        files.load_wanted()
        assert disk.bytes_read == times * Path(item.path).stat().st_size


def test_a_file_that_would_not_fit_into_memory_is_refused_by_its_size(rig: EngineRig, tmp_path: Path) -> None:
    alice = rig.phone()
    path = tmp_path / "endless.wav"
    path.touch()
    os.truncate(path, loader.MAX_FILE + 1)
    rig.play(alice.port_id, PlayFile(str(path)))
    rig.run(0.1)
    (ended,) = rig.happened(protocol.PlaybackEnded)
    assert isinstance(ended, protocol.PlaybackEnded)
    assert ended.error == f"{path}: longer than {64 << 20} bytes"
