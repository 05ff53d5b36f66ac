"""The simulated outside world as a process of its own: a mobile network and one modem on two ptys.

python -m hal.fake --at-link PATH --pcm-link PATH --control SOCKET [--sim-pin PIN] [--no-sim] [--model NAME]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
from pathlib import Path

from hal.fake.control_server import ControlServer
from hal.fake.dialects import DIALECTS
from hal.fake.modem_on_ptys import ModemOnPtys
from hal.fake.sim_card import SimCard


async def run(options: argparse.Namespace) -> None:
    """Run the world until SIGTERM or SIGINT."""
    for path in (options.at_link, options.pcm_link, options.control):
        path.parent.mkdir(parents=True, exist_ok=True)
    sim = SimCard(options.sim_pin, present=not options.no_sim)
    world = ModemOnPtys(options.at_link, options.pcm_link, sim, dialect=DIALECTS[options.model])
    server = ControlServer(world, options.control)
    enough = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, enough.set)
    world.start()
    await server.start()
    # What was loaded so far lives as long as we do; a collection needn't look at it while audio runs.
    gc.freeze()
    try:
        await enough.wait()
    finally:
        await server.stop()
        world.stop()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m hal.fake", description=__doc__)
    parser.add_argument("--at-link", type=Path, required=True, help="lasting name of the AT port")
    parser.add_argument("--pcm-link", type=Path, required=True, help="lasting name of the PCM port")
    parser.add_argument("--control", type=Path, required=True, help="Unix socket of the remote control")
    parser.add_argument("--sim-pin", help="give the SIM card a PIN")
    parser.add_argument("--model", choices=sorted(DIALECTS), default="sim7600", help="which modem to be")
    parser.add_argument("--no-sim", action="store_true", help="leave the SIM card out")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
