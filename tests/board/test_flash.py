"""What `./flash.sh board` puts on the board."""

from __future__ import annotations

from pathlib import Path

import pytest

from board.flash import compiled, main


def test_every_file_is_compiled_and_has_its_place(tmp_path: Path) -> None:
    files = {place: source for source, place in compiled(tmp_path)}
    assert {"main.py", "switchboard.mpy", "wires.mpy", "hal/coprocessor/link.mpy"} <= files.keys()
    assert all(source.stat().st_size for source in files.values())
    assert all(source.suffix == ".mpy" for place, source in files.items() if place != "main.py")


def test_without_a_board_it_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--port", str(tmp_path / "nothing"), "--roll-back"]) == 1
    assert "mpremote" in capsys.readouterr().err
