"""A minimal Debian in a folder, in which the installer is tried: made by debootstrap, entered in a mount
namespace of its own, so that nothing of it is left mounted whatever happens.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
MIRROR = "http://deb.debian.org/debian"
_INCLUDE = "systemd,systemd-sysv,udev,ca-certificates"

# Mounts of the chroot live and die with the command that needs them; package sources that are local folders
# of this computer come along.
_ENTER = """
set -e
root=$1; shift
mount --make-rprivate /
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
for folder in $SOURCES; do mkdir -p "$root$folder"; mount --rbind "$folder" "$root$folder"; done
exec "$@"
"""


def snapshot(folder: Path) -> Path:
    """Copy what makes up a version into `folder`: somebody may be editing the checkout meanwhile."""
    script = (
        f"set -e; . {ROOT}/board/install/lib.sh; . {ROOT}/board/install/version.sh; copy_tree {ROOT} {folder}"
    )
    subprocess.run(["bash", "-c", script], check=True)
    return folder


class Chroot:
    """One Debian in the folder `root`, and the sources it is made a switchboard from."""

    def __init__(self, root: Path, sources: Path = ROOT) -> None:
        self.root = root
        self.sources = sources

    @classmethod
    def made(
        cls, root: Path, sources: Path = ROOT, *, suite: str = "bookworm", arch: str = "amd64"
    ) -> Chroot:
        """Debootstrap one: half a minute, some minutes when another computer's programs are emulated."""
        command = ["debootstrap", "--variant=minbase", f"--include={_INCLUDE}", f"--arch={arch}"]
        done = subprocess.run([*command, suite, root, MIRROR], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        made = cls(root, sources)
        made._bring_configuration()
        return made

    def copied(self, root: Path, sources: Path) -> Chroot:
        """Return another one with the same content."""
        subprocess.run(["cp", "-a", "--reflink=auto", self.root, root], check=True)
        return Chroot(root, sources)

    def with_packages(self) -> Chroot:
        """Install the Debian packages that the box needs, and nothing of ours."""
        folder = self.sources / "board/install"
        script = f". {folder}/lib.sh; . {folder}/packages.sh; install_packages"
        self.must("env", f"target={self.root}", "bash", "-c", script, inside=False)
        return self

    def flash(self, verb: str, *arguments: str | Path) -> str:
        """Have `flash.sh` do something with this root; return what it printed."""
        return self.must(
            "bash", self.sources / "flash.sh", verb, "--root", self.root, *arguments, inside=False
        )

    def run(
        self, *command: str | Path, inside: bool = True, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the chroot, or (`inside` False) outside with its mounts in place."""
        return subprocess.run(
            self.command(*command, inside=inside, environment=environment),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def command(
        self, *command: str | Path, inside: bool = True, environment: Mapping[str, str] | None = None
    ) -> list[str]:
        """Return the words that run a command so; what it leaves behind dies with it."""
        variables = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "SOURCES": " ".join(_local_sources()),
            "LC_ALL": "C.UTF-8",
            **(environment or {}),
        }
        return [
            *("env", "--ignore-environment", *(f"{name}={value}" for name, value in variables.items())),
            *("unshare", "--mount", "--fork", "--kill-child"),
            *("bash", "-c", _ENTER, "enter", str(self.root)),
            *(("chroot", str(self.root)) if inside else ()),
            *(str(word) for word in command),
        ]

    def must(self, *command: str | Path, inside: bool = True) -> str:
        """Run a command that has to succeed; return what it printed."""
        done = self.run(*command, inside=inside)
        assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout + done.stderr

    def files(self) -> dict[str, tuple[object, ...]]:
        """Return what there is: kind, mode, owner, time and content of everything but caches and logs."""
        found: dict[str, tuple[object, ...]] = {}
        for folder, folders, names in os.walk(self.root):
            inside = "/" + str(Path(folder).relative_to(self.root)).removeprefix(".")
            folders[:] = [one for one in folders if os.path.join(inside, one) not in _PASSING]  # noqa: PTH118
            for name in [*folders, *names]:
                path = Path(folder, name)
                facts = path.lstat()
                content: object = None
                if path.is_symlink():
                    content = str(path.readlink())
                elif path.is_file():
                    content = hashlib.sha256(path.read_bytes()).hexdigest()
                when = None if path.is_dir() else facts.st_mtime_ns
                key = os.path.join(inside, name)  # noqa: PTH118
                found[key] = (facts.st_mode, facts.st_uid, facts.st_gid, when, content)
        return found

    def _bring_configuration(self) -> None:
        """Have apt and pip in the chroot reach what they reach on this computer."""
        etc = self.root / "etc"
        shutil.copyfile("/etc/resolv.conf", etc / "resolv.conf")
        shutil.copyfile("/etc/ssl/certs/ca-certificates.crt", etc / "ssl/certs/ca-certificates.crt")
        for path in Path("/etc/apt/apt.conf.d").glob("*"):
            if path.is_file() and b"Acquire" in path.read_bytes() and b"/usr/" not in path.read_bytes():
                shutil.copyfile(path, etc / "apt/apt.conf.d" / path.name)
        for path in (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf"):
            if path.is_file():
                shutil.copyfile(path, etc / "pip.conf")


_PASSING = {"/proc", "/sys", "/dev", "/run", "/tmp", "/var/cache", "/var/log", "/var/lib/apt"}  # noqa: S108


def _local_sources() -> list[str]:
    """Return the folders below which pip's configuration of this computer names some."""
    found: set[str] = set()
    for path in (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf"):
        if path.is_file():
            words = path.read_text("utf-8", errors="replace").replace("file://", " ").split()
            folders = [Path(word) for word in words if word.startswith("/") and Path(word).is_dir()]
            found |= {str(Path(*folder.parts[:3])) for folder in folders}
    return sorted(found)
