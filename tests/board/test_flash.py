"""`./flash.sh board` against the real MicroPython on a pty: copied by mpremote, started, examined, undone."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from board import flash
from board.flash import compiled, main
from hal.coprocessor import words
from tests.board.conftest import REPOSITORY
from tests.board.test_micropython import PACKAGE


def test_every_file_is_compiled_and_has_its_place(tmp_path: Path) -> None:
    files = {place: source for source, place in compiled(tmp_path)}
    assert {"service.mpy", "switchboard.mpy", "wires.mpy", "hal/coprocessor/link.mpy"} <= files.keys()
    assert "main.mpy" not in files
    assert all(source.stat().st_size for source in files.values())


def test_without_a_board_it_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash, "LINK_PATIENCE", 0.1)
    assert main(["--port", str(tmp_path / "nothing"), "--roll-back"]) == 1
    assert "nothing" in capsys.readouterr().err


_AGAIN = 'while node "$@"; [ $? -eq 42 ]; do :; done'
"""A board that resets itself begins anew (repl_board.mjs)."""


class Board:
    """One board: what lies on it, and the port it is at."""

    def __init__(self, files: Path, port: str) -> None:
        self.files = files
        self.port = port

    @property
    def current(self) -> str:
        return (self.files / "current").read_text().strip()

    def has(self, place: str) -> bool:
        return (self.files / place).is_file()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    """A board fresh from the bench: MicroPython, our main.py, nothing else."""
    files = tmp_path / "board"
    files.mkdir()
    (files / "main.py").write_bytes((REPOSITORY / "board" / "coprocessor" / "main.py").read_bytes())
    with powered(files) as port:
        yield Board(files, port)


@contextlib.contextmanager
def powered(files: Path) -> Iterator[str]:
    """Run MicroPython over the files; yield its port."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    program = Path(__file__).with_name("repl_board.mjs")
    node = subprocess.Popen(
        ["bash", "-c", _AGAIN, "board", program, REPOSITORY / PACKAGE, files, str(master)],
        pass_fds=[master],
        start_new_session=True,
    )
    try:
        yield os.ttyname(slave)
    finally:
        os.killpg(node.pid, signal.SIGKILL)
        node.wait()
        os.close(master)
        os.close(slave)


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_new_files_are_copied_started_and_found_well_and_the_old_ones_can_come_back(
    board: Board, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--port", board.port]) == 0
    said = capsys.readouterr().out
    assert f"runs version {words.BOARD_VERSION} and is well" in said
    assert board.current == "a"
    assert board.has("a/service.mpy")
    # Again, on the board that runs now: into the other folder.
    assert main(["--port", board.port]) == 0
    assert board.current == "b"
    assert main(["--port", board.port, "--roll-back"]) == 0
    assert board.current == "a"


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_files_of_another_version_are_found_out_and_what_ran_before_runs_again(
    board: Board, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["--port", board.port]) == 0
    monkeypatch.setattr(words, "BOARD_VERSION", words.BOARD_VERSION + 1)
    assert main(["--port", board.port]) == 1
    assert "flash it" in capsys.readouterr().err
    assert board.current == "a"
    monkeypatch.undo()
    assert main(["--port", board.port]) == 0


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_files_that_cannot_be_loaded_leave_the_board_to_the_old_ones(
    board: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert main(["--port", board.port]) == 0
    broken = tmp_path / "service.mpy"
    broken.write_bytes(b"not a program")
    real = flash.compiled

    def with_a_broken_one(into: Path) -> list[tuple[Path, str]]:
        return [(broken if place == "service.mpy" else source, place) for source, place in real(into)]

    monkeypatch.setattr(flash, "compiled", with_a_broken_one)
    assert main(["--port", board.port]) == 1
    assert board.current == "a"
    monkeypatch.undo()
    assert main(["--port", board.port]) == 0


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_a_copy_that_breaks_off_in_the_middle_changes_nothing(
    board: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert main(["--port", board.port]) == 0
    real = flash.compiled

    def half(into: Path) -> list[tuple[Path, str]]:
        files = real(into)
        return [*files[: len(files) // 2], (tmp_path / "missing.mpy", "wires.mpy"), *files[len(files) // 2 :]]

    monkeypatch.setattr(flash, "compiled", half)
    assert main(["--port", board.port]) == 1
    assert board.current == "a"
    monkeypatch.undo()
    assert main(["--port", board.port]) == 0
    assert board.current == "b"
