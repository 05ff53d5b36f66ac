"""The installer on the box's own architecture, emulated: one story, since all takes ten times as long."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ivr.prompts import speak_missing
from tests.install.chroot import ROOT, Chroot
from tests.install.test_install import UNITS

_EMULATOR = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("debootstrap") is None, reason="root, debootstrap"),
    pytest.mark.skipif(
        os.uname().machine != "aarch64" and not _EMULATOR.exists(),
        reason="binfmt_misc mounted, and qemu-user-static registered in it",
    ),
]


def test_it_installs_verifies_and_comes_off_again(tmp_path: Path) -> None:
    debian = Chroot.made(tmp_path / "root", arch="arm64")
    # Speaking them takes minutes here, and is no different on another architecture.
    for _ in speak_missing(debian.root / "var/lib/zongji/prompts"):
        pass
    flash = ("bash", ROOT / "flash.sh")
    debian.must(*flash, "install", "--root", debian.root, "--profile", "pi-sim7600", inside=False)
    assert debian.must("uname", "-m").strip() == "aarch64"
    assert debian.must("systemd-analyze", "verify", *UNITS) == ""
    assert "no switch runs here" in debian.run("zongji", "status").stderr
    before = debian.files()
    told = debian.must(*flash, "install", "--root", debian.root, inside=False)
    assert "nothing changed" in told
    assert debian.files() == before
    debian.must(*flash, "uninstall", "--root", debian.root, inside=False)
    assert not (debian.root / "opt/zongji").exists()
    shutil.rmtree(debian.root, ignore_errors=True)
