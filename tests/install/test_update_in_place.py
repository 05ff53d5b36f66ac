"""A real bundle, made as it is released, installed on a real installation whose services run."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.prompts import speak_missing
from tests.install.chroot import ROOT, Chroot, snapshot

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("debootstrap") is None, reason="root, debootstrap"),
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the chroot's Python is 3.11"),
]
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("update")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def bundled(sources: Path, work: Path, name: str, file: str, before: str, after: str) -> Path:
    """Return a bundle of the present sources with some words of one file replaced."""
    tree = work / name
    shutil.copytree(sources, tree)
    (tree / ".venv").symlink_to(sys.prefix)
    words = (tree / file).read_text()
    assert before in words
    (tree / file).write_text(words.replace(before, after))
    out = work / f"{name}.bundle"
    done = subprocess.run(
        [
            *("bash", tree / "board/install/bundle.sh", "--key", work / "key"),
            *("--machine", platform.machine(), "--python", "3.11", out),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return out


def test_a_box_is_updated_and_goes_back_from_what_does_not_work(bare: Chroot, work: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "firmware.update.make", "--new-key", work / "key"], cwd=ROOT, check=False
    )
    assert made.returncode == 0
    sources = snapshot(work / "sources")
    good = bundled(sources, work, "good", "firmware/README.md", "# firmware", "# firmware, newer")
    sick = bundled(
        sources,
        work,
        "sick",
        "firmware/__main__.py",
        "def main() -> int:",
        "def main() -> int:\n    return 3",
    )
    debian = bare.copied(work / "root", sources)
    # Speaking them is a story of test_install.
    for _ in speak_missing(debian.root / "var/lib/zongji/prompts"):
        pass
    debian.flash("install", "--profile", "simulated", "--trust", work / "key.pub")
    for path in (good, sick):
        shutil.copyfile(path, debian.root / "root" / path.name)
    shutil.copyfile(HERE / "services.sh", debian.root / "usr/local/bin/systemctl")
    (debian.root / "usr/local/bin/systemctl").chmod(0o755)
    shutil.copyfile(HERE / "update_story.sh", debian.root / "root/story.sh")
    done = debian.run(
        "unshare",
        "--net",
        "--pid",
        "--fork",
        "--propagation",
        "unchanged",
        "--mount-proc",
        "bash",
        "/root/story.sh",
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-4000:]
    runs = [line.split()[1] for line in told.splitlines() if line.startswith("runs ")]
    assert len(runs) == 3
    assert runs[0] != runs[1] == runs[2], told
    assert "going back to" in told
    assert (debian.root / "var/lib/zongji/records.sqlite").exists()
