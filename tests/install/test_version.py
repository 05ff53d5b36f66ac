"""What makes up a version: all that a box runs, and nothing that it doesn't."""

from __future__ import annotations

import subprocess

from tests.install.chroot import ROOT


def listed(tree: str = str(ROOT)) -> set[str]:
    script = f"set -euo pipefail; . {ROOT}/board/install/version.sh; list_tree {tree}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return set(done.stdout.split("\0")) - {""}


def test_a_version_holds_all_that_a_box_runs() -> None:
    files = listed()
    assert {
        "flash.sh",
        "pyproject.toml",
        "firmware/requirements.lock",
        "firmware/console/words.toml",
        "board/install/system.sh",
        "board/systemd/zongji-switch.service",
        "web_admin/assets.py",
    } <= files
    known = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    kinds = (".py", ".sh", ".toml", ".sql", ".html", ".css", ".js", ".service", ".socket", ".target")
    parts = ("firmware/", "hal/", "ivr/", "extensions/", "web_admin/", "board/")
    for path in known.split():
        if path.startswith(parts) and path.endswith(kinds) and not path.startswith("board/bench/"):
            assert path in files or not (ROOT / path).exists(), path


def test_a_version_holds_nothing_that_was_only_left_lying_about() -> None:
    for path in listed():
        assert "__pycache__" not in path
        assert not path.startswith(("tests/", ".git", ".venv/", ".state/"))
