"""What flash.sh says to words it can't use."""

from __future__ import annotations

import subprocess

from tests.install.chroot import ROOT

FLASH = ROOT / "flash.sh"


def test_wrong_arguments_say_so() -> None:
    for words, told in (
        (["install", "--rot"], "unknown argument"),
        (["install", "--root", "/nonexistent"], "no Debian system"),
        (["pi"], "whom"),
        (["image", "only-one"], "IN.img OUT.img"),
        (["frobnicate"], "no such verb"),
    ):
        done = subprocess.run(["bash", FLASH, *words], capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert told in done.stderr, (words, done.stderr)
