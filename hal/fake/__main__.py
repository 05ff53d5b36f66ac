"""The simulated outside world as a process of its own: one network, and one line's device on ptys.

python -m hal.fake gsm --at-link PATH --pcm-link PATH --control SOCKET [--sim-pin PIN] [--no-sim] [--model …]
python -m hal.fake v253 --port-link PATH --control SOCKET [--model …]
python -m hal.fake board --uart-link PATH --line-link PATH --handset-link PATH --control SOCKET
                   [--no-reversal]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator
from pathlib import Path

from hal.fake.analog import ExchangeHabits
from hal.fake.control_server import ControlServer
from hal.fake.coprocessor import FakeCoprocessor
from hal.fake.dialects import DIALECTS
from hal.fake.modem_on_ptys import ModemOnPtys
from hal.fake.sim_card import SimCard
from hal.fake.voice_modem import SPECIMENS
from hal.fake.voice_on_pty import VoiceModemOnPty
from hal.fake.world import World


@contextlib.asynccontextmanager
async def living(options: argparse.Namespace) -> AsyncIterator[World]:
    """Run the world that the command line asks for."""
    match options.kind:
        case "gsm":
            sim = SimCard(options.sim_pin, present=not options.no_sim)
            mobile = ModemOnPtys(options.at_link, options.pcm_link, sim, dialect=DIALECTS[options.model])
            mobile.start()
            try:
                yield mobile
            finally:
                mobile.stop()
        case "v253":
            voice = VoiceModemOnPty(options.port_link, SPECIMENS[options.model]())
            voice.start()
            try:
                yield voice
            finally:
                voice.stop()
        case _:
            habits = ExchangeHabits(turns_polarity=not options.no_reversal)
            audio = (options.line_link, options.handset_link)
            board = FakeCoprocessor(options.uart_link, audio=audio, habits=habits)
            await board.power_on()
            try:
                yield board
            finally:
                await board.power_off()


async def run(options: argparse.Namespace) -> None:
    """Run the world until SIGTERM or SIGINT."""
    for name, path in vars(options).items():
        if name.endswith(("_link", "control")):
            path.parent.mkdir(parents=True, exist_ok=True)
    enough = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, enough.set)
    async with living(options) as world:
        server = ControlServer(world, options.control)
        await server.start()
        # What was loaded so far lives as long as we do; a collection needn't look at it while audio runs.
        gc.freeze()
        try:
            await enough.wait()
        finally:
            await server.stop()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m hal.fake", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    gsm = kinds.add_parser("gsm", help="a GSM modem")
    gsm.add_argument("--at-link", type=Path, required=True, help="lasting name of the AT port")
    gsm.add_argument("--pcm-link", type=Path, required=True, help="lasting name of the PCM port")
    gsm.add_argument("--sim-pin", help="give the SIM card a PIN")
    gsm.add_argument("--model", choices=sorted(DIALECTS), default="sim7600", help="which modem to be")
    gsm.add_argument("--no-sim", action="store_true", help="leave the SIM card out")
    voice = kinds.add_parser("v253", help="a voice modem on an exchange line")
    voice.add_argument("--port-link", type=Path, required=True, help="lasting name of the port")
    voice.add_argument("--model", choices=sorted(SPECIMENS), default="cx93010", help="which modem to be")
    board = kinds.add_parser("board", help="the HAT: exchange line, handset, codec")
    board.add_argument("--uart-link", type=Path, required=True, help="lasting name of the UART")
    board.add_argument("--line-link", type=Path, required=True, help="lasting name of the line's audio")
    board.add_argument("--handset-link", type=Path, required=True, help="lasting name of the handset's audio")
    board.add_argument("--no-reversal", action="store_true", help="the exchange doesn't tell of the answer")
    for one in (gsm, voice, board):
        one.add_argument("--control", type=Path, required=True, help="Unix socket of the remote control")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
