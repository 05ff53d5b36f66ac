"""An SD card's image, prepared on this computer: partitions, room, what a Pi would find on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ivr.prompts import speak_missing
from tests.install.chroot import Chroot, snapshot


def has_loop_devices(folder: Path = Path("/dev")) -> bool:
    """Tell whether this computer lets a file be a disk, partitions and all."""
    return os.geteuid() == 0 and (folder / "loop-control").exists() and shutil.which("losetup") is not None


pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not has_loop_devices(), reason="root, loop devices"),
    pytest.mark.skipif(shutil.which("debootstrap") is None, reason="debootstrap"),
]

FSTAB = "PARTUUID=1-01 /boot/firmware ext4 defaults 0 2\nPARTUUID=1-02 / ext4 defaults,noatime 0 1\n"
CONSOLE = "console=serial0,115200 console=tty1 root=PARTUUID=1-02 rootwait\n"


def run(*words: str | Path, given: str = "") -> str:
    done = subprocess.run(
        [str(word) for word in words],
        input=given,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, f"{words}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def partitions(image: Path) -> list[tuple[int, int]]:
    """Return where each begins and how long it is, bytes."""
    found = json.loads(run("sfdisk", "--json", image))["partitiontable"]["partitions"]
    return [(one["start"] * 512, one["size"] * 512) for one in found]


@contextmanager
def partition(image: Path, number: int) -> Iterator[str]:
    """Have a partition as a disk; give the device's name."""
    start, size = partitions(image)[number - 1]
    place = ("--offset", str(start), "--sizelimit", str(size))
    device = run("losetup", "--find", "--show", *place, image).strip()
    try:
        yield device
    finally:
        run("losetup", "--detach", device)


@contextmanager
def mounted(image: Path, number: int, folder: Path) -> Iterator[Path]:
    with partition(image, number) as device:
        folder.mkdir(parents=True, exist_ok=True)
        run("mount", device, folder)
        try:
            yield folder
        finally:
            # Somebody else's mount namespace may hold it, which would put the writing off beyond umount.
            run("sync", "-f", folder)
            run("umount", folder)


@pytest.fixture
def card(bare: Chroot, tmp_path: Path) -> Iterator[Path]:
    """As Raspberry Pi OS has it: boot settings on the first partition, a root without room on the second."""
    image = tmp_path / "in.img"
    with image.open("wb") as file:
        file.truncate(1500 * 1024 * 1024)
    run("sfdisk", "--quiet", image, given="size=64M\n,\n")
    for number in (1, 2):
        with partition(image, number) as device:
            run("mkfs.ext4", "-q", device)
    with mounted(image, 2, tmp_path / "mnt") as root:
        run("cp", "-a", f"{bare.root}/.", root)
        # Speaking them takes minutes on a small computer, and is no different in an image.
        for _ in speak_missing(root / "var/lib/zongji/prompts"):
            pass
        (root / "etc/fstab").write_text(FSTAB)
        with mounted(image, 1, root / "boot/firmware") as boot:
            (boot / "config.txt").write_text("arm_64bit=1\n")
            (boot / "cmdline.txt").write_text(CONSOLE)
    yield image
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_an_image_is_prepared_with_a_partition_for_the_data(card: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.img"
    run("bash", snapshot(tmp_path / "sources") / "flash.sh", "image", card, out, "--read-only-root")
    assert not out.with_name("out.img.part").exists()
    boot_size, root_size, data_size = [size for _, size in partitions(out)]
    assert boot_size == 64 << 20
    assert root_size > 2 << 30, "the root got room"
    assert data_size > 1 << 30
    with partition(out, 2) as device:
        run("e2fsck", "-fn", device)
    with partition(out, 3) as device:
        assert run("blkid", "-s", "LABEL", "-o", "value", device).strip() == "zongji-data"
    with mounted(out, 2, tmp_path / "mnt") as root:
        assert (root / "opt/zongji/current/.complete").exists()
        assert "sim7600" in (root / "etc/zongji/profile.toml").read_text()
        assert "LABEL=zongji-data /data" in (root / "etc/fstab").read_text()
        assert (root / "etc/systemd/system/multi-user.target.wants/zongji.target").is_symlink()
        assert not (root / "etc/resolv.conf.zongji").exists()
    with mounted(out, 1, tmp_path / "mnt") as boot:
        assert "console=serial0" not in (boot / "cmdline.txt").read_text()
        assert "zongji: begin" in (boot / "config.txt").read_text()
    assert run("losetup", "-j", out) == ""
