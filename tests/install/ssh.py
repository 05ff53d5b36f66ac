"""A real sshd in a chroot, on a port of loopback: for installing as one does on a Raspberry Pi."""

from __future__ import annotations

import contextlib
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.install.chroot import Chroot

USER: Final = "pi"
_PATIENCE_S: Final = 30.0
_SERVER: Final = (
    *("/usr/sbin/sshd", "-D", "-e", "-o", "ListenAddress=127.0.0.1", "-o", "UsePAM=no"),
    *("-o", "PasswordAuthentication=no", "-o", "PidFile=none"),
)


def prepared(debian: Chroot, folder: Path) -> Path:
    """Have a user in `debian` who may do everything by sudo, as on Raspberry Pi OS; return the user's key."""
    debian.must("apt-get", "install", "-y", "-q", "--no-install-recommends", "openssh-server", "sudo")
    debian.must("useradd", "--create-home", "--shell", "/bin/bash", "--password", "*", USER)
    (debian.root / "etc/sudoers.d/pi").write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    home = debian.root / "home" / USER
    (home / ".ssh").mkdir(mode=0o700)
    (home / ".ssh/authorized_keys").write_text(key.with_suffix(".pub").read_text())
    debian.must("chown", "-R", f"{USER}:{USER}", f"/home/{USER}/.ssh")
    return key


@contextlib.contextmanager
def sshd(debian: Chroot) -> Iterator[int]:
    """Serve for the length of the block; gives the port."""
    with contextlib.closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    debian.must("mkdir", "-p", "/run/sshd")
    with subprocess.Popen(debian.command(*_SERVER, "-p", str(port)), stderr=subprocess.PIPE) as server:
        try:
            _wait(port)
            yield port
        finally:
            # unshare itself ignores a polite request while its child runs.
            server.kill()


def client(debian: Chroot, port: int, key: Path, *, host_key: str | None = None) -> str:
    """Return the ssh command that knows this host by its key, and no other host."""
    known = key.with_name("known_hosts")
    found = host_key or (debian.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text()
    known.write_text(f"[127.0.0.1]:{port} {found}")
    options = ("IdentitiesOnly=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={known}")
    words = ["ssh", "-F", "none", "-i", str(key), "-p", str(port)]
    return shlex.join([*words, *(word for option in options for word in ("-o", option))])


def _wait(port: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert time.monotonic() < deadline, "no sshd answers"
        time.sleep(0.1)
