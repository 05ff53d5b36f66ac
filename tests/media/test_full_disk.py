"""A disk that fills up, falls behind or loses power while calls are recorded: told once, heard by nobody."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.media import protocol, writer
from firmware.media.recording_form import Form
from firmware.media.writer import Append, Open, Part, RecordingWriter
from tests.media.rig import EngineRig, Phone, heard_frequency, longest_gap_ms, tone
from tests.media.test_recorder import stereo

BYTES_A_SECOND = 32_000


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


@contextlib.contextmanager
def room_for(seconds: float) -> Iterator[None]:
    """Have the kernel take no more of any file than so many seconds of a recording."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (round(seconds * BYTES_A_SECOND), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def call(rig: EngineRig, hertz: float, seconds: float) -> tuple[Phone, Phone]:
    """Have two phones talk."""
    alice, bob = rig.phone(), rig.phone()
    rig.bridge(alice, bob)
    alice.says(tone(hertz, seconds))
    return alice, bob


def told(rig: EngineRig) -> dict[str, protocol.RecordingClosed]:
    """Return what was told of each recording; never twice of one."""
    closed = [
        one for one in rig.happened(protocol.RecordingClosed) if isinstance(one, protocol.RecordingClosed)
    ]
    assert len({one.recorder_id for one in closed}) == len(closed)
    return {one.recorder_id: one for one in closed}


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_the_recording_ends_with_what_there_was_room_for_and_the_calls_go_on(
    rig: EngineRig, tmp_path: Path
) -> None:
    alice, bob = call(rig, 440, 6)
    before = descriptors()
    rig.record(tmp_path / "long.wav", alice.port_id, bob.port_id, "long")
    rig.run(2)
    carol, dave = call(rig, 1000, 4)
    rig.record(tmp_path / "short.wav", carol.port_id, dave.port_id, "short")
    with room_for(3):
        rig.run(2.5)
        assert set(told(rig)) == {"long"}
    rig.run(1.5)
    rig.engine.apply(protocol.StopRecording("short"))
    rig.engine.apply(protocol.StopRecording("long"))
    rig.run(0.1)
    assert told(rig)["long"].error == "File too large"
    left, _ = stereo(tmp_path / "long.wav")
    assert len(left) == told(rig)["long"].frames == pytest.approx(2.6 * 8000, abs=0.4 * 8000)
    assert heard_frequency(left[2000:]) == 440
    assert told(rig)["short"].error is None
    assert told(rig)["short"].frames == 4 * 8000
    assert descriptors() == before
    for phone, hertz in ((bob, 440), (dave, 1000)):
        assert heard_frequency(phone.heard()[4000:-4000]) == hertz
        assert longest_gap_ms(phone.heard()[:-2000]) < 5
    assert rig.engine.stats().recorders == 0


def test_a_disk_that_stands_still_costs_the_recordings_what_waits_for_it_and_no_tick(
    rig: EngineRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING", 8 * BYTES_A_SECOND)
    alice, bob = call(rig, 440, 20)
    rig.record(tmp_path / "r.wav", alice.port_id, bob.port_id)
    rig.run(2)
    for _ in range(15 * 50):
        rig.now_ns += 20_000_000
        for phone in rig.phones:
            phone.due(rig.now_ns * 8000 // 1_000_000_000)
        rig.engine.tick()
    rig.run(1)
    closed = told(rig)["recorder"]
    assert closed.error == "the disk is too slow"
    # What was written before, what could wait, and the block in hand.
    assert closed.frames == pytest.approx(10 * 8000, abs=8000)
    left, _ = stereo(tmp_path / "r.wav")
    assert len(left) == closed.frames
    assert longest_gap_ms(left) < 5
    assert len(bob.packets()) == 18 * 50


def test_each_file_is_made_durable_in_turn_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    one_more = threading.Semaphore(0)

    def fdatasync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").resolve().stem)
        one_more.release()

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    monkeypatch.setattr(writer, "SYNC_SECONDS", 0.0)
    monkeypatch.setattr(writer, "SYNC_PAUSE", 0.0)
    disk = RecordingWriter()
    disk.start()
    disk.submit(*(Open(name, str(tmp_path / f"{name}.wav"), 0) for name in ("one", "two", "three")))
    for _ in range(6):
        assert one_more.acquire(timeout=10)
        disk.submit(Append([Part("one", bytes(640), Form.PCM)]))
    assert synced[:6] == ["one", "two", "three"] * 2
    disk.stop()


def test_a_disk_that_cannot_be_made_durable_ends_no_recording(
    rig: EngineRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fdatasync(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    alice, bob = call(rig, 440, 1)
    rig.record(tmp_path / "r.wav", alice.port_id, bob.port_id)
    rig.run(1)
    rig.engine.apply(protocol.StopRecording("recorder"))
    rig.run(0.1)
    assert told(rig)["recorder"] == protocol.RecordingClosed("recorder", 8000, "Input/output error")
    left, _ = stereo(tmp_path / "r.wav")
    assert heard_frequency(left[1000:]) == 440
