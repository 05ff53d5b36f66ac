"""A real bundle, made as it is released, installed on a booted box whose root is read-only."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from ivr.prompts import speak_missing
from tests.install.booted import Booted, Card, can_boot
from tests.install.chroot import ROOT, Chroot, snapshot

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(shutil.which("debootstrap") is None, reason="debootstrap"),
    pytest.mark.skipif(not can_boot(), reason="root, loop devices, control groups of version 2"),
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the chroot's Python is 3.11"),
]
PYTHON: Final = "/opt/zongji/good/venv/bin/python"
# As the console and the pages do it.
ASK_STEWARD: Final = """
import asyncio
from firmware.control.steward import Update, ask_steward
asyncio.run(ask_steward(Update(path="/var/lib/zongji/uploads/good.bundle", by="console"), print))
"""


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


@pytest.fixture
def card(work: Path) -> Iterator[Card]:
    made = Card(work / "card", data=True)
    yield made
    made.close()


def runs(on: Booted) -> str:
    """Return the version that runs, and is the good one."""
    current, good = on.must("readlink /opt/zongji/current /opt/zongji/good").split()
    assert current == good
    assert not on.run("cat /opt/zongji/update.json").stdout
    return current


def test_a_box_is_updated_through_a_power_cut_and_goes_back_from_what_does_not_work(
    bare: Chroot, work: Path, card: Card
) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "firmware.update.make", "--new-key", work / "key"], cwd=ROOT, check=False
    )
    assert made.returncode == 0
    sources = snapshot(work / "sources")
    unit = "board/systemd/zongji-web.service"
    good = bundled(sources, work, "good", unit, "Description=zongji pages", "Description=newer zongji pages")
    sick = bundled(
        *(sources, work, "sick", "firmware/__main__.py"),
        *("def main() -> int:", "def main() -> int:\n    return 3"),
    )
    with card.made(bare, sources) as debian:
        # Speaking them is a story of test_install.
        for _ in speak_missing(debian.root / "var/lib/zongji/prompts"):
            pass
        debian.flash("install", "--profile", "simulated", "--trust", work / "key.pub", "--read-only-root")
        for path in (good, sick):
            shutil.copyfile(path, debian.root / "var/lib/zongji/uploads" / path.name)
    with card.booted() as on:
        on.until("grep -q ' / ext4 ro,' /etc/fstab")
    with card.booted() as on:
        on.has_lines()
        old = runs(on)
        on.must(f"cat >/run/update.py <<'END'\n{ASK_STEWARD}\nEND")
        asked = "--unit=asked --uid=zongji-console --gid=zongji"
        on.must(f"systemd-run --quiet {asked} {PYTHON} /run/update.py")
        on.until("grep '\"trial\"' /opt/zongji/update.json || systemctl is-failed asked", 600)
        on.must("! systemctl is-failed asked")
    card.check()

    # The trial is part of the start: the modem has to be there before that is over.
    with card.booted("systemctl is-active zongji-switch.service") as on:
        on.has_lines()
        on.until("[ ! -e /opt/zongji/update.json ]", 180)
        new = runs(on)
        assert new != old, on.run("cat /var/lib/zongji/update-last.json").stdout
        assert "newer" in on.must("systemctl show --value -p Description zongji-web.service")
        assert "ro" in on.must("findmnt -no OPTIONS /").split(",")

        within = "--within 30 2>&1"
        told = on.run(f"{PYTHON} -m firmware.update apply /var/lib/zongji/uploads/sick.bundle {within}")
        assert told.returncode != 0
        assert "going back to" in told.stdout
        on.until_ready()
        assert runs(on) == new
        assert on.must("ls /var/lib/zongji/records.sqlite")
