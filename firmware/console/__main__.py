"""`python -m firmware.console`: the console on the terminal it was started on."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from firmware.console.console import Console
from firmware.console.terminal import IDLE_S, Terminal
from firmware.core.paths import DEFAULT_STATE, STATE_VARIABLE, StatePaths

_DUMB = frozenset({"", "dumb", "unknown", "network", "dialup"})
"""Names of terminals that understand no escape sequences."""


def main() -> int:
    """Run until the person logs out or the line is cut; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m firmware.console", description="The serial console.")
    parser.add_argument("--state", type=Path, default=Path(os.environ.get(STATE_VARIABLE, DEFAULT_STATE)))
    parser.add_argument("--data", type=Path, help="the console's own folder; STATE/console by default")
    parser.add_argument("--tty", default="", help="name of the terminal, for the owner's shell")
    parser.add_argument("--dumb", action="store_true", help="use no escape sequences, whatever TERM says")
    parser.add_argument("--idle", type=float, default=IDLE_S, metavar="S", help="log out after so long")
    options = parser.parse_args()
    dumb = options.dumb or os.environ.get("TERM", "") in _DUMB
    terminal = Terminal(sys.stdin.fileno(), sys.stdout.fileno(), dumb=dumb, idle_s=options.idle)
    paths = StatePaths(options.state)
    console = Console(terminal, paths.control_socket, options.data or paths.root / "console", options.tty)
    asyncio.run(console.run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
