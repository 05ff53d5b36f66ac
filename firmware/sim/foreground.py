"""`./flash.sh sim`: everything running until Ctrl-C, with what a person needs to try it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

from firmware.control.client import ControlClient
from firmware.core.paths import StatePaths
from firmware.sim.simulation import Simulation
from firmware.sim.worlds import HANDSET, LINE, PROFILE


async def run_in_foreground(
    paths: StatePaths, sip_port: int, web_port: int, tell: Callable[[str], None], profile: Path = PROFILE
) -> int:
    """Run the simulation until Ctrl-C; return the exit status."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    began = time.monotonic()
    async with Simulation(paths, sip_port, lambda line: tell(f"  {line}"), web_port, profile) as simulation:
        await simulation.until_line_ready()
        tell(f"zongji 总机 is up after {time.monotonic() - began:.1f} s")
        await _explain(simulation, web_port, tell)
        await asked.wait()
        tell("ending …")
    tell("ended cleanly")
    return 0


async def _explain(simulation: Simulation, web_port: int, tell: Callable[[str], None]) -> None:
    paths = simulation.paths
    async with ControlClient(paths.control_socket) as switch:
        phones = await switch.phones()
        lines = [line.name for line in (await switch.status()).lines]
    tell("\nPhones: register any SIP phone or softphone on this computer with one of these accounts")
    for phone in phones:
        tell(f"  {phone.number}  server {phone.server}  password {phone.secret}  ({phone.name})")
    tell("\nCallers: in another terminal, ring the office from the simulated mobile network")
    tell("  .venv/bin/zongji sim call 13800138000 --to 101 --say 'Good morning' --hear heard.wav")
    others = [name for name in lines if name not in (LINE, HANDSET)]
    if others:
        tell(f"  Other lines: --line {', --line '.join(others)}")
    if HANDSET in lines:
        tell("  The analog handset: zongji sim handset lift, press 101, put-back")
    tell(f"\nPages: http://localhost:{web_port}/")
    tell("\nLooking: what became of it, and why")
    tell(f"  export ZONGJI_STATE={paths.root}")
    tell("  .venv/bin/zongji calls      .venv/bin/zongji call show ID      .venv/bin/zongji status")
    tell(f"\nSimulated: {', '.join(lines)}. State, recordings and logs: {paths.root}")
    tell("Ctrl-C ends it.")
