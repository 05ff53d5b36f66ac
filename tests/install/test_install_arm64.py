"""The installer on the box's own architecture, emulated: one story, since all takes ten times as long."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ivr.prompts import speak_missing
from tests.install.chroot import Chroot, snapshot
from tests.install.test_install import UNITS

_EMULATOR = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")


def can_emulate() -> bool:
    """Tell whether arm64 programs run here; have the kernel hand them to qemu if it isn't told yet."""
    if os.uname().machine == "aarch64":
        return True
    if os.geteuid() != 0 or shutil.which("qemu-aarch64-static") is None:
        return False
    if not _EMULATOR.parent.joinpath("register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "none", _EMULATOR.parent], check=False)
    if not _EMULATOR.exists():
        subprocess.run(["update-binfmts", "--enable", "qemu-aarch64"], capture_output=True, check=False)
    return _EMULATOR.exists()


pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("debootstrap") is None, reason="root, debootstrap"),
    pytest.mark.skipif(not can_emulate(), reason="binfmt_misc and qemu-user-static"),
]


def test_it_installs_verifies_and_comes_off_again(tmp_path: Path) -> None:
    debian = Chroot.made(tmp_path / "root", snapshot(tmp_path / "sources"), arch="arm64")
    # Speaking them takes minutes here, and is no different on another architecture.
    for _ in speak_missing(debian.root / "var/lib/zongji/prompts"):
        pass
    debian.flash("install", "--profile", "pi-sim7600")
    assert debian.must("uname", "-m").strip() == "aarch64"
    assert debian.must("systemd-analyze", "verify", *UNITS) == ""
    assert "no switch runs here" in debian.run("zongji", "status").stderr
    before = debian.files()
    assert "nothing changed" in debian.flash("install")
    assert debian.files() == before
    debian.flash("uninstall")
    assert not (debian.root / "opt/zongji").exists()
    shutil.rmtree(debian.root, ignore_errors=True)
