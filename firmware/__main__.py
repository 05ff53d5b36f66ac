"""`python -m firmware`: the switch process."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from firmware.app import switch
from firmware.app.safe_mode import safe_mode
from firmware.core import notify
from firmware.core.errors import ZongjiError
from firmware.core.paths import DEFAULT_STATE, STATE_VARIABLE, StatePaths
from firmware.profile import load_profile
from firmware.self_care.starts import Starts

DEFAULT_PROFILE = Path("/etc/zongji/profile.toml")


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def run(options: argparse.Namespace) -> None:
    """Run the switch until it is asked to end."""
    overrides = {} if options.sip_port is None else {"sip": {"port": options.sip_port}}
    profile = load_profile(options.profile, overrides)
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    paths = StatePaths(options.state)
    paths.ensure()
    starts = Starts(paths.starts, paths.settings)
    if starts.begin():
        async with safe_mode(paths, starts) as leave:
            notify.ready()
            await _first_of(asked, leave)
            notify.stopping()
        return
    async with switch(paths, profile):
        notify.ready()
        await asked.wait()
        notify.stopping()


def main() -> int:
    """Run the process; return its exit status: 1 when something a person must mend kept it from starting."""
    parser = argparse.ArgumentParser(prog="python -m firmware", description="The switch process of zongji.")
    parser.add_argument("--state", type=Path, default=Path(os.environ.get(STATE_VARIABLE, DEFAULT_STATE)))
    parser.add_argument("--profile", type=Path, default=DEFAULT_PROFILE, help="the board's profile")
    parser.add_argument("--sip-port", type=int, help="instead of the profile's; 0 takes a free one")
    options = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s.%(msecs)03d %(name)s: %(message)s", datefmt="%H:%M:%S"
    )
    try:
        asyncio.run(run(options))
    except ZongjiError as error:
        print(f"zongji: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
