"""Packages from npm: those for running, or those of the browser tests too, and nobody loses what is there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The function alone; npm writes down what it is asked for and does as it does: empties the folder first.
SCRIPT = r"""
set -euo pipefail
need_packages() { :; }
quietly() { shift; "$@"; }
npm() { rm -rf "$3/node_modules"; mkdir -p "$3/node_modules"; echo "$@" >&3; }
source <(sed -n '/^need_npm() {/,/^}/p' flash.sh)
exec 3>>"$1/asked"
shift
for asked in "$@"; do need_npm "$FOLDER" ${asked:+"$asked"}; done
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pages"
    made.mkdir()
    (made / "package-lock.json").write_text("{}")
    return made


def asked_of_npm(folder: Path, *calls: str) -> list[bool]:
    """Return of each time npm was called whether it left out what is for developing."""
    subprocess.run(
        ["bash", "-c", SCRIPT, "npm-story", str(folder.parent), *calls],
        cwd=ROOT,
        env={"FOLDER": str(folder), "PATH": "/usr/bin:/bin"},
        check=True,
    )
    return ["--omit=dev" in line for line in (folder.parent / "asked").read_text().splitlines()]


def test_running_takes_what_runs_and_tests_add_the_rest_by_themselves(folder: Path) -> None:
    assert asked_of_npm(folder, "--omit=dev", "--omit=dev", "", "", "--omit=dev") == [True, False]


def test_running_leaves_what_was_installed_by_hand_for_developing(folder: Path) -> None:
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / ".package-lock.json").write_text('{"a": {\n"dev": true\n}}')
    assert asked_of_npm(folder, "--omit=dev", "") == [False]
