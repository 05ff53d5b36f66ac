"""A real PostgreSQL and a real nats-server on the loopback, in a temporary folder, ended by their pids."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

POSTGRES = Path("/usr/lib/postgresql")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A process on a port that can be killed and started again."""

    def __init__(self, command: list[str], port: int, user: str | None = None) -> None:
        self.port = port
        self._command = command
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until its port answers."""
        options: dict[str, Any] = {} if self._user is None else {"user": self._user, "group": self._user}
        deadline = time.monotonic() + 20
        self._process = None
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                # A killed PostgreSQL's children hold its shared memory for a moment; the next try gets it.
                time.sleep(0.0 if self._process is None else 0.3)
                self._process = subprocess.Popen(
                    self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **options
                )
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"{self._command[0]} doesn't answer")

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it and wait for that."""
        if self._process is not None:
            # PostgreSQL's children outlive it for a moment and keep its shared memory from the next one.
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
            pids = children.read_text("ascii").split() if children.exists() else []
            self._process.send_signal(how)
            if how is signal.SIGKILL:
                for pid in pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), how)
            self._process.wait(20)
            self._process = None


def postgres() -> tuple[Server, str, Path]:
    """Return a database server, not started, its address and its folder."""
    versions = sorted(POSTGRES.glob("*/bin/initdb")) if POSTGRES.is_dir() else []
    if not versions:
        pytest.skip("PostgreSQL isn't installed (apt-get install postgresql)")
    binaries = versions[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="zjpg"))
    user = None
    if os.geteuid() == 0:
        # It refuses to run as root.
        user = "postgres"
        shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
    options: dict[str, Any] = {} if user is None else {"user": user, "group": user}
    subprocess.run(
        [binaries / "initdb", "-D", folder / "data", "-A", "trust", "-U", "fleet", "-N"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
        **options,
    )
    port = free_port()
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    command = [str(binaries / "postgres"), "-D", str(folder / "data")]
    command += [part for setting in settings for part in ("-c", setting)]
    return Server(command, port, user), f"host=127.0.0.1 port={port} user=fleet dbname=postgres", folder


def wait_for(address: str) -> None:
    """Wait until the database takes questions: after a kill it mends itself first."""
    deadline = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(address, connect_timeout=5).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


def nats(*options: str) -> tuple[Server, str, Path]:
    """Return a NATS server with JetStream, not started, its address and its folder.

    Args:
        options: More words of its command line.
    """
    binary = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")
    if binary is None:
        pytest.skip("nats-server isn't installed (apt-get install nats-server)")
    folder = Path(tempfile.mkdtemp(prefix="zjnats"))
    port = free_port()
    command = [binary, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder), *options]
    return Server(command, port), f"nats://127.0.0.1:{port}", folder
