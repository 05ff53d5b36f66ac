"""A computer whose disks are files, booted by its own systemd in namespaces of its own.

    card ── loop ─► root, mounted read-only as the kernel does; systemd makes of it what /etc/fstab says
    data ── loop ─► /data, where there is such a partition

It has no network but its own loopback and no devices, can't set this computer's clock and loads no modules.
Ending it is pulling the plug.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.install.chroot import Chroot

_PATIENCE_S: Final = 120.0
"""For a start on a busy machine; a quiet one takes 7 s."""
_CARD: Final = "6G"
_UP: Final = "systemctl is-system-running --wait | grep -E 'running|degraded'"
_DATA: Final = "3G"
"""For data and two versions, with the room that an update asks for."""

_BOOT: Final = """
set -e
root=$1; card=$2; data=$3
mount --make-rprivate /
mount -o ro "$card" "$root"
[ -z "$data" ] || [ ! -d "$root/data" ] || mount "$data" "$root/data"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for name in null zero full random urandom tty ${card#/dev/}; do
  touch "$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
cd "$root"
exec env --ignore-environment container=zongji-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio,-sys_boot \\
  chroot "$root" /lib/systemd/systemd --log-target=null
"""


def can_boot() -> bool:
    """Tell whether this computer lets us: root, loop devices, the newer control groups."""
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists() or shutil.which("losetup") is None:
        return False
    words = ("unshare", "--mount", "--cgroup", "mount", "-t", "cgroup2", "cgroup2", "/mnt")
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


class Card:
    """An SD card with a Debian on it, in files below `folder`.

    Args:
        folder: For the files; made if missing.
        data: Whether it has a partition for the data.
    """

    def __init__(self, folder: Path, *, data: bool = False) -> None:
        self._folder = folder
        self._devices: dict[str, str] = {}
        self._has_data = data

    @contextlib.contextmanager
    def made(self, debian: Chroot, sources: Path) -> Iterator[Chroot]:
        """Have a copy of `debian` to work on for the length of the block; then it is put on the card."""
        (self._folder / "root").mkdir(parents=True)
        content = debian.copied(self._folder / "content", sources)
        card = self._disk("card", _CARD)
        (content.root / "etc/fstab").write_text(f"{card} / ext4 defaults,noatime 0 0\n")
        yield content
        # Written without mounting: a mount would also live in every mount namespace that is begun meanwhile.
        _run("mkfs.ext4", "-q", "-d", content.root, card)
        if self._has_data:
            _run("mkfs.ext4", "-q", "-L", "zongji-data", self._disk("data", _DATA))
        shutil.rmtree(content.root)

    def _disk(self, name: str, size: str) -> str:
        """Have a file of that size as a disk; return the device."""
        _run("truncate", "-s", size, self._folder / name)
        device = _run("losetup", "--find", "--show", self._folder / name).strip()
        self._devices[name] = device
        return device

    def check(self) -> None:
        """Check the file systems, as every start does: nothing but their journals may be wanting."""
        for device in self._devices.values():
            deadline = time.monotonic() + _PATIENCE_S
            while True:
                done = subprocess.run(["e2fsck", "-fp", device], capture_output=True, text=True, check=False)
                # The last of its processes takes a moment to let go.
                if "in use" not in done.stderr + done.stdout or time.monotonic() > deadline:
                    break
                time.sleep(0.2)
            assert done.returncode <= 1, done.stdout + done.stderr

    @contextlib.contextmanager
    def booted(self, until: str = _UP) -> Iterator[Booted]:
        """Switch on, and wait until that script succeeds; the plug is pulled at the end of the block."""
        self.check()
        places = (str(self._folder / "root"), self._devices["card"], self._devices.get("data", ""))
        alone = ("--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup")
        words = ["unshare", *alone, "--fork", "--kill-child", "bash", "-c", _BOOT, "boot", *places]
        with subprocess.Popen(words, stderr=subprocess.PIPE) as power:
            try:
                yield Booted(power, until)
            finally:
                power.send_signal(signal.SIGKILL)

    def close(self) -> None:
        for device in self._devices.values():
            subprocess.run(["losetup", "--detach", device], check=False)
        shutil.rmtree(self._folder, ignore_errors=True)


class Booted:
    """The computer while it is on."""

    def __init__(self, power: subprocess.Popen[bytes], until: str) -> None:
        self._power = power
        self._init = self._first_process()
        self.until(until)
        self.must("ip link set lo up")

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script of bash as root."""
        enter = ["nsenter", f"--target={self._init}", "-m", "-p", "-n", "-u", "-i", "-C", "--root", "--wd=/"]
        path = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        clean = ["env", "--ignore-environment", "--chdir=/", path, "LC_ALL=C.UTF-8"]
        return subprocess.run(
            [*enter, *clean, "bash", "-c", script],
            cwd="/",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def must(self, script: str) -> str:
        """Run a script that has to succeed; return what it printed."""
        done = self.run(script)
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}\n{self.log()}"
        return done.stdout

    def until(self, script: str, seconds: float = _PATIENCE_S) -> None:
        """Wait until a script succeeds."""
        deadline = time.monotonic() + seconds
        while (done := self.run(script)).returncode != 0:
            assert time.monotonic() < deadline, f"{script}: {done.stdout}{done.stderr}\n{self.log()}"
            time.sleep(0.2)

    def log(self) -> str:
        """Return the end of the journal."""
        return self.run("journalctl --no-pager --lines=40").stdout

    def pid(self, unit: str) -> int:
        """Return the main process of a service."""
        return int(self.must(f"systemctl show --value -p MainPID {unit}"))

    def has_lines(self) -> None:
        """Have the simulated modem plugged in, and its line ready."""
        world = "hal.fake gsm --control /run/zongji/world.sock --at-link /run/zongji/gsm1-at --pcm-link"
        python = "/opt/zongji/current/venv/bin/python"
        self.must(
            "systemd-run --quiet --uid=zongji --gid=zongji --unit=world --property=WorkingDirectory=/ "
            f"{python} -m {world} /run/zongji/gsm1-pcm"
        )
        self.until_ready()

    def until_ready(self) -> None:
        self.until("zongji status | grep -q 'gsm1.*ready'")

    def _first_process(self) -> int:
        """Return the pid, on this computer, of the other's first process."""
        children = Path(f"/proc/{self._power.pid}/task/{self._power.pid}/children")
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            with contextlib.suppress(OSError, IndexError):
                first = children.read_text("ascii").split()[0]
                if Path(f"/proc/{first}/exe").readlink().name == "systemd":
                    return int(first)
            if self._power.poll() is not None:
                words = b"" if self._power.stderr is None else self._power.stderr.read()
                raise AssertionError(f"it doesn't start: {words.decode()}")
            assert time.monotonic() < deadline, "it doesn't start"
            time.sleep(0.1)


def _run(*words: str | Path) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout
