"""A recording is given out from the recordings' folder and from nowhere else, whatever its record says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmware.app.api.audio import opened
from firmware.core.errors import UserError


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "one.wav").write_bytes(b"RIFF of a call")
    (tmp_path / "secret").write_bytes(b"not for anybody")
    (folder / "out.wav").symlink_to(tmp_path / "secret")
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.wav")
    return folder


def test_a_recording_is_read(recordings: Path) -> None:
    descriptor = opened(recordings, "2026/one.wav", recordings / "none")
    try:
        assert os.read(descriptor, 100) == b"RIFF of a call"
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "2026/../../secret",
        "/etc/hostname",
        "out.wav",
        "up/secret",
        "2026",
        "pipe.wav",
        "gone.wav",
        "..",
        "",
    ],
)
def test_whatever_else_is_asked_for_is_not_given_out(recordings: Path, path: str) -> None:
    with pytest.raises(UserError, match="recording"):
        opened(recordings, path, recordings / "none")
