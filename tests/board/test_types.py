"""The board's files against the types of MicroPython for the RP2040 (micropython-rp2-stubs)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.board.conftest import REPOSITORY

pytestmark = pytest.mark.slow


def test_the_boards_files_fit_the_stubs_of_micropython(tmp_path: Path) -> None:
    stubs = next((Path(one) for one in sys.path if (Path(one) / "machine.pyi").exists()), None)
    assert stubs is not None, "micropython-rp2-stubs isn't installed"
    settings = tmp_path / "mypy.ini"
    board = REPOSITORY / "board" / "coprocessor"
    settings.write_text(
        f"[mypy]\nmypy_path = {tmp_path}:{board}:{REPOSITORY}\ncheck_untyped_defs = True\n"
        "namespace_packages = True\nexplicit_package_bases = True\n"
    )
    # Only what the board has and a computer hasn't: its standard library would hide the computer's.
    for name in ("machine.pyi", "rp2"):
        (tmp_path / name).symlink_to(stubs / name)
    (tmp_path / "time.pyi").symlink_to(stubs / "time.pyi")
    for name in ("_mpy_shed", "neopixel.pyi"):
        if (stubs / name).exists():
            (tmp_path / name).symlink_to(stubs / name)
    # Of the board's own `os` only what a computer's hasn't, in its words.
    own = (stubs / "stdlib" / "os" / "__init__.pyi").read_text()
    dupterm = next(line for line in own.splitlines() if line.startswith("def dupterm("))
    (tmp_path / "uos.pyi").write_text(f"from typing import IO\n\n{dupterm} ...\n")
    # A call that the stubs don't know must be found, or the check checks nothing.
    wrong = tmp_path / "wrong.py"
    wrong.write_text("from machine import Pin\n\nPin(1).nothing()\n")
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", settings, *sorted(board.glob("*.py")), wrong],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=tmp_path,
        check=False,
    )
    ours = [line for line in ran.stdout.splitlines() if "board/coprocessor" in line and "error" in line]
    assert "wrong.py:3" in ran.stdout, ran.stdout + ran.stderr
    assert ours == [], ran.stdout + ran.stderr
