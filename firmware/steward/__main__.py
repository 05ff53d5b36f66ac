"""`python -m firmware.steward`: what only root may do. Started by systemd's socket; `--pretend DIR` touches
nothing but that folder, for trying the console and for tests."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import socket
import sys
from pathlib import Path

from firmware.control.steward import socket_path
from firmware.core.paths import DEFAULT_STATE, STATE_VARIABLE
from firmware.steward.host import Host, PretendHost, RealHost
from firmware.steward.server import Server
from firmware.steward.steward import Steward
from firmware.steward.versions import PretendVersions, RealVersions, Versions

_FIRST_PASSED = 3
"""The first descriptor that systemd passes (sd_listen_fds(3))."""


def main() -> int:
    """Run the process; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m firmware.steward", description="The steward of zongji.")
    parser.add_argument("--state", type=Path, default=Path(os.environ.get(STATE_VARIABLE, DEFAULT_STATE)))
    parser.add_argument("--pretend", type=Path, metavar="DIR", help="touch nothing but this folder")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    host: Host = RealHost() if options.pretend is None else PretendHost(options.pretend)

    versions: Versions = RealVersions(options.state) if options.pretend is None else PretendVersions()
    steward = Steward(host, options.state, versions)
    asyncio.run(Server(steward, _listener()).run(None if options.pretend else 30.0))
    return 0


def _listener() -> socket.socket:
    if os.environ.get("LISTEN_FDS") == "1":
        return socket.socket(fileno=_FIRST_PASSED)
    path = socket_path()
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o660)
    listener.listen(8)
    return listener


if __name__ == "__main__":
    sys.exit(main())
